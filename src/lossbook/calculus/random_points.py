"""Random points at which two expressions are compared: values for everything free in them."""

from __future__ import annotations

import random
from collections.abc import Iterable

from sympy import Add, Expr, Indexed, IndexedBase, Rational, S, Symbol

from ..expr.hypotheses import Hypothesis, OneHot
from ..expr.indices import free_indices, index_ranges
from ..expr.nodes import Vec, bound_indices, nodes_of


def random_point(
    exprs: Iterable[Expr], given: Iterable[Hypothesis], rng: random.Random
) -> dict[Expr, object]:
    """Random values for everything free in `exprs`.

    Sizes are from 1 to 5, indices are in range, other names follow their assumptions and `given`.
    Values are short decimals, so that a counterexample can be read and typed.
    """
    exprs, given = list(exprs), tuple(given)
    combined = Add(*exprs, evaluate=False) if len(exprs) > 1 else exprs[0]
    vectors = {g.vector for g in given if hasattr(g, "vector")}
    bases = sorted({*nodes_of(combined, IndexedBase)} | vectors, key=str)
    point: dict[Expr, object] = {}
    indices = free_indices(combined)
    for g in given:
        if isinstance(g, OneHot):
            indices.setdefault(g.index, g.vector.shape[0])
    labels = {base.label for base in bases}
    bound = bound_indices(combined)
    sizes = {s for base in bases if base.shape for n in base.shape for s in n.free_symbols}
    sizes |= {s for v in nodes_of(combined, Vec) for s in v.size.free_symbols}
    for size in sorted(sizes, key=str):
        point[size] = rng.choice((3, 2, 4, 3, 2, 1, 3, 4, 5))

    def extent(size, default=2):
        return (
            default
            if size is None
            else int(size.xreplace({s: S(point[s]) for s in size.free_symbols}))
        )

    ranges = index_ranges(combined)
    for index in sorted(indices, key=str):
        if index not in bound and index not in sizes:
            point[index] = rng.randint(
                1, min(extent(n) for n in ranges.get(index) or [indices[index]])
            )
    symbols = {
        s
        for s in nodes_of(combined, Symbol)
        if s not in labels and s not in bound and s not in point
    }
    for symbol in sorted(symbols, key=str):
        point[symbol] = _integer(symbol, rng) if symbol.is_integer else _number(symbol, rng)

    def array(base, shape):
        return (
            [array(base, shape[1:]) for _ in range(shape[0])] if shape else _number(base.label, rng)
        )

    for base in bases:
        rank = max(
            (len(e.indices) for e in nodes_of(combined, Indexed) if e.base == base), default=1
        )
        point[base] = array(base, [extent(n, 5) for n in base.shape or (None,) * rank])
    for g in given:
        g.sample(point, rng)
    return point


def _integer(symbol: Expr, rng: random.Random) -> int:
    """A small integer that the symbol's assumptions allow."""
    names = ("positive", "negative", "nonnegative", "nonpositive", "even", "odd", "zero", "prime")
    assumed = {
        name: value for name in names if (value := getattr(symbol, f"is_{name}")) is not None
    }
    allowed = [
        n
        for n in range(-4, 5)
        if all(getattr(S(n), f"is_{name}") == v for name, v in assumed.items())
    ]
    return rng.choice(allowed)


def _number(symbol: Expr, rng: random.Random):
    """A short decimal in the domain that the symbol's assumptions state."""
    size = Rational(rng.randint(1, 3000), 1000)
    if symbol.is_positive or symbol.is_nonnegative:
        return size
    if symbol.is_negative:
        return -size
    return size if rng.random() < 0.5 else -size
