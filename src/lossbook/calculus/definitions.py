"""Definitions written out and derivatives carried out at once: the start of the zero test.

Neither uses the rules that write a derivation (`rules.py`), so that the zero test stays an
independent check on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sympy import (
    Abs,
    Add,
    Expr,
    Indexed,
    Mul,
    Piecewise,
    Pow,
    S,
    Symbol,
    cosh,
    exp,
    log,
    sign,
    sinh,
    tanh,
)
from sympy import Max as PairMax
from sympy import Min as PairMin
from sympy.core.function import Application

from ..expr.dispatch import entry_for
from ..expr.nodes import Diff, Max, Sum
from ..expr.variables import coordinate, depends_on, switches_at_points

# A sum over a larger known number of classes stays a sum. Written out it would be slow.
MAX_EXPANDED_SIZE = 12


class Unsupported(Exception):
    """The zero test has no answer here; the numeric check decides alone."""


# -- definitions -----------------------------------------------------------------------------------


def _by_exponentials(e: Expr) -> Expr:
    return e.rewrite(exp)


def _absolute(e: Expr) -> Expr:
    x = e.args[0]
    return Piecewise((x, x >= 0), (-x, True)) if x.is_real else e


def _sign(e: Expr) -> Expr:
    x = e.args[0]
    return Piecewise((1, x > 0), (-1, x < 0), (0, True)) if x.is_real else e


def _pair(e: Expr) -> tuple[Expr, Expr]:
    """The first argument of a maximum or minimum and that of the others, a number last.

    With this order max(x, 0) and |x| split on the same condition.
    """
    first, rest = e.args[0], e.func(*e.args[1:])
    return (rest, first) if first.is_number else (first, rest)


def _larger(e: Expr) -> Expr:
    first, rest = _pair(e)
    return Piecewise((first, first >= rest), (rest, True))


def _smaller(e: Expr) -> Expr:
    first, rest = _pair(e)
    return Piecewise((rest, first >= rest), (first, True))


def _small_sum(e: Sum) -> Expr:
    large = e.vec.size.is_Integer and e.vec.size > MAX_EXPANDED_SIZE
    return e if large else e.unfold()


# Other nodes are written out by their own `unfold`.
DEFINITIONS: Mapping[type, Callable[[Expr], Expr]] = {
    Sum: _small_sum,
    tanh: _by_exponentials,
    sinh: _by_exponentials,
    cosh: _by_exponentials,
    Abs: _absolute,
    sign: _sign,
    PairMax: _larger,
    PairMin: _smaller,
}


def unfold(expr: Expr) -> Expr:
    """Every named function written out in exponentials, logarithms, sums and cases."""

    def has_definition(e):
        return type(e) in DEFINITIONS or hasattr(e, "unfold")

    def definition(e):
        known = DEFINITIONS.get(type(e))
        return e.unfold() if known is None else known(e)

    previous = None
    while previous != expr:
        previous = expr
        expr = expr.replace(has_definition, definition)
    return expr


# -- derivatives -----------------------------------------------------------------------------------


def _of_sum(e: Add, by: Expr) -> Expr:
    return Add(*(differentiate(a, by) for a in e.args))


def _of_product(e: Mul, by: Expr) -> Expr:
    return Add(
        *(Mul(*e.args[:n], differentiate(a, by), *e.args[n + 1 :]) for n, a in enumerate(e.args))
    )


def _of_exponential(e: Expr, by: Expr) -> Expr:
    return e * differentiate(e.args[0], by)


def _of_power(e: Pow, by: Expr) -> Expr:
    base, power = e.args
    by_base = power * base ** (power - 1) * differentiate(base, by)
    return by_base + e * log(base) * differentiate(power, by)


def _of_class_sum(e: Sum, by: Expr) -> Expr:
    return Sum(e.vec.map(lambda body: differentiate(body, by)))


def _of_derivative(e: Diff, by: Expr) -> Expr:
    return differentiate(differentiate(e.expr, e.by), by)


def _of_cases(e: Piecewise, by: Expr) -> Expr:
    if switches_at_points(e, by):
        raise Unsupported(f"the derivative of {e}, which has a value of its own at a point")
    return Piecewise(*((differentiate(value, by), c) for value, c in e.args))


def _of_largest(e: Max, by: Expr) -> Expr:
    raise Unsupported(f"the derivative of {e}")


def _of_function(e: Expr, by: Expr) -> Expr:
    return Add(*(e.fdiff(n) * differentiate(a, by) for n, a in enumerate(e.args, 1)))


DERIVATIVES: Mapping[type, Callable[[Expr, Expr], Expr]] = {
    Indexed: coordinate,
    Symbol: coordinate,
    Add: _of_sum,
    Mul: _of_product,
    exp: _of_exponential,
    Pow: _of_power,
    Sum: _of_class_sum,
    Diff: _of_derivative,
    Piecewise: _of_cases,
    Max: _of_largest,
    Application: _of_function,  # every other function, such as a sigmoid or a pairwise maximum
}


def differentiate(e: Expr, by: Expr) -> Expr:
    """The derivative with respect to a symbol or a component, all at once.

    Raises `Unsupported` where it has no rule.
    """
    if not depends_on(e, by):
        return S.Zero
    rule = entry_for(e, DERIVATIVES)
    if rule is None:
        raise Unsupported(f"the derivative of {type(e).__name__}")
    return rule(e, by)


def carry_out(e: Expr) -> Expr:
    """The expression with every derivative carried out, innermost first."""
    if not e.has(Diff):
        return e
    args = [carry_out(a) for a in e.args]
    return differentiate(*args) if isinstance(e, Diff) else e.func(*args)
