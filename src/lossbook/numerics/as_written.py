"""An expression computed in floating point as it is written, every operation rounded to the format.

This is what a formula does when it is typed into a program, and so what a rewrite has to prevent.
Nothing is rearranged here. Exponentials, logarithms and powers are those of mpmath, rounded to
nearest, because NumPy's differ between machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add, mul
from typing import Any, ClassVar

import mpmath
import numpy as np
from sympy import (
    Abs,
    Add,
    Expr,
    Indexed,
    Integer,
    KroneckerDelta,
    Mul,
    Piecewise,
    Pow,
    Symbol,
    exp,
    fraction,
    log,
    tanh,
)
from sympy import Max as PairMax
from sympy.core.relational import Relational

from ..calculus.evaluate import COMPARISONS, evaluate
from ..expr.dispatch import entry_for
from ..expr.nodes import Max, Sum, Vec
from ..notation import K
from .nodes import ArgMax, Closed, Grouped, expm1, log1p, nonzero, plain
from .rewrites import Failure, Rewrite, stabilised

# A limit is evaluated at a distance of 10**-LIMIT_DIGITS from the point.
LIMIT_DIGITS = 2000
DIGITS = 100

# Operations of NumPy that are exact: the result is one of the arguments, up to its sign.
EXACT: Mapping[type, Callable] = {Abs: np.abs, PairMax: np.maximum}
# Functions that are rounded: NumPy's, for special values, and mpmath's.
ROUNDED: Mapping[type, tuple[Callable, Callable]] = {
    exp: (np.exp, mpmath.exp),
    log: (np.log, mpmath.log),
    log1p: (np.log1p, mpmath.log1p),
    expm1: (np.expm1, mpmath.expm1),
    tanh: (np.tanh, mpmath.tanh),
}


def as_written(expr: Expr, point: Mapping[Expr, object], dtype=np.float64) -> np.floating:
    """The value of `expr` in the format `dtype`, each operation rounded.

    Named functions such as softmax are computed by their definitions. `point` is as for
    `lossbook.calculus.evaluate`: numbers for symbols, integers from 1 for indices, sequences for
    vectors.
    """
    with np.errstate(all="ignore"):  # an overflow or a NaN is the result to be shown
        return _FloatEvaluator(np.dtype(dtype).type).value(expr, dict(point))


@dataclass(frozen=True)
class Trial:
    """The pattern of a rewrite at a point where it fails.

    Its value as written, as the rewrites of this package compute it, and to 50 digits.
    """

    at: dict[Expr, Any]
    written: np.floating
    stabilised: np.floating
    truth: mpmath.mpf


def trial(rewrite: Rewrite, failure: Failure, dtype, *, without: Iterable[Rewrite] = ()) -> Trial:
    """One failure of a rewrite in the format `dtype`. without: rewrites that are not applied."""
    number = np.dtype(dtype).type
    point: dict[Expr, Any] = {}
    for letter, value in failure.at.items():
        if isinstance(value, tuple):
            point |= {letter: [number(a) for a in value], K: len(value)}
        else:
            point[letter] = value if letter.is_integer else number(value)
    evaluator = _FloatEvaluator(number)
    expr = rewrite.pattern.xreplace(failure.where)
    expr = expr.replace(
        lambda e: isinstance(e, ArgMax), lambda e: Integer(evaluator.index(e, point))
    )
    ours = expr if rewrite in without else rewrite.apply(expr) or rewrite.replacement
    ours = as_written(stabilised(ours, without=without), point, dtype)
    return Trial(
        point, as_written(expr, point, dtype), ours, _truth(plain(expr), point, failure.limit)
    )


def _truth(expr: Expr, point: dict[Expr, Any], limit: Symbol | None) -> mpmath.mpf:
    """The value to 50 digits; for a limit, one so near to it that no format shows a difference."""
    exact: dict[Expr, Any] = {
        a: [float(b) for b in v] if isinstance(v, list) else v if a.is_integer else float(v)
        for a, v in point.items()
    }
    with mpmath.workdps(LIMIT_DIGITS + DIGITS):  # enough digits for 1 - p at that distance
        if limit is not None:
            step = mpmath.mpf(10) ** -LIMIT_DIGITS
            exact[limit] += step if exact[limit] < 1 / 2 else -step
        return evaluate(expr, exact, LIMIT_DIGITS + DIGITS)


class _FloatEvaluator:
    """Evaluates expressions in one floating-point format. number: NumPy's scalar type of it."""

    def __init__(self, number):
        self.number = number

    def value(self, e: Expr, point: dict):
        """The value of an expression; raises `TypeError` for a node that no rule is about."""
        if e in point:
            return self.number(point[e])
        if e.is_number:
            return self.number(float(e))
        rule = entry_for(e, self.RULES)
        if rule is not None:
            return rule(self, e, point)
        if hasattr(e, "unfold"):
            return self.value(e.unfold(), point)
        raise TypeError(
            f"as_written: no meaning in floating point is known for {type(e).__name__} in {e}"
        )

    def rounded(self, special: Callable, function: Callable, *args):
        """A function rounded to nearest, or NumPy's, `special`, if anything is not finite."""
        found = special(*args)
        if not (np.isfinite(found) and np.isfinite(args).all()):
            return found
        with mpmath.workdps(DIGITS):
            return self.number(float(function(*(mpmath.mpf(float(a)) for a in args))))

    def components(self, vec: Vec, point: dict) -> list:
        """The values of all components of a vector."""
        return [
            self.value(vec.body, {**point, vec.index: n})
            for n in range(1, self.index(vec.size, point) + 1)
        ]

    def index(self, e: Expr, point: dict) -> int:
        """The value of an index or a size."""
        if isinstance(e, ArgMax):
            return 1 + int(np.argmax(self.components(e.vec, point)))
        return int(e.xreplace({s: point[s] for s in e.free_symbols if isinstance(s, Symbol)}))

    def holds(self, condition, point: dict) -> bool:
        """Whether a condition of a `Piecewise` is true."""
        if isinstance(condition, Relational):
            left, right = (self.value(a, point) for a in condition.args)
            return bool(COMPARISONS[condition.rel_op](left, right))
        return bool(condition)

    # -- one method for each type of node ----------------------------------------------------------

    def _indexed(self, e, point):
        return self.number(point[e.base][self.index(e.indices[0], point) - 1])

    def _delta(self, e, point):
        a, b = (self.index(i, point) for i in e.args)
        return self.number(a == b)

    def _add(self, e, point):
        return reduce(add, (self.value(a, point) for a in e.args))

    def _multiply(self, e, point):
        above, below = (
            reduce(mul, (self.value(a, point) for a in Mul.make_args(part)))
            for part in fraction(e, exact=True)
        )
        return above / below

    def _power(self, e, point):
        base = self.value(e.base, point)
        if e.exp == -1:
            return self.number(1) / base
        return self.rounded(np.power, mpmath.power, base, self.value(e.exp, point))

    def _sum(self, e, point):
        return reduce(add, self.components(e.vec, point))

    def _max(self, e, point):
        return max(self.components(e.vec, point))

    def _argument(self, e, point):
        return self.value(e.args[0], point)

    def _piecewise(self, e, point):
        return next(self.value(a, point) for a, condition in e.args if self.holds(condition, point))

    def _exact(self, e, point):
        return EXACT[type(e)](*(self.value(a, point) for a in e.args))

    def _rounded(self, e, point):
        return self.rounded(*ROUNDED[type(e)], self.value(e.args[0], point))

    RULES: ClassVar[Mapping[type, Callable]] = {
        **dict.fromkeys(EXACT, _exact),
        **dict.fromkeys(ROUNDED, _rounded),
        Indexed: _indexed,
        KroneckerDelta: _delta,
        Add: _add,
        Mul: _multiply,
        Pow: _power,
        Sum: _sum,
        Max: _max,
        Grouped: _argument,
        Closed: _argument,
        nonzero: _argument,
        Piecewise: _piecewise,
    }
