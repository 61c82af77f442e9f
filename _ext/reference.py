"""The API reference: backticks in docstrings, and links from the chapters.

In a docstring, `name` is a link where it names something that the reference documents, and plain
code elsewhere. In a chapter, the first mention of a public name in the prose and its first use in a
code cell lead to the reference.
"""

import ast
import inspect
import json
import re
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util.nodes import make_refnode

FOLDER = "reference/"
CODE = re.compile(r"(?<![`:\w])`([^`\n]+)`(?!`)")
MEMBERS = ("function", "class", "exception", "data")  # what a chapter can import by name
# A word such as `text` is linked only where a page imports it, and so is PyTorch's `log_softmax`.
DISTINCT = re.compile(r"\w+_\w+")
ELSEWHERE = ("log_softmax",)

CELL = re.compile(r'(?=<div class="cell )')
FOLDED = re.compile(r'<div class="[^"]*\btag_hide-(?:input|cell)\b')
SOURCE = re.compile(r'<div class="cell_input.*?</pre>', re.DOTALL)
TOKEN = re.compile(r'(?<!<span class="o">\.</span>)<span class="(?:n|nn|nc|nf)">([\w.]+)</span>')


# -- docstrings ------------------------------------------------------------------------------------


def mark_code(app, what, name, obj, options, lines):
    """Mark the code in a docstring: parameters as code, the rest by the role that may link it."""
    own = parameters(obj)

    def mark(found):
        return f"``{found[1]}``" if found[1] in own else f":api:`{found[1]}`"

    lines[:] = [line if line.lstrip().startswith(">>>") else CODE.sub(mark, line) for line in lines]


def parameters(obj):
    try:
        return inspect.signature(obj).parameters
    except (TypeError, ValueError):  # a module, a property, an exception
        return ()


def api_role(role, rawtext, text, lineno, inliner, options=None, content=()):
    """Code that becomes a link where the reference documents what it names."""
    env = inliner.document.settings.env
    node = addnodes.pending_xref(
        rawtext,
        nodes.literal(rawtext, text, classes=["py"]),
        refdomain="py",
        reftype="obj",
        reftarget=text.removesuffix("()"),
        optional=True,
        **{key: env.ref_context.get(key) for key in ("py:module", "py:class")},
    )
    return [node], []


def resolve_optional(app, env, node, contnode):
    """A name that is unique without its module, as a link; anything else as code."""
    if not node.get("optional"):
        return None
    objects = env.get_domain("py").objects
    full = unique(node["reftarget"], objects)
    if full is None:
        return contnode
    entry = objects[full]
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, full)


def unique(name, objects):
    """The full name of the one documented object whose name ends so, or None.

    A member needs its class before it.
    """
    found = [
        full
        for full, entry in objects.items()
        if not entry.aliased
        and (full == name or full.endswith(f".{name}"))
        and ("." in name or entry.objtype in MEMBERS)
    ]
    return found[0] if len(found) == 1 else None


# -- chapters --------------------------------------------------------------------------------------


def imports_of(sources):
    """What the names that some cells import stand for: `lossbook.losses` for `losses`."""
    found = {}
    for source in sources:
        try:
            tree = ast.parse(source)
        except SyntaxError:  # a cell of magics
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lossbook"):
                found[node.module] = node.module
                found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
            elif isinstance(node, ast.Import):
                found |= {a.name: a.name for a in node.names if a.name.startswith("lossbook")}
    return found


def documented(targets, objects):
    """Those of the imported names that the reference documents, without those of one letter."""
    return {name: full for name, full in targets.items() if full in objects and len(name) > 1}


def target_of(code, imported, objects):
    """The full name that a piece of code in the prose of a page stands for, or None."""
    name = code.removesuffix("()")
    if name in objects and "." in name:
        return name
    if name in imported:
        return imported[name]
    if not DISTINCT.fullmatch(name) or name in ELSEWHERE:
        return None
    found = [
        full
        for full, entry in objects.items()
        if full.endswith(f".{name}") and entry.objtype in MEMBERS and not entry.aliased
    ]
    return found[0] if len(found) == 1 else next((f for f in found if ".numpy." in f), None)


def link_code(body, imported, address):
    """The HTML of a page with a link at the first use of each imported name; open cells first."""
    cells = CELL.split(body)
    linked = set()

    def link(found):
        full = imported.get(found[1])
        if full is None or full in linked:
            return found[0]
        linked.add(full)
        return f'<a class="lb-api" href="{escape(address(full))}" title="{full}">{found[0]}</a>'

    for folded in (False, True):
        for n, cell in enumerate(cells):
            if cell.startswith('<div class="cell ') and bool(FOLDED.match(cell)) == folded:
                cells[n] = SOURCE.sub(lambda source: TOKEN.sub(link, source[0]), cell, count=1)
    return "".join(cells)


def page_imports(env, docname, objects):
    path = Path(env.doc2path(docname))
    if path.suffix != ".ipynb":
        return {}
    cells = json.loads(path.read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return documented(imports_of(sources), objects)


def is_chapter(app, docname):
    return app.builder.name == "html" and not docname.startswith(FOLDER)


def link_prose(app, doctree, docname):
    if not is_chapter(app, docname):
        return
    objects = app.env.get_domain("py").objects
    imported, linked = page_imports(app.env, docname, objects), set()
    for literal in list(doctree.findall(nodes.literal)):
        full = target_of(literal.astext(), imported, objects)
        if full is None or full in linked or not isinstance(literal.parent, nodes.paragraph):
            continue  # code in a heading, a table or a link stays as it is
        linked.add(full)
        entry = objects[full]
        reference = make_refnode(
            app.builder, docname, entry.docname, entry.node_id, literal.deepcopy(), full
        )
        literal.replace_self(reference)


def link_cells(app, pagename, templatename, context, doctree):
    if doctree is None or not is_chapter(app, pagename):
        return
    objects = app.env.get_domain("py").objects

    def address(full):
        entry = objects[full]
        return f"{app.builder.get_relative_uri(pagename, entry.docname)}#{entry.node_id}"

    context["body"] = link_code(context["body"], page_imports(app.env, pagename, objects), address)


def setup(app):
    app.add_role("api", api_role)
    app.connect("autodoc-process-docstring", mark_code, priority=600)  # once napoleon is done
    app.connect("missing-reference", resolve_optional)
    app.connect("doctree-resolved", link_prose)
    app.connect("html-page-context", link_cells, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
