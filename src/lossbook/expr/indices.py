"""How far the free indices of an expression run."""

from __future__ import annotations

from sympy import Expr, Indexed, KroneckerDelta, Symbol

from .nodes import Vec, bound_indices, nodes_of, softmax


def index_ranges(expr: Expr) -> dict[Expr, list[Expr]]:
    """The sizes that each free index, or number used as an index, runs to.

    They are those of the arrays that it indexes. For an index that stands in deltas only, they are
    the sizes of the indices it is compared with.
    """
    in_arrays: dict[Expr, list[Expr]] = {}
    in_deltas: dict[Expr, list[Expr]] = {}

    def note(where, index, size):
        for s in [index] if index.is_Integer and where is in_arrays else index.free_symbols:
            if size not in where.setdefault(s, []) and size is not None:
                where[s].append(size)

    def visit(e, bound):
        if isinstance(e, Indexed):
            shape = e.shape if e.base.shape is not None else (None,) * len(e.indices)
            for index, size in zip(e.indices, shape, strict=True):
                note(in_arrays, index, size)
        elif isinstance(e, KroneckerDelta):
            for a, b in (e.args, e.args[::-1]):
                size = bound.get(b)  # of no use if it depends on the index of another sum
                note(in_deltas, a, None if size is None or size.free_symbols & set(bound) else size)
        elif isinstance(e, Vec):
            visit(e.body, {**bound, e.index: e.size})
        else:
            if isinstance(e, softmax):
                note(in_arrays, e.index, e.vec.size)
            for a in e.args:
                visit(a, bound)

    visit(expr, {})
    bound = bound_indices(expr)
    return {
        s: in_arrays.get(s) or in_deltas.get(s, [])
        for s in {**in_deltas, **in_arrays}
        if s not in bound
    }


def free_indices(expr: Expr) -> dict[Symbol, Expr | None]:
    """The free indices of an expression, each with the size of its range, None if unknown."""
    ranges = {s: sizes for s, sizes in index_ranges(expr).items() if isinstance(s, Symbol)}
    partners = {frozenset(d.args) for d in nodes_of(expr, KroneckerDelta)}
    found = {s: sizes[0] if sizes else None for s, sizes in ranges.items()}
    for pair in partners:  # an index of unknown range runs as far as the one it is compared with
        for a in pair:
            if a in found and found[a] is None:
                found[a] = next((found[b] for b in pair - {a} if found.get(b) is not None), None)
    return found
