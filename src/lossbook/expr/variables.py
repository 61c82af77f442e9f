"""How expressions depend on the variable of a derivative: a symbol, or a component such as z[j]."""

from __future__ import annotations

from sympy import Eq, Expr, Indexed, KroneckerDelta, Ne, Piecewise, S

from .nodes import nodes_of


def depends_on(expr: Expr, by: Expr) -> bool:
    """Whether `expr` mentions the variable `by` (for z[j]: any component of z)."""
    if isinstance(by, Indexed):
        return any(a.base == by.base for a in nodes_of(expr, Indexed))
    return expr.has(by)


def switches_at_points(cases: Piecewise, by: Expr) -> bool:
    """Whether a case holds only where the variable has one value.

    Then the derivative cannot be taken case by case.
    """
    return any(depends_on(c, by) and c.has(Eq, Ne) for _, c in cases.args if c is not S.true)


def coordinate(a: Expr, b: Expr) -> Expr:
    """The derivative of one coordinate by another.

    It is 1 or 0 for symbols, and a product of Kronecker deltas for components of the same vector.
    """
    if isinstance(a, Indexed) and isinstance(b, Indexed) and a.base == b.base:
        result = S.One
        for left, right in zip(a.indices, b.indices, strict=True):
            result *= KroneckerDelta(left, right)
        return result
    return S.One if a == b else S.Zero
