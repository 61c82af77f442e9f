"""A rewrite as a named object, and the letters that patterns are written in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sympy import Add, Expr, Indexed, IndexedBase, Integer, Piecewise, Symbol

from ..calculus.prove import Evidence, prove_equal
from ..expr.hypotheses import Hypothesis
from ..expr.nodes import Max, Vec, bound_index
from ..expr.rebuild import rewrite_outermost
from . import match
from .nodes import ArgMax, plain

K = Symbol("K", integer=True, positive=True)
i, j, k, s = (Symbol(name, integer=True, positive=True) for name in "ijks")
x, c, v = (IndexedBase(name, shape=(K,), real=True) for name in "xcv")
u, r, a, b = (Symbol(name, real=True) for name in "urab")
p = Symbol("p", positive=True)


@dataclass(frozen=True)
class Failure:
    """A point at which the pattern fails in floating point. at: what its letters are there; a vector by its components,
    an index from 1. where: letters that stand for an expression. limit: the letter that only tends to its value, 0 or 1.
    """

    at: dict[Expr, Any]
    where: dict[Expr, Expr] = field(default_factory=dict)
    limit: Symbol | None = None

    def text(self, letter: Expr) -> str:
        """What a letter is there, in words."""
        value = self.at[letter]
        return (
            str(self.where[letter].xreplace({letter: Integer(value)}))
            if letter in self.where
            else str(value)
        )


@dataclass(frozen=True, eq=False)
class Rewrite:
    """One rewrite. `find`: see `lossbook.numerics.match`. `fails`: where the pattern is wrong in float32 or in float64.
    `source`: a key of the book's bibliography, for an idea that is not this book's.

    kind "identity": equal wherever both are defined. "limit": equal there, and a case of its own says what holds where
    the pattern is 0 / 0 or 0 times infinity: the limit. "guard": equal wherever the divisor is not 0; there it is 1.
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
        """The evidence that pattern and replacement are equal; of a limit or a guard, away from its special case."""
        return Applied(self, self.pattern, self.replacement).evidence()

    def apply(self, expr: Expr, given: Iterable[Hypothesis] = ()) -> Expr | None:
        """The expression with the pattern replaced, or None where it does not show the pattern."""
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
        """The evidence that before and after are equal, whichever class is taken as the largest; of a limit or a guard,
        away from its special case. Raises `NotEqualError` where they are not.
        """
        before, after = at_any_class(self.before, self.after)
        if self.rewrite.kind != "identity":
            after = after.replace(lambda e: isinstance(e, Piecewise), lambda e: e.args[-1].expr)
        found = prove_equal(plain(before), plain(after), given=given)
        return found if found.proved or not self._is_instance() else replace(found, kind="proved")

    def _is_instance(self) -> bool:
        """Whether this is the proved rewrite with its letters replaced, and nothing else: then it is proved with it."""
        match = None if self.before is self.rewrite.pattern else self.rewrite.find(self.before, ())
        if match is None or not self.rewrite.proof.proved:
            return False
        before, after = (
            Add(*match.rest, instance(e, match.letters))
            for e in (self.rewrite.pattern, self.rewrite.replacement)
        )
        return after == self.after and prove_equal(plain(before), plain(self.before)).proved


def largest_classes(*exprs: Expr) -> dict[ArgMax, Symbol]:
    """A letter for the largest class of each vector whose largest class or component stands in the expressions."""
    found = {ArgMax(e.vec) for expr in exprs for e in expr.atoms(ArgMax, Max)}
    letters = (Symbol(f"s{n or ''}", integer=True, positive=True) for n in range(len(found)))
    return dict(
        zip(sorted(found, key=lambda e: (e.vec.base is None, str(e))), letters, strict=True)
    )


def at_any_class(*exprs: Expr) -> tuple[Expr, ...]:
    """The expressions with a letter in the place of each largest class: what is then true is true for every class."""
    letter = largest_classes(*exprs)

    def opened(e):
        if isinstance(e, ArgMax):
            return letter[e]
        return e.vec.at(letter[ArgMax(e.vec)]) if isinstance(e, Max) else None

    return tuple(rewrite_outermost(expr, opened) for expr in exprs)


def instance(template: Expr, letters: dict[Expr, Any]) -> Expr:
    """A template with its letters replaced: vectors by `Vec`s, indices and numbers by expressions."""
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
