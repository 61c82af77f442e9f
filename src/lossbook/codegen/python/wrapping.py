"""Long statements, broken into lines that fit on a page, just as `ruff format` breaks them."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise

WIDTH = 76
OPERATORS = (r" (?=[=!<>]=? )", r" (?=[+-] )", r" (?=[*/] )", r" (?=\*\* )")  # loosest first


def wrapped(statement: str, indent: int = 4) -> list[str]:
    """The lines of an assignment or of a return.

    They are broken at the brackets that an expression has if it is one operand, or two of which
    the first or the last is a call or in parentheses. Others get parentheses around all of it.
    """
    margin, lines = " " * indent, _at_brackets(statement, indent)
    start = re.match(r"return |\w+ = ", statement)[0]
    text = statement.removeprefix(start)
    operands, bracketed = len(_operands(text)), text[0] == "(" or text[-1] == ")"
    fits = max(map(len, lines)) <= WIDTH
    if operands == 1 or (fits and (len(lines) == 1 or (operands == 2 and bracketed))):
        return lines
    return [f"{margin}{start}(", *_inside(text, indent + 4), f"{margin})"]


def _inside(text: str, indent: int) -> list[str]:
    """What stands in brackets: one line, or one for each argument, or for each operand."""
    arguments = _pieces(text, ", ")
    pieces = [f"{a}," for a in arguments] if len(arguments) > 1 else _operands(text)
    if indent + len(text) <= WIDTH or len(pieces) == 1:
        return _at_brackets(text, indent)
    return [line for piece in pieces for line in _inside(piece, indent)]


def _at_brackets(text: str, indent: int) -> list[str]:
    """An expression with lines for the contents of each bracket that does not fit."""
    margin = " " * indent
    first, *rest = _parts(text)
    lines = [margin + first]
    for contents, after in zip(rest[::2], rest[1::2], strict=True):
        if len(lines[-1] + contents + after) <= WIDTH:
            lines[-1] += contents + after
        else:
            lines += [*_inside(contents, indent + 4), margin + after]
    return lines


def _operands(text: str) -> list[str]:
    """The terms of a sum, or else the factors of a product, each with its sign in front."""
    return next((p for a in OPERATORS if len(p := _pieces(text, a)) > 1), [text])


def _pieces(text: str, place: str) -> list[str]:
    """The pieces of an expression between the places outside its brackets that match."""
    cuts = [m.span() for m in re.finditer(place, _masked(text))]
    return [text[a:b] for (_, a), (b, _) in pairwise([(0, 0), *cuts, (len(text), 0)])]


def _parts(text: str) -> list[str]:
    """By turns what is outside brackets, with the brackets themselves, and their contents."""
    cuts = [n for m in re.finditer("\0+", _masked(text)) for n in m.span()]
    return [text[a:b] for a, b in pairwise([0, *cuts, len(text)])]


def _masked(text: str) -> str:
    """An expression with the contents of its brackets made unrecognisable."""
    depths = accumulate(((c in "([") - (c in ")]") for c in text), initial=0)
    return "".join("\0" if all(d) else c for c, d in zip(text, pairwise(depths), strict=True))
