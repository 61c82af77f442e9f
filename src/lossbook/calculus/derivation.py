"""A derivation: lines of mathematics, each equal to the one before.

Each line says which rule gave it and how the equality was checked. A false line cannot be appended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sympy import Expr

from ..expr.hypotheses import Hypothesis
from ..expr.importing import import_sympy
from .html import derivation_html
from .latex import to_latex
from .prove import Counterexample, Evidence, NotEqualError, prove_equal
from .rules import Rule


@dataclass(frozen=True)
class Step:
    """One line: its expression, the rule that gave it, and the evidence that it equals the line before.

    The first line of a derivation has no evidence: it is what the derivation is about.
    """

    expr: Expr
    rule: str
    evidence: Evidence | None


class StepError(ValueError):
    """A line does not follow from the line before. Holds the refused `step`, the `before`, and a `counterexample`."""

    def __init__(self, step: Step, before: Expr, counterexample: Counterexample):
        self.step, self.before, self.counterexample = step, before, counterexample
        super().__init__(
            f"the step by {step.rule!r} is false: {before} is not equal to {step.expr}: {counterexample}"
        )


class Derivation:
    """A sequence of steps. Every step that is appended is checked against the one before it.

    start: the first line. given: the hypotheses that all steps may use, such as `Simplex(y)`.
    """

    def __init__(self, start, *, given: Iterable[Hypothesis] = ()):
        self.given = tuple(given)
        self._steps = [Step(import_sympy(start), "start", None)]

    def copy(self) -> Derivation:
        """The same lines, to be continued without changing this derivation."""
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
        """Whether every step is proved, none only checked numerically."""
        return all(evidence.proved for evidence in self._evidence)

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """Everything that some step relies on, once."""
        found = dict.fromkeys(h for evidence in self._evidence for h in evidence.hypotheses)
        return tuple(found)

    def append(self, expr, rule: str = "stated") -> Derivation:
        """Add a line. Raises `StepError` with a counterexample if it does not equal the line before."""
        expr = import_sympy(expr)
        try:
            evidence = prove_equal(self.result, expr, given=self.given)
        except NotEqualError as error:
            raise StepError(Step(expr, rule, None), self.result, error.counterexample) from None
        self._steps.append(Step(expr, rule, evidence))
        return self

    def apply(self, rule: Rule) -> bool:
        """Add the line that a rule makes of the last one. False if the rule changes nothing that can be seen."""
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
        """An aligned display, one line per step, with rule and evidence."""
        lines = [f"& {to_latex(self._steps[0].expr)}"]
        for s in self._steps[1:]:
            lines.append(rf"={{}}& {to_latex(s.expr)} && \text{{{s.rule}; {s.evidence}}}")
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def __str__(self) -> str:
        lines = [f"  {self._steps[0].expr}"]
        lines += [f"= {s.expr}    [{s.rule}; {s.evidence}]" for s in self._steps[1:]]
        return "\n".join(lines)

    # A notebook stores the repr. The default one holds an address, which changes with every run.
    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"

    def _repr_html_(self) -> str:
        return derivation_html(self)


def next_line(line: Expr, rule: Rule, given: tuple[Hypothesis, ...]) -> Expr | None:
    """What a rule makes of a line; None if it changes nothing that can be seen."""
    result = rule.apply(line, given)
    return None if result is None or to_latex(result) == to_latex(line) else result
