"""Where a formula may go on in the next line: before a relation, a plus or a minus.

MathJax does not break lines. So a long formula is typeset in pieces, which wrap like words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

LONG = 28  # characters, roughly, that fit a line on a phone
SHORT = 8  # of the content of a bracket that is never broken
DELIMITER = r"(?![A-Za-z])\s*(?:\\[A-Za-z]+|\\.|.)"
TOKEN = re.compile(
    rf"\\left{DELIMITER}|\\right{DELIMITER}|\\(?:begin|end)\{{\w+\*?\}}|\\[A-Za-z]+|\\.|\S"
)
RELATIONS = frozenset({"=", r"\neq"})
SIGNS = frozenset({"+", "-"})
OPENING, CLOSING = frozenset("({["), frozenset(")}]")
# After one of these, or after an opening bracket, a minus belongs to what follows.
UNFINISHED = RELATIONS | SIGNS | {",", r"\,", r"\cdot", ""}

Pieces = list["str | Pieces"]


@dataclass
class _Bracket:
    """A bracket that is open, where its content begins, and the signs that stand right in it."""

    stretches: bool
    start: int
    signs: list[int] = field(default_factory=list)


def pieces(latex: str) -> Pieces:
    """A formula in pieces, between which a line may end.

    A piece that is a list has to be broken only if it is too long for a line by itself: a side of
    an equation into its terms, a term between the signs in its brackets.
    """
    if _length(latex) <= LONG:
        return [latex]
    return _nested(latex, _relations, _terms, _in_brackets)


def _nested(latex: str, cut, *finer) -> Pieces:
    parts = cut(latex)
    if not finer:
        return parts
    found = [_nested(part, *finer) for part in parts]
    return found[0] if len(found) == 1 else [p[0] if len(p) == 1 else p for p in found]


def _relations(latex: str) -> list[str]:
    return _cut(latex, RELATIONS)


def _terms(latex: str) -> list[str]:
    return _cut(latex, SIGNS)


def _cut(latex: str, signs: frozenset[str]) -> list[str]:
    """The parts of a formula, each but the first with its sign before it."""
    at = [place for place, sign, content in _signs(latex) if content is None and sign in signs]
    parts = [latex[a:b].strip() for a, b in zip([0, *at], [*at, None], strict=True)]
    return [part if n == 0 else "{}" + part for n, part in enumerate(parts)]


def _in_brackets(latex: str) -> list[str]:
    """A long term cut in its outermost brackets, whose two halves stay as high as their content."""
    if _length(latex) <= LONG:
        return [latex]
    parts, start, prefix = [], 0, ""
    for place, _, content in _signs(latex):
        if content is not None:
            strut = rf"\vphantom{{{content}}}"
            parts.append(prefix + latex[start:place].strip() + rf"{strut}\right.")
            start, prefix = place, rf"\left.{strut}{{}}"
    return [*parts, prefix + latex[start:]]


def _signs(latex: str) -> Iterator[tuple[int, str, str | None]]:
    """The signs before which a formula may be broken, in order.

    Each is a place, the sign, and the content of the bracket in which it stands, or None.
    """
    open_: list[_Bracket] = []
    before = ""
    for match in TOKEN.finditer(latex):
        token = match.group()
        if token.startswith((r"\left", r"\begin")) or token in OPENING:
            open_.append(_Bracket(token.startswith(r"\left"), match.end()))
            before = ""
            continue
        if token.startswith((r"\right", r"\end")) or token in CLOSING:
            closed = open_.pop()
            content = latex[closed.start : match.start()].strip()
            if closed.stretches and not open_ and _length(content) > SHORT:
                yield from ((place, latex[place], content) for place in closed.signs)
        elif token in RELATIONS | SIGNS and before not in UNFINISHED:
            if not open_:
                yield match.start(), token, None
            elif len(open_) == 1:
                open_[0].signs.append(match.start())
        # A line of a derivation begins with {}=, and nothing stands before that sign.
        before = "" if latex[: match.end()].strip() == "{}" else token


def _length(latex: str) -> int:
    """Roughly how many characters of the usual width a formula is long; rather too many."""
    bare = re.sub(r"\\(?:left|right|operatorname|frac)(?![A-Za-z])|\\,", "", latex)
    return len(re.sub(r"[{}^_\s]", "", re.sub(r"\\[A-Za-z]+", "x", bare)))
