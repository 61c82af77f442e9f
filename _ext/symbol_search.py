"""Symbols are found by their names: each page is indexed by the symbols in its formulas."""

import re
import unicodedata
from functools import cache

from docutils import nodes
from docutils.utils.math import tex2unichar
from sphinx import addnodes
from sphinx.search.en import SearchEnglish
from sphinx.transforms import SphinxTransform
from sympy import IndexedBase, Symbol

from lossbook.notation import NOTATION, OPERATORS, anchor

PAGE = "chapters/notation"
RAW = re.compile(
    r"\\\((.+?)\\\)|\\\[(.+?)\\\]|\$(.+?)\$", re.DOTALL
)  # TeX within HTML that a cell gave out
COMMAND = re.compile(r"\\([A-Za-z]+)")
KINDS = (
    tex2unichar.mathalpha,
    tex2unichar.mathord,
    tex2unichar.mathop,
)  # letters, signs, sums; no brackets, no arrows


@cache
def command_names(command):
    """What a reader may call a TeX command: its name, its character, or the last word of its name.

    >>> sorted(command_names("partial"))
    ['differential', 'partial', '∂']
    """
    character = next((kind[command] for kind in KINDS if command in kind), None)
    if character is None:
        return frozenset()
    last = unicodedata.name(character[0], command).lower().split()[-1]
    return frozenset({command.removeprefix("var"), unicodedata.normalize("NFKC", character), last})


def entry_names(entry):
    """The names of an entry of the notation: in code, in TeX, and of what it abbreviates."""
    names = {word for c in COMMAND.findall(entry.latex) for word in command_names(c)}
    if not isinstance(entry.symbol, (Symbol, IndexedBase)):
        names |= set(
            re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(entry.symbol).__name__).lower().split()
        )
    return {
        name for name in names | {entry.code} if name and not (len(name) == 1 and name.isascii())
    }


LETTER = {e.latex[0]: set() for e in NOTATION if e.latex[0].isalpha()}
for _entry in NOTATION:
    if _entry.latex[0] in LETTER:
        LETTER[_entry.latex[0]] |= entry_names(_entry)
FREE = re.compile(rf"(?<![\\A-Za-z{{])([{''.join(LETTER)}])(?![A-Za-z])")


def formula_names(latex):
    """The names of all symbols in a formula.

    >>> sorted(formula_names(r"\\delta_{ij}"))
    ['delta', 'kronecker', 'δ']
    """
    names = {word for command in COMMAND.findall(latex) for word in command_names(command)}
    for entry in (*NOTATION, *OPERATORS):
        if entry.latex.startswith("\\") and re.search(
            re.escape(entry.latex.split("_")[0]) + r"(?![A-Za-z])", latex
        ):
            names |= entry_names(entry)
    return names.union(*(LETTER[letter] for letter in FREE.findall(latex)))


def formulas(doctree):
    for node in doctree.findall(lambda n: isinstance(n, (nodes.math, nodes.math_block))):
        yield node.astext()
    for node in doctree.findall(nodes.raw):
        if "html" in node.get("format", ""):
            yield from ("".join(found) for found in RAW.findall(node.astext()))


def add_keywords(app, doctree, docname):
    names = set().union(*map(formula_names, formulas(doctree)))
    if names:
        doctree.insert(0, nodes.meta(name="keywords", content=", ".join(sorted(names))))


class IndexNotation(SphinxTransform):
    """Entries of the index and the search that lead to the rows of the notation's table."""

    default_priority = 500

    def apply(self):
        if self.env.docname == PAGE:
            entries = [
                ("single", name, anchor(entry), "main", None)
                for entry in (*NOTATION, *OPERATORS)
                for name in sorted(entry_names(entry))
            ]
            self.document.insert(0, addnodes.index(entries=entries))


class SymbolSearch(SearchEnglish):
    """The English search, in which a mathematical sign counts as a word."""

    js_splitter_code = (
        r"var splitQuery = (query) => query.match("
        r"/[\p{Letter}\p{Number}_\p{Emoji_Presentation}]+|\p{Sm}/gu) ?? [];"
    )


def read_again(app, env, added, changed, removed):
    """The notation, in every build: an index that is updated forgets the entries of other pages."""
    return [PAGE]


def setup(app):
    app.add_search_language(SymbolSearch)
    app.add_transform(IndexNotation)
    app.connect("doctree-resolved", add_keywords)
    app.connect("env-get-outdated", read_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
