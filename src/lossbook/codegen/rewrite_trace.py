"""The way from the formula of a loss to its generated code: every rewrite on it, each step with its evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sympy import Expr, Symbol, exp

from ..calculus.prove import Evidence
from ..expr.nodes import Vec
from ..losses import Loss
from ..notation import g, v
from ..numerics.nodes import EACH, Grouped
from ..numerics.rewrite import Applied, Rewrite, at_any_class, largest_classes
from .functions import programs
from .inputs import code_name


@dataclass(frozen=True)
class Link:
    """One step: in the formula, `before` is computed as `after`."""

    rewrite: Rewrite
    before: Expr
    after: Expr
    evidence: Evidence


@dataclass(frozen=True)
class Chain:
    """formula: what is computed. links: the steps, in the order in which they are taken. largest: the letters that stand
    in them for the largest class of a vector.
    """

    formula: Expr
    links: tuple[Link, ...]
    largest: dict[Symbol, Vec]

    def by_rewrite(self) -> Iterator[tuple[Rewrite, list[Link]]]:
        """The steps of each rewrite, in the order in which they are first used."""
        for rewrite in dict.fromkeys(link.rewrite for link in self.links):
            yield rewrite, [link for link in self.links if link.rewrite is rewrite]


def chain(loss: Loss, function: str = "gradient") -> Chain:
    """The rewrites between the formula and the generated code of one function: "value", "gradient", "hvp"; of an
    activation "value", "vjp", "jvp", "vjp_vjp". Steps that differ in the name of a class or in sign are given once.

    Raises `ValueError` for another name, and `NotEqualError` if a step were false.
    """
    found = []
    for program in programs(loss):
        found.append(program.name)
        if program.name == function:
            break
    else:
        raise ValueError(
            f"chain({loss.name!r}, {function!r}): function must be one of {', '.join(found)}"
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
    applied = list(_distinct(applied, loss))
    sides = [side for a in applied for side in (a.before, a.after)]
    shown = iter([_opened(e) for e in at_any_class(*sides)])
    links = tuple(
        Link(a.rewrite, next(shown), next(shown), a.evidence(loss.given)) for a in applied
    )
    return Chain(
        program.formula.xreplace(letter),
        links,
        {s: top.vec for top, s in largest_classes(*sides).items()},
    )


def _distinct(applied: list[Applied], loss: Loss) -> Iterator[Applied]:
    """Without those that repeat another one for another class, or with the other sign."""
    seen = set()
    for a in applied:
        same = a.before.replace(
            lambda e: e.is_Symbol and e.is_integer and e.is_positive, lambda e: EACH
        )
        if (a.rewrite, same) not in seen:
            seen |= {(a.rewrite, same), (a.rewrite, -same)}
            yield a


def _opened(e: Expr) -> Expr:
    """An exponent needs no brackets."""
    return e.replace(
        lambda f: isinstance(f, exp) and isinstance(f.args[0], Grouped),
        lambda f: exp(f.args[0].args[0]),
    )
