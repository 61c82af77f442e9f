"""Long statements, broken into lines that fit on a page in the style of Black."""

from __future__ import annotations

import re
from itertools import accumulate

WIDTH = 76
OPERATORS = (" (?=[=!<>]=? )", " (?=[+-] )", " (?=[*/] )")  # a sum is broken before its terms


def wrapped(statement: str, indent: int = 4) -> list[str]:
    """The lines of an assignment or of a return."""
    margin = " " * indent
    start = re.match(r"return |\w+ = ", statement)[0]
    text = statement.removeprefix(start)
    lines, operands = _at_brackets(statement, indent), len(_operands(text))
    fits = len(margin + statement) <= WIDTH
    if fits or operands == 1 or (operands == 2 and _is_short(lines)):
        return lines
    return [f"{margin}{start}(", *_inside(text, indent + 4), f"{margin})"]


def _is_short(lines: list[str]) -> bool:
    """Whether only the contents of the brackets at the end stand on a line of their own."""
    return len(lines) == 3 and lines[-1].strip() == ")"


def _at_brackets(text: str, indent: int) -> list[str]:
    """A piece of a statement; if it is long, the contents of its last brackets on their own."""
    margin, depths = " " * indent, _depths(text)
    closings = [n for n, c in enumerate(text) if c in ")]" and depths[n] == 0]
    openings = [n for n, c in enumerate(text) if c in "([" and depths[n] == 1]
    if len(margin + text) <= WIDTH or not openings:
        return [margin + text]
    fitting = (n for n, at in enumerate(openings) if indent + at < WIDTH)
    place = max(fitting, default=0)
    before, after = openings[place] + 1, closings[place]
    inside = _inside(text[before:after], indent + 4)
    return [margin + text[:before], *inside, margin + text[after:]]


def _inside(text: str, indent: int) -> list[str]:
    """What stands between brackets, on one line or on a line for each argument or operand."""
    if indent + len(text) <= WIDTH:
        return [" " * indent + text]
    pieces = [f"{piece}," for piece in _pieces(text, ", ")]
    if len(pieces) == 1:
        pieces = _operands(text)
    return [line for piece in pieces for line in _at_brackets(piece, indent)]


def _operands(text: str) -> list[str]:
    """The terms of a sum, or else the factors of a product, each with its sign in front."""
    return next((p for a in OPERATORS if len(p := _pieces(text, a)) > 1), [text])


def _pieces(text: str, place: str) -> list[str]:
    """The pieces of an expression between the places outside its brackets that match."""
    depths = _depths(text)
    cuts = [m.span() for m in re.finditer(place, text) if depths[m.start()] == 0]
    starts, ends = [0, *(b for _, b in cuts)], [*(a for a, _ in cuts), None]
    return [text[a:b] for a, b in zip(starts, ends, strict=True)]


def _depths(text: str) -> list[int]:
    """In how many brackets each character stands; an opening one counts, a closing one does not."""
    return list(accumulate((c in "([") - (c in ")]") for c in text))
