"""The value of an expression at a point, computed by mpmath to as many digits as are asked for.

Everything is computed from its definition: sums by adding, softmax by exponentials, derivatives by
central differences at a working precision so high that the difference quotient is right to far more
digits than are reported. Nothing here is shared with the rewriting of the prover or with the code
generators, so a value from this file is independent evidence about both.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import mpmath
from sympy import (
    Abs,
    Add,
    And,
    Expr,
    Indexed,
    KroneckerDelta,
    Mul,
    Not,
    Or,
    Piecewise,
    Pow,
    Rational,
    S,
    Symbol,
    cosh,
    exp,
    log,
    sign,
    sin,
    sinh,
    tanh,
)
from sympy import Max as PairMax
from sympy import Min as PairMin
from sympy import cos as cosine
from sympy.core.expr import AtomicExpr
from sympy.core.relational import Relational

from ..expr.dispatch import entry_for
from ..expr.nodes import Diff, Max, Sum, Vec, logsumexp, sigmoid, softmax, softplus

# A power whose exponent has more bits than this would take more time and memory than there is.
MAX_EXPONENT_BITS = 64
# Digits beyond those that are reported. They absorb the rounding of the operations.
GUARD_DIGITS = 20

Point = Mapping[Expr, Any]


class Undefined(ArithmeticError):
    """The expression has no finite real value at this point."""


def evaluate(expr: Expr, point: Point, digits: int = 50) -> mpmath.mpf:
    """The value of `expr` at `point`, right to `digits` digits where it is well conditioned.

    `point` maps symbols to numbers, sizes and indices to integers, and each `IndexedBase` to nested
    sequences (component 1 first). Raises `Undefined` where there is no finite real value.
    """
    nesting = _diff_depth(expr)
    # The error of a central difference is about the square of its step.
    step_digits = digits // 2 + 15
    # Each nested difference divides by the step once more, which costs that many working digits.
    with mpmath.workdps(digits + GUARD_DIGITS + nesting * step_digits):
        try:
            value = Evaluator(mpmath.mpf(10) ** -step_digits).value(
                expr, {name: _lift(given) for name, given in point.items()}
            )
        except ZeroDivisionError:
            raise Undefined(f"{expr}: division by zero") from None
        except (ValueError, OverflowError) as error:
            raise Undefined(f"{expr}: {error}") from None
        except TypeError as error:
            if "mpc" not in str(error):  # complex numbers have no order
                raise
            raise Undefined(f"{expr} compares complex numbers at this point") from None
    if isinstance(value, mpmath.mpc):
        if value.imag != 0:
            raise Undefined(f"{expr} is not real at this point")
        value = value.real
    if not mpmath.isfinite(value):
        raise Undefined(f"{expr} is not finite at this point")
    with mpmath.workdps(digits + GUARD_DIGITS):
        return +value


def _diff_depth(expr: Expr) -> int:
    inner = max((_diff_depth(a) for a in expr.args), default=0)
    return inner + isinstance(expr, Diff)


def _lift(value):
    """A value of a point as mpmath computes with it; integers stay exact."""
    if isinstance(value, (list, tuple)):
        return [_lift(v) for v in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Expr):
        return mpmath.mpf(value.p) / value.q
    return mpmath.mpf(value)


# -- functions of numbers --------------------------------------------------------------------------


def _small(exponent):
    """The exponent, if a power with it can be computed."""
    finite = (
        isinstance(exponent, (mpmath.mpf, mpmath.mpc))
        and mpmath.isfinite(exponent)
        and exponent != 0
    )
    if finite and mpmath.mag(exponent) > MAX_EXPONENT_BITS:
        raise OverflowError(f"an exponent of more than {MAX_EXPONENT_BITS} bits")
    return exponent


def _exp(x):
    return mpmath.exp(_small(x))


def _power(base, power):
    if not isinstance(power, int) and base != 0:
        _small(power * mpmath.log(base))
    return base**power


FUNCTIONS: Mapping[type, Callable] = {
    exp: _exp,
    log: mpmath.log,
    tanh: mpmath.tanh,
    sinh: mpmath.sinh,
    cosh: mpmath.cosh,
    sin: mpmath.sin,
    cosine: mpmath.cos,
    Abs: abs,
    sign: mpmath.sign,
    PairMax: max,
    PairMin: min,
    sigmoid: lambda x: 1 / (1 + _exp(-x)),
    softplus: lambda x: mpmath.log(1 + _exp(x)),
}
COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
CONNECTIVES: Mapping[type, Callable[[Iterable[bool]], bool]] = {
    And: all,
    Or: any,
    Not: lambda parts: not any(parts),
}


def _component(values, position: int, e: Expr):
    """A component by its number from 1."""
    if not 1 <= position <= len(values):
        raise Undefined(f"{e}: index {position} is outside 1, ..., {len(values)}")
    return values[position - 1]


class Evaluator:
    """Evaluates expressions by definition, at mpmath's working precision.

    step: of the central differences. RULES: how each type of node is evaluated.
    """

    def __init__(self, step):
        self.step = step

    def value(self, e: Expr, point: Point):
        """The value of an expression; raises `TypeError` for a node that no rule is about."""
        if e in point:
            return point[e]
        rule = entry_for(e, self.RULES)
        if rule is None:
            raise self._unknown(e)
        return rule(self, e, point)

    @staticmethod
    def _unknown(e: Expr) -> TypeError:
        return TypeError(
            f"cannot evaluate {type(e).__name__} in {e}: no numeric meaning is known for it"
        )

    def integer(self, e: Expr, point: Point) -> int:
        """The value of an index or a size."""
        value = self.value(e, point)
        return value if isinstance(value, int) else int(value)

    def components(self, vec: Vec, point: Point) -> list:
        """The values of all components of a vector."""
        size = self.integer(vec.size, point)
        return [self.value(vec.body, {**point, vec.index: k}) for k in range(1, size + 1)]

    def holds(self, condition, point: Point) -> bool:
        """Whether a condition of a `Piecewise` is true."""
        if condition is S.true or condition is S.false:
            return bool(condition)
        if isinstance(condition, Relational):
            left, right = self.value(condition.lhs, point), self.value(condition.rhs, point)
            return COMPARISONS[condition.rel_op](left, right)
        return CONNECTIVES[type(condition)]([self.holds(a, point) for a in condition.args])

    # -- one method for each type of node ----------------------------------------------------------

    def _rational(self, e, point):
        return mpmath.mpf(e.p) / e.q if e.q != 1 else mpmath.mpf(e.p)

    def _constant(self, e, point):
        if not e.is_number:
            raise self._unknown(e)
        return e._to_mpmath(mpmath.mp.prec)

    def _indexed(self, e, point):
        value = point[e.base]
        for index in e.indices:
            value = _component(value, self.integer(index, point), e)
        return value

    def _delta(self, e, point):
        a, b = (self.integer(x, point) for x in e.args)
        return mpmath.mpf(a == b)

    def _add(self, e, point):
        return mpmath.fsum(self.value(a, point) for a in e.args)

    def _multiply(self, e, point):
        return mpmath.fprod(self.value(a, point) for a in e.args)

    def _power(self, e, point):
        base, power = self.value(e.base, point), self.value(e.exp, point)
        # K is a Python integer here, and its negative powers would be 53-bit floats.
        return _power(mpmath.mpmathify(base), int(power) if e.exp.is_Integer else power)

    def _sum(self, e, point):
        return mpmath.fsum(self.components(e.vec, point))

    def _logsumexp(self, e, point):
        return mpmath.log(mpmath.fsum(_exp(x) for x in self.components(e.vec, point)))

    def _max(self, e, point):
        return max(self.components(e.vec, point))

    def _softmax(self, e, point):
        powers = [_exp(x) for x in self.components(e.vec, point)]
        return _component(powers, self.integer(e.index, point), e) / mpmath.fsum(powers)

    def _difference(self, e, point):
        """The derivative as a central difference."""

        def moved(by):
            if isinstance(e.by, Symbol):
                return {**point, e.by: point[e.by] + by}
            indices = [self.integer(index, point) - 1 for index in e.by.indices]
            return {**point, e.by.base: _moved(point[e.by.base], indices, by)}

        above, below = self.value(e.expr, moved(self.step)), self.value(e.expr, moved(-self.step))
        return (above - below) / (2 * self.step)

    def _piecewise(self, e, point):
        for value, condition in e.args:
            if self.holds(condition, point):
                return self.value(value, point)
        raise Undefined(f"no case of {e} holds")

    def _function(self, e, point):
        return entry_for(e, FUNCTIONS)(*(self.value(a, point) for a in e.args))

    RULES: ClassVar[Mapping[type, Callable]] = {
        **dict.fromkeys(FUNCTIONS, _function),
        Rational: _rational,
        AtomicExpr: _constant,
        Indexed: _indexed,
        KroneckerDelta: _delta,
        Add: _add,
        Mul: _multiply,
        Pow: _power,
        Sum: _sum,
        logsumexp: _logsumexp,
        Max: _max,
        softmax: _softmax,
        Diff: _difference,
        Piecewise: _piecewise,
    }


def _moved(values: list, indices: list[int], by) -> list:
    """A copy of nested lists with one component moved."""
    head, *rest = indices
    if not 0 <= head < len(values):
        raise Undefined(f"index {head + 1} is outside 1, ..., {len(values)}")
    copy = list(values)
    copy[head] = _moved(copy[head], rest, by) if rest else copy[head] + by
    return copy
