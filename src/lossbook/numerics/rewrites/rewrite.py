"""A rewrite as a named object, its proof, and the letters that patterns are written in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sympy import Add, Expr, Indexed, IndexedBase, Integer, Piecewise, Symbol

from ...calculus.prove import Evidence, prove_equal
from ...expr.hypotheses import Hypothesis
from ...expr.nodes import Max, Vec, bound_index
from ...expr.rebuild import rewrite_outermost
from ...notation import K
from ..nodes import ArgMax, plain
from . import match

# The letters of patterns: classes, vectors over the classes, numbers, a probability.
s = Symbol("s", integer=True, positive=True)
x, c = (IndexedBase(name, shape=(K,), real=True) for name in "xc")
u, r, a, b = (Symbol(name, real=True) for name in "urab")
p = Symbol("p", positive=True)

TINY = 1e-20  # far below the spacing of floating-point numbers near 1


@dataclass(frozen=True)
class Failure:
    """A point at which the pattern fails in floating point.

    at: the values of its letters; a vector by its components, an index from 1. where: letters that
    stand for an expression. limit: the letter that only tends to its value, 0 or 1.
    """

    at: dict[Expr, Any]
    where: dict[Expr, Expr] = field(default_factory=dict)
    limit: Symbol | None = None

    def text(self, letter: Expr) -> str:
        """The value of a letter at this point, as text."""
        value = self.at[letter]
        return (
            str(self.where[letter].xreplace({letter: Integer(value)}))
            if letter in self.where
            else str(value)
        )


@dataclass(frozen=True, eq=False)
class Rewrite:
    """One rewrite.

    find: recognises the pattern; see `match.py`. fails: points at which the pattern is wrong in
    float32 or float64. source: a key of the book's bibliography, for an idea that is not this
    book's.

    kind: "identity" if both sides are equal wherever both are defined. "limit" if the replacement
    also has a case for where the pattern is 0 / 0 or 0 times infinity, and gives the limit there.
    "guard" if they are equal wherever a divisor is not 0; where it is 0, the replacement divides by
    1.
    """

    name: str
    pattern: Expr
    replacement: Expr
    domain: str
    why: str
    find: Callable[[Expr, tuple[Hypothesis, ...]], match.Match | None]
    kind: str = "identity"
    source: str = ""
    fails: tuple[Failure, ...] = ()

    @cached_property
    def proof(self) -> Evidence:
        """The evidence that pattern and replacement are equal.

        For a limit or a guard it is about all points but those of the special case.
        """
        return Applied(self, self.pattern, self.replacement).evidence()

    def apply(self, expr: Expr, given: Iterable[Hypothesis] = ()) -> Expr | None:
        """The expression with the pattern replaced, or None where the pattern is not found."""
        match = self.find(expr, tuple(given))
        if match is None:
            return None
        return Add(*match.rest, instance(self.replacement, match.letters))


@dataclass(frozen=True)
class Applied:
    """One application of a rewrite: the expression before, and after."""

    rewrite: Rewrite
    before: Expr
    after: Expr

    def evidence(self, given: Iterable[Hypothesis] = ()) -> Evidence:
        """The evidence that before and after are equal, whichever class is taken as the largest.

        For a limit or a guard it is about all points but those of the special case. Raises
        `NotEqualError` where the sides differ.
        """
        before, after = at_any_class(self.before, self.after)
        if self.rewrite.kind != "identity":
            after = after.replace(lambda e: isinstance(e, Piecewise), lambda e: e.args[-1].expr)
        found = prove_equal(plain(before), plain(after), given=given)
        return found if found.proved or not self._is_instance() else replace(found, kind="proved")

    def _is_instance(self) -> bool:
        """Whether this is the proved rewrite with its letters replaced, and nothing else."""
        match = None if self.before is self.rewrite.pattern else self.rewrite.find(self.before, ())
        if match is None or not self.rewrite.proof.proved:
            return False
        before, after = (
            Add(*match.rest, instance(e, match.letters))
            for e in (self.rewrite.pattern, self.rewrite.replacement)
        )
        return after == self.after and prove_equal(plain(before), plain(self.before)).proved


def largest_classes(*exprs: Expr) -> dict[ArgMax, Symbol]:
    """A letter for each largest class, or class of a largest component, in the expressions."""
    found = {ArgMax(e.vec) for expr in exprs for e in expr.atoms(ArgMax, Max)}
    letters = (Symbol(f"s{n or ''}", integer=True, positive=True) for n in range(len(found)))
    return dict(
        zip(sorted(found, key=lambda e: (e.vec.base is None, str(e))), letters, strict=True)
    )


def at_any_class(*exprs: Expr) -> tuple[Expr, ...]:
    """The expressions with a letter in the place of each largest class.

    What can be proved about these holds for every class, so also for the largest.
    """
    letter = largest_classes(*exprs)

    def as_letter(e):
        if isinstance(e, ArgMax):
            return letter[e]
        return e.vec.at(letter[ArgMax(e.vec)]) if isinstance(e, Max) else None

    return tuple(rewrite_outermost(expr, as_letter) for expr in exprs)


def instance(template: Expr, letters: dict[Expr, Any]) -> Expr:
    """A pattern or a replacement with its letters replaced.

    Vectors are replaced by `Vec`s, indices and numbers by expressions.
    """
    vectors = {a: b for a, b in letters.items() if isinstance(a, IndexedBase)}
    others = {a: b for a, b in letters.items() if not isinstance(a, IndexedBase)}
    others[K] = next((vec.size for vec in vectors.values()), K)

    def visit(e: Expr, meaning: dict[Expr, Expr]) -> Expr:
        if e in meaning:
            return meaning[e]
        if isinstance(e, Indexed):
            vec, index = vectors[e.base], visit(e.indices[0], meaning)
            return Max(vec) if isinstance(index, ArgMax) and index == ArgMax(vec) else vec.at(index)
        if isinstance(e, Vec):
            fresh = bound_index()
            return Vec(visit(e.body, {**meaning, e.index: fresh}), fresh, visit(e.size, meaning))
        return e.func(*(visit(a, meaning) for a in e.args)) if e.args else e

    return visit(template, others)
