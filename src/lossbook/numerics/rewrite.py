"""A rewrite as a named object, and the letters that patterns are written in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sympy import Add, Expr, Indexed, IndexedBase, Symbol

from ..calculus.given import Given
from ..calculus.nodes import Max, Vec, bound_index
from . import find
from .forms import ArgMax

K = Symbol("K", integer=True, positive=True)
i, k, s = (Symbol(name, integer=True, positive=True) for name in "iks")
x, c, v = (IndexedBase(name, shape=(K,), real=True) for name in "xcv")
u, r, a, b = (Symbol(name, real=True) for name in "urab")
p = Symbol("p", positive=True)


@dataclass(frozen=True)
class Rewrite:
    """One rewrite. kind "identity": equal wherever both are defined; "limit": the replacement also says what holds in
    the limit, where the pattern is 0 times infinity. find: see `lossbook.numerics.find`. source: of a cutoff, if any.
    """

    name: str
    pattern: Expr
    replacement: Expr
    domain: str
    why: str
    find: Callable[[Expr, tuple[Given, ...]], find.Match | None]
    kind: str = "identity"

    def apply(self, expr: Expr, given: Iterable[Given] = ()) -> Expr | None:
        """The expression with the pattern replaced, or None where it does not show the pattern."""
        match = self.find(expr, tuple(given))
        if match is None:
            return None
        return Add(*match.rest, instance(self.replacement, match.letters))


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
