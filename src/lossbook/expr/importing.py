"""From SymPy's own sums and cases to the nodes of this calculus."""

from __future__ import annotations

from sympy import Eq, Expr, KroneckerDelta, Piecewise, S, sympify
from sympy import Sum as SympySum

from .nodes import Sum


def import_sympy(expr) -> Expr:
    """The same mathematics in this calculus.

    SymPy's sums become `Sum`, and cases on whether indices agree become deltas.
    """
    expr = import_sums(expr)

    def cases(e):
        result, rest = S.Zero, S.One
        for value, condition in e.args:
            delta = S.One if condition is S.true else KroneckerDelta(condition.lhs, condition.rhs)
            result += rest * delta * value
            rest *= 1 - delta
        return result

    def on_indices(e):
        return (
            isinstance(e, Piecewise)
            and e.args[-1].cond is S.true
            and all(
                c is S.true or (isinstance(c, Eq) and c.lhs.is_integer and c.rhs.is_integer)
                for _, c in e.args
            )
        )

    return expr.replace(on_indices, cases)


def import_sums(expr) -> Expr:
    """The expression with SymPy's sums as `Sum`, everything else unchanged."""
    return sympify(expr).replace(
        lambda e: isinstance(e, SympySum), lambda e: Sum(e.function, *e.limits)
    )
