"""The verdict on an answer: as text, as HTML for a page, and as JSON for a program."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import mpmath
from sympy import Expr

from ..calculus.html import MATH, with_math
from ..calculus.latex import to_latex
from ..calculus.markup import element
from ..calculus.prove import Counterexample, Evidence
from ..notation import text_of
from ..reading import ParseError, parse, text
from .mistakes import Mistake

KINDS = {
    "right": "Right",
    "wrong": "Not equal",
    "mistake": "A known mistake",
    "malformed": "Not a formula",
    "unknown": "Unknown symbol",
    "unfinished": "Not finished",
    "undecided": "Not decided",
}
PLAIN = {
    r"\alpha": "α",
    r"\beta": "β",
    r"\gamma": "γ",
    r"\delta": "δ",
    r"\sigma": "σ",
    r"\varepsilon": "ε",
    r"\tau": "τ",
    r"\partial": "∂",
    r"\sum": "Σ",
    r"\ne": "≠",
    r"\log": "log",
    r"\mathrm": "",
    r"\operatorname": "",
    r"\dots": "…",
    r"\pm": "±",
    r"\left": "",
    r"\right": "",
    r"\,": "",
}


def plain(message: str) -> str:
    """Return a message without LaTeX, for a terminal: formulas as they can be typed."""
    return MATH.sub(lambda match: _typed(match.group(1)), message)


def _typed(latex: str) -> str:
    try:
        return text(parse(latex))
    except ParseError:  # a relation, or a letter of one exercise only
        found = re.sub(r"\\frac\{([^{}]+)\}\{([^{}]+)\}", r"(\1) / (\2)", latex)
        found = re.sub(r"\\(?:[A-Za-z]+|,)", lambda m: PLAIN.get(m.group(), m.group()), found)
        return " ".join(re.sub(r"\{(\w+(?: \w+)?)\}", r"\1", found).split())


@dataclass(frozen=True)
class Verdict:
    """The verdict on an answer.

    Attributes:
        kind: "right", "wrong", "mistake", "malformed", "unknown", "unfinished" or "undecided".
        message: What to tell the reader, formulas between dollar signs.
        expr: The answer as it was read, or None.
        evidence: The evidence for a right answer, or for one that numbers alone support.
        counterexample: Values at which the answer (its `right`) differs from the right one (its
            `left`).
        mistake: The known mistake, if it is one.
        error: Where the text cannot be read.

    Raises:
        ValueError: `kind` is unknown.
    """

    kind: str
    message: str
    expr: Expr | None = None
    evidence: Evidence | None = None
    counterexample: Counterexample | None = None
    mistake: Mistake | None = None
    error: ParseError | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"Verdict: kind must be one of {', '.join(KINDS)}, got {self.kind!r}")

    @property
    def right(self) -> bool:
        """Whether the answer is proved to be right."""
        return self.kind == "right"

    def __str__(self) -> str:
        lines = [f"{KINDS[self.kind]}. {plain(self.message)}"]
        if self.error is not None:
            lines.append(self.error_at())
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [
            element("p", element("strong", f"{KINDS[self.kind]}."), " ", with_math(self.message))
        ]
        if self.error is not None:
            parts.append(element("pre", self.error_at()))
        return element("div", *parts, class_=f"lb-verdict lb-{self.kind}")

    def error_at(self) -> str:
        """The text of the answer with a mark where reading it failed."""
        return "\n".join(str(self.error).split("\n")[1:])

    def _repr_latex_(self) -> str | None:
        return None if self.expr is None else f"$\\displaystyle {to_latex(self.expr)}$"

    def to_json(self) -> dict[str, Any]:
        """The verdict in plain types, for a page in a browser and for files."""
        point = self.counterexample
        return {
            "kind": self.kind,
            "title": KINDS[self.kind],
            "message": plain(self.message),
            "html": self._repr_html_(),
            "latex": None if self.expr is None else to_latex(self.expr),
            "text": None if self.expr is None else text(self.expr),
            "evidence": None if self.evidence is None else str(self.evidence),
            "mistake": None if self.mistake is None else self.mistake.name,
            "column": None if self.error is None else self.error.column,
            "counterexample": None
            if point is None
            else {
                "values": {
                    text_of(name): shown(value)
                    for name, value in sorted(point.values.items(), key=str)
                },
                "expected": mpmath.nstr(point.left, 12),
                "answer": mpmath.nstr(point.right, 12),
            },
        }


def shown(value: Any) -> object:
    """Return a value of a counterexample in plain types: numbers as short text."""
    if isinstance(value, list):
        return [shown(v) for v in value]
    return value if isinstance(value, int) else mpmath.nstr(mpmath.mpf(value.p) / value.q, 6)


def at_point(point: Counterexample) -> str:
    """Return where two sides differ, in words: "At K = 2, z = (1, 2)"."""
    return "A" + str(point).split(": left")[0][1:]
