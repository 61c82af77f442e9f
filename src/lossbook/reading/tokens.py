"""From characters to tokens. Characters that are not listed here are refused, with their column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import NamedTuple

MAX_LENGTH = 4000
MAX_DIGITS = 12
WINDOW = 60  # characters of a long text that an error shows on either side


class ParseError(ValueError):
    """A text is not a formula.

    Attributes:
        reason: Why the text cannot be read.
        text: The text.
        column: The position of the fault, counted from 1.
    """

    def __init__(self, reason: str, text: str, position: int):
        self.reason, self.text, self.column = reason, text, position + 1
        start = max(0, position - WINDOW)
        shown = "".join(c if c.isprintable() else " " for c in text[start : position + WINDOW])
        super().__init__(
            f"column {self.column}: {reason}\n    {shown}\n    {' ' * (position - start)}^"
        )


class UnknownNameError(ParseError):
    """A formula uses a name that has no meaning here.

    Attributes:
        name: The unknown name.
    """

    def __init__(self, reason: str, text: str, position: int, name: str):
        super().__init__(reason, text, position)
        self.name = name


class Token(NamedTuple):
    """A piece of text.

    kind: "number", "name", "op" or "end". text: what it stands for, not always what was typed.
    """

    kind: str
    text: str
    start: int


GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "ϵ": "epsilon",
    "σ": "sigma",
    "τ": "tau",
    "λ": "lambda",
    "Σ": "sum",
    "∑": "sum",
}
SIGNS = {"−": "-", "·": "*", "×": "*", "⋅": "*", "∂": "∂", "≠": "!=", "**": "^", "==": "="}
SUPERSCRIPTS = {"²": "2", "³": "3"}
# Commands that mean the same as the name without the backslash.
NAMED_COMMANDS = "alpha beta gamma delta sigma tau lambda log ln exp sqrt sum max tanh".split()
COMMANDS = {
    **{name: ("name", name) for name in NAMED_COMMANDS},
    "epsilon": ("name", "epsilon"),
    "varepsilon": ("name", "epsilon"),
    "frac": ("name", "frac"),
    "dfrac": ("name", "frac"),
    "tfrac": ("name", "frac"),
    "cdot": ("op", "*"),
    "times": ("op", "*"),
    "partial": ("op", "∂"),
    "ne": ("op", "!="),
    "neq": ("op", "!="),
}
SPACING = set(
    "left right big bigl bigr Big Bigl Bigr bigg biggl biggr quad qquad displaystyle limits".split()
)

PATTERN = re.compile(
    r"""
    (?P<space>[ \t\r\n~]+ | \\[,;:!\ ])
  | (?P<number>[0-9]+(?:\.[0-9]+)? | \.[0-9]+)
  | \\(?:operatorname|mathrm|mathbf|mathbb|text)\*?\{\s*(?P<upright>[A-Za-z]+|1)\s*\}
  | \\(?P<command>[A-Za-z]+)
  | (?P<name>[A-Za-z]+(?:[0-9]+)?)
  | (?P<op>\*\*|==|!=|[-+*/^_=()\[\]{},])
  | (?P<greek>[αβγδεϵστλΣ∑])
  | (?P<sign>[−·×⋅∂≠])
  | (?P<superscript>[²³])
    """,
    re.VERBOSE,
)
SCIENTIFIC = re.compile(r"[0-9.]+[eE][-+]?[0-9]")


def tokens(text: str) -> list[Token]:
    """The tokens of a text, with an end token last. Raises `ParseError` at an unknown character."""
    if not isinstance(text, str):
        raise TypeError(f"expected a formula as text, got {type(text).__name__}: {text!r}")
    if len(text) > MAX_LENGTH:
        raise ParseError(f"{len(text)} characters are more than {MAX_LENGTH}", text, MAX_LENGTH)
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = PATTERN.match(text, position)
        if match is None:
            raise ParseError(_unknown(text[position]), text, position)
        kind = match.lastgroup or ""
        found += READERS[kind](match.group(kind), text, position)
        position = match.end()
    return [*found, Token("end", "", len(text))]


# -- one function for each group of `PATTERN` ------------------------------------------------------


def _space(piece: str, text: str, at: int) -> list[Token]:
    return []


def _number(piece: str, text: str, at: int) -> list[Token]:
    if SCIENTIFIC.match(text, at):
        raise ParseError("write 0.001 or 10^(-3): an e beside a number is the number e", text, at)
    if any(len(part) > MAX_DIGITS for part in piece.split(".")):
        raise ParseError(f"a number of more than {MAX_DIGITS} digits", text, at)
    return [Token("number", piece, at)]


def _upright(piece: str, text: str, at: int) -> list[Token]:
    return [Token("number" if piece == "1" else "name", piece, at)]


def _command(piece: str, text: str, at: int) -> list[Token]:
    if piece in SPACING:
        return []
    if piece not in COMMANDS:
        raise ParseError(f"the command \\{piece} is not known here", text, at)
    return [Token(*COMMANDS[piece], at)]


def _name(piece: str, text: str, at: int) -> list[Token]:
    return [Token("name", GREEK.get(piece, piece), at)]


def _sign(piece: str, text: str, at: int) -> list[Token]:
    return [Token("op", SIGNS.get(piece, piece), at)]


def _superscript(piece: str, text: str, at: int) -> list[Token]:
    if text[at + 1 : at + 2] in SUPERSCRIPTS:
        raise ParseError("write higher powers with ^", text, at + 1)
    return [Token("op", "^", at), Token("number", SUPERSCRIPTS[piece], at)]


READERS: Mapping[str, Callable[[str, str, int], list[Token]]] = {
    "space": _space,
    "number": _number,
    "upright": _upright,
    "command": _command,
    "name": _name,
    "op": _sign,
    "greek": _name,
    "sign": _sign,
    "superscript": _superscript,
}


def _unknown(character: str) -> str:
    name = unicodedata.name(character, "")
    if character.isascii() and character.isprintable():
        return f"the character {character!r} has no meaning here"
    if "LETTER" in name:
        return (
            f"the letter {character!r} ({name}) is none of the book's, though it may look like one"
        )
    return f"the character U+{ord(character):04X} {f'({name}) ' if name else ''}has no meaning here"
