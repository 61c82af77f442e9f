"""Judging a derivation: each line against the line before, up to the first that does not follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sympy import Expr

from ..calculus.html import inline_math, with_math
from ..calculus.latex import to_latex
from ..calculus.markup import Markup, element
from ..expr.hypotheses import Hypothesis
from ..expr.importing import import_sympy
from ..expr.nodes import Diff
from ..reading import Letters, ParseError, parse_chain
from .judging import judge_expr, unparsed
from .mistakes import Mistake, common_mistakes
from .verdict import KINDS, Verdict, plain

MAX_LINES = 40


@dataclass(frozen=True)
class StepsVerdict:
    """The verdict on a derivation.

    Attributes:
        kind: "right" if every line follows and the last is the goal, "unfinished" if every line
            follows, "undecided" if a line is only checked; or else the kind of the first line that
            does not follow.
        message: What to tell the reader.
        lines: The verdicts on the lines, up to the first that does not follow.
        line: The number of that line, counted from 1, or None.
    """

    kind: str
    message: str
    lines: tuple[Verdict, ...]
    line: int | None = None

    @property
    def right(self) -> bool:
        """Whether every line is proved to follow, and the last one is the goal."""
        return self.kind == "right"

    def __str__(self) -> str:
        rows = [f"{n}. {KINDS[v.kind]}" for n, v in enumerate(self.lines, 1)]
        if self.line is not None and self.lines[-1].error is not None:
            rows.append(self.lines[-1].error_at())
        return "\n".join([*rows, plain(self.message)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = element("ol", *(self._row(verdict) for verdict in self.lines))
        message = element("p", with_math(self.message))
        return element("div", rows, message, class_=f"lb-verdict lb-{self.kind}")

    @staticmethod
    def _row(verdict: Verdict) -> Markup:
        formula = None if verdict.expr is None else inline_math(to_latex(verdict.expr))
        if verdict.error is not None:
            formula = element("pre", verdict.error_at())
        mark = str(verdict.evidence) if verdict.evidence else KINDS[verdict.kind]
        shown = element("span", mark, class_="lb-evidence")
        return element("li", formula, " ", shown, class_=f"lb-{verdict.kind}")

    def to_json(self) -> dict[str, Any]:
        """Return the verdict in plain types."""
        return {
            "kind": self.kind,
            "message": plain(self.message),
            "html": self._repr_html_(),
            "line": self.line,
            "lines": [v.to_json() for v in self.lines],
        }


def judge_steps(
    lines: str | Iterable[str | Expr],
    *,
    start: Expr | None = None,
    goal: Expr | None = None,
    given: Iterable[Hypothesis] = (),
    mistakes: Iterable[Mistake] = (),
    letters: Letters = (),
    without: tuple[type, ...] = (Diff,),
) -> StepsVerdict:
    """Find the first line of a derivation that does not equal the line before, and say why.

    Args:
        lines: One text, or texts and expressions, one per line. A text may be `= b` or `a = b = c`.
        start: What the first line must equal. Without it, the derivation starts at its first line.
        goal: What the last line must equal.
        given: Hypotheses that every line may use.
        mistakes: Known wrong results.
        letters: Symbols beyond the notation that the lines may use, as for `parse`.
        without: Kinds of nodes that the last line must not contain, such as a derivative.

    Returns:
        The verdict, with a verdict on each line.

    Raises:
        ValueError: There are more than 40 lines.

    Example:
        >>> judge_steps(["(p_j - 1)^2", "p_j^2 - 1"]).line
        2
    """
    lines = [
        line
        for line in (lines.splitlines() if isinstance(lines, str) else lines)
        if not _blank(line)
    ]
    given, mistakes = tuple(given), tuple(mistakes)
    if not lines:
        return StepsVerdict("unfinished", "There is no line yet.", ())
    if len(lines) > MAX_LINES:
        raise ValueError(f"judge_steps: {len(lines)} lines are more than {MAX_LINES}")
    before = None if start is None else import_sympy(start)
    verdicts: list[Verdict] = []
    for number, line in enumerate(lines, 1):
        sides = ("this line", "the line before" if number > 1 else "what is asked for")
        verdict, before = _line(line, before, given, mistakes, letters, sides)
        verdicts.append(verdict)
        if verdict.kind != "right" and verdict.evidence is None:
            return StepsVerdict(
                verdict.kind, f"Line {number}: {_why(verdict, number)}", tuple(verdicts), number
            )
    return _end(verdicts, before, goal, given, without)


def _blank(line: str | Expr) -> bool:
    return isinstance(line, str) and not line.strip()


def _line(
    line: str | Expr,
    before: Expr | None,
    given: tuple[Hypothesis, ...],
    mistakes: tuple[Mistake, ...],
    letters: Letters,
    sides: tuple[str, str],
) -> tuple[Verdict, Expr | None]:
    """The verdict on a line, and its last expression."""
    try:
        parts = parse_chain(line, letters) if isinstance(line, str) else [import_sympy(line)]
    except ParseError as error:
        return unparsed(error, before, given), None
    verdict = Verdict("right", "This is where you start.", parts[0])
    for expr in parts:
        if before is not None:
            known = (*mistakes, *common_mistakes(before, before))
            verdict = judge_expr(expr, before, given=given, mistakes=known, without=(), sides=sides)
            if verdict.kind != "right" and verdict.evidence is None:
                break
        before = expr
        sides = ("this expression", "the one before") if len(parts) > 1 else sides
    return verdict, before


def _why(verdict: Verdict, number: int) -> str:
    if verdict.kind not in ("wrong", "mistake"):
        return verdict.message
    follows = (
        "it does not follow from the line before"
        if number > 1
        else "it does not equal what is asked for"
    )
    return f"{follows}. {verdict.message}"


def _end(
    verdicts: list[Verdict],
    last: Expr,
    goal: Expr | None,
    given: tuple[Hypothesis, ...],
    without: tuple[type, ...],
) -> StepsVerdict:
    proved = all(v.kind == "right" for v in verdicts)
    checked = "Every line follows" + ("." if proved else ", but not every one was proved.")
    if Diff in without and last.has(Diff):
        return StepsVerdict(
            "unfinished", f"{checked} There is still a derivative to carry out.", tuple(verdicts)
        )
    if goal is not None and judge_expr(last, goal, given=given, without=without).kind not in (
        "right",
        "undecided",
    ):
        return StepsVerdict(
            "unfinished", f"{checked} The last line is not yet what is asked for.", tuple(verdicts)
        )
    kind = "right" if proved else "undecided"
    return StepsVerdict(
        kind,
        checked if goal is None else f"{checked} The last line is the answer.",
        tuple(verdicts),
    )
