"""From the formula of a loss to its generated code: every rewrite, with the evidence for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sympy import Expr, Symbol, exp

from ..calculus.prove import Evidence
from ..expr.nodes import Vec
from ..losses import Loss
from ..notation import code_name, g, v
from ..numerics.nodes import EACH, Grouped
from ..numerics.rewrites import Applied, Rewrite
from ..numerics.rewrites.rewrite import at_any_class, largest_classes
from .functions import programs


@dataclass(frozen=True)
class RewriteStep:
    """One step: the code computes `after` where the formula has `before`."""

    rewrite: Rewrite
    before: Expr
    after: Expr
    evidence: Evidence


@dataclass(frozen=True)
class RewriteTrace:
    """The formula of a generated function and the rewrites that led to its code.

    steps: in the order in which they are taken. largest: which letter stands in them for the
    largest class of which vector.
    """

    formula: Expr
    steps: tuple[RewriteStep, ...]
    largest: dict[Symbol, Vec]

    def by_rewrite(self) -> Iterator[tuple[Rewrite, list[RewriteStep]]]:
        """The steps of each rewrite, in the order in which the rewrites are first used."""
        for rewrite in dict.fromkeys(step.rewrite for step in self.steps):
            yield rewrite, [step for step in self.steps if step.rewrite is rewrite]


def rewrite_trace(loss: Loss, function: str = "gradient") -> RewriteTrace:
    """The rewrites between the formula and the generated code of one function.

    function: "value", "gradient" or "hvp"; of an activation "value", "vjp", "jvp" or "vjp_vjp".
    Steps that differ only in the name of a class or in sign are given once. Raises `ValueError` for
    another function, and `NotEqualError` if a step is false.
    """
    found = []
    for program in programs(loss):
        found.append(program.name)
        if program.name == function:
            break
    else:
        raise ValueError(
            f"rewrite_trace({loss.name!r}, {function!r}): "
            f"function must be one of {', '.join(found)}"
        )
    letter = (
        {EACH: program.index}
        if program.index
        else {Symbol(code_name(a), real=True): Symbol(a.name) for a in (g, v)}
    )
    applied = [
        Applied(a.rewrite, a.before.xreplace(letter), a.after.xreplace(letter))
        for a in program.applied
    ]
    applied = list(_distinct(applied))
    sides = [side for a in applied for side in (a.before, a.after)]
    shown = iter([_without_brackets(e) for e in at_any_class(*sides)])
    steps = tuple(
        RewriteStep(a.rewrite, next(shown), next(shown), a.evidence(loss.given)) for a in applied
    )
    return RewriteTrace(
        program.formula.xreplace(letter),
        steps,
        {s: top.vec for top, s in largest_classes(*sides).items()},
    )


def _distinct(applied: list[Applied]) -> Iterator[Applied]:
    """The applications, without those that repeat one for another class or with the other sign."""
    seen = set()
    for a in applied:
        same = a.before.replace(
            lambda e: e.is_Symbol and e.is_integer and e.is_positive, lambda e: EACH
        )
        if (a.rewrite, same) not in seen:
            seen |= {(a.rewrite, same), (a.rewrite, -same)}
            yield a


def _without_brackets(e: Expr) -> Expr:
    """The expression with no brackets around exponents, which need none."""
    return e.replace(
        lambda f: isinstance(f, exp) and isinstance(f.args[0], Grouped),
        lambda f: exp(f.args[0].args[0]),
    )
