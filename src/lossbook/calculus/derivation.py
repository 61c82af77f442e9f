"""A derivation: lines of mathematics, each equal to the one before, with rule and evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sympy import Expr

from ..expr.hypotheses import Hypothesis
from ..expr.importing import import_sympy
from .html import NOTHING_DERIVED, derivation_html
from .latex import latex_together, to_latex
from .prove import Counterexample, Evidence, NotEqualError, prove_equal
from .rules import Rule


@dataclass(frozen=True)
class Step:
    """One line of a derivation.

    Attributes:
        expr: The line.
        rule: The name of the rule that gave it.
        evidence: Why it equals the line before; None for the first line.
    """

    expr: Expr
    rule: str
    evidence: Evidence | None


class StepError(ValueError):
    """A line does not equal the line before.

    Attributes:
        step: The refused line.
        before: The line before it.
        counterexample: Values at which the two differ.
    """

    def __init__(self, step: Step, before: Expr, counterexample: Counterexample):
        self.step, self.before, self.counterexample = step, before, counterexample
        super().__init__(
            f"the step by {step.rule!r} is false: "
            f"{before} is not equal to {step.expr}: {counterexample}"
        )


class Derivation:
    """A sequence of lines. Each line that is appended is checked against the line before it.

    Args:
        start: The first line: an expression of the calculus, or a SymPy expression.
        given: The hypotheses that all lines may use, such as `Simplex(y)`.

    Example:
        >>> from lossbook.notation import y, j
        >>> d = Derivation((y[j] + 1) ** 2)
        >>> d.append(y[j] ** 2 + 2 * y[j] + 1, "expand").proved
        True
        >>> len(d)
        2
    """

    def __init__(self, start: Expr | int, *, given: Iterable[Hypothesis] = ()):
        self.given = tuple(given)
        self._steps = [Step(import_sympy(start), "start", None)]

    def copy(self) -> Derivation:
        """Return a derivation with the same lines. Continuing it leaves this one as it is."""
        twin = Derivation(self._steps[0].expr, given=self.given)
        twin._steps = list(self._steps)
        return twin

    @property
    def steps(self) -> tuple[Step, ...]:
        """All lines, the first included."""
        return tuple(self._steps)

    @property
    def result(self) -> Expr:
        """The last line."""
        return self._steps[-1].expr

    @property
    def _evidence(self) -> list[Evidence]:
        """The evidence of all lines but the first, which needs none."""
        return [s.evidence for s in self._steps if s.evidence is not None]

    @property
    def proved(self) -> bool:
        """Whether every step is proved, none only checked numerically.

        False without a step: one line alone claims nothing.
        """
        return bool(self._evidence) and all(evidence.proved for evidence in self._evidence)

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """Everything that some step relies on, once."""
        found = dict.fromkeys(h for evidence in self._evidence for h in evidence.hypotheses)
        return tuple(found)

    def append(self, expr: Expr | int, rule: str = "stated") -> Derivation:
        """Add a line, and check that it equals the line before.

        Args:
            expr: The line.
            rule: What to call the step.

        Returns:
            This derivation.

        Raises:
            StepError: The line does not equal the line before. The error holds a counterexample.
            ValueError: Neither a proof nor a point at which both lines are defined was found.
        """
        expr = import_sympy(expr)
        try:
            evidence = prove_equal(self.result, expr, given=self.given)
        except NotEqualError as error:
            raise StepError(Step(expr, rule, None), self.result, error.counterexample) from None
        self._steps.append(Step(expr, rule, evidence))
        return self

    def apply(self, rule: Rule) -> bool:
        """Add the line that a rule makes of the last one.

        Args:
            rule: The rule.

        Returns:
            Whether a line was added; not if the rule changes nothing that can be seen.

        Raises:
            StepError: The rule is wrong: its line does not equal the line before.
        """
        line = next_line(self.result, rule, self.given)
        if line is None:
            return False
        self.append(line, rule.name)
        return True

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, n: int) -> Step:
        return self._steps[n]

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    def to_latex(self) -> str:
        """Return an aligned display, one line per step, with rule and evidence.

        Raises:
            ValueError: Two different symbols of the derivation are printed with one letter.
        """
        first, *printed = latex_together(*(s.expr for s in self._steps))
        lines = [f"& {first}" if printed else rf"& {first} && \text{{{NOTHING_DERIVED}}}"]
        for s, latex in zip(self._steps[1:], printed, strict=True):
            lines.append(rf"={{}}& {latex} && \text{{{s.rule}; {s.evidence}}}")
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def __str__(self) -> str:
        lines = [f"  {self._steps[0].expr}"]
        if len(self) == 1:
            lines[0] += f"    [{NOTHING_DERIVED}]"
        lines += [f"= {s.expr}    [{s.rule}; {s.evidence}]" for s in self._steps[1:]]
        return "\n".join(lines)

    # A notebook stores the repr. The default one holds an address, which changes with every run.
    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"

    def _repr_html_(self) -> str:
        return derivation_html(self)


def next_line(line: Expr, rule: Rule, given: tuple[Hypothesis, ...]) -> Expr | None:
    """Return what a rule makes of a line, or None if it changes nothing that can be seen."""
    result = rule.apply(line, given)
    return None if result is None or to_latex(result) == to_latex(line) else result
