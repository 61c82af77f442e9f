"""An expression computed in floating point exactly as it is written: every operation in the format, rounded each time.

This is what a formula does when it is typed into a program, and so what a rewrite has to cure. No formula is improved here.
Exponentials, logarithms and powers are those of mpmath, rounded to nearest: the same on every machine, which NumPy's are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add, mul

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

from ..calculus.evaluate import evaluate
from ..expr.nodes import Max, Sum, Vec
from .nodes import ArgMax, Closed, Component, Grouped, expm1, log1p, nonzero, plain
from .rewrite import Failure, K, Rewrite
from .rewrites import stabilised

NEAR = 2000  # a limit is taken at a distance of 10**-NEAR
DIGITS = 100
HALF = 0.5

EXACT = {Abs: np.abs, PairMax: np.maximum}
ROUNDED = {
    exp: (np.exp, mpmath.exp),
    log: (np.log, mpmath.log),
    log1p: (np.log1p, mpmath.log1p),
    expm1: (np.expm1, mpmath.expm1),
    tanh: (np.tanh, mpmath.tanh),
}
RELATIONS = {
    "==": np.equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def as_written(expr: Expr, point: Mapping[Expr, object], dtype=np.float64) -> np.floating:
    """The value of `expr` in the format `dtype`, each operation rounded, named functions by their definitions.

    `point` as in `lossbook.calculus.evaluate`: numbers for symbols, integers from 1 for indices, sequences for vectors.
    """
    with np.errstate(all="ignore"):  # what overflows or is not a number is the result to be shown
        return _Machine(np.dtype(dtype).type).of(expr, dict(point))


@dataclass(frozen=True)
class Trial:
    """The pattern of a rewrite at a point where it fails: as it is written, as the book computes it, and the truth."""

    at: dict[Expr, object]
    written: np.floating
    stabilised: np.floating
    truth: mpmath.mpf


def trial(rewrite: Rewrite, failure: Failure, dtype, *, without: Iterable[Rewrite] = ()) -> Trial:
    """One `failure` of a rewrite in the format `dtype`; `without` leaves rewrites out of the book's way."""
    number = np.dtype(dtype).type
    point: dict[Expr, object] = {}
    for letter, value in failure.at.items():
        if isinstance(value, tuple):
            point |= {letter: [number(a) for a in value], K: len(value)}
        else:
            point[letter] = value if letter.is_integer else number(value)
    machine = _Machine(number)
    expr = rewrite.pattern.xreplace(failure.where)
    expr = expr.replace(lambda e: isinstance(e, ArgMax), lambda e: Integer(machine.index(e, point)))
    ours = expr if rewrite in without else rewrite.apply(expr) or rewrite.replacement
    ours = as_written(stabilised(ours, without=without), point, dtype)
    return Trial(
        point, as_written(expr, point, dtype), ours, _truth(plain(expr), point, failure.limit)
    )


def _truth(expr: Expr, point: dict[Expr, object], limit: Symbol | None) -> mpmath.mpf:
    """The value to 50 digits; of a limit, the value so near to it that no format could tell the difference."""
    exact = {
        a: [float(b) for b in v] if isinstance(v, list) else v if a.is_integer else float(v)
        for a, v in point.items()
    }
    with mpmath.workdps(NEAR + DIGITS):  # so many also because 1 - p cancels
        if limit is not None:
            step = mpmath.mpf(10) ** -NEAR
            exact[limit] += step if exact[limit] < HALF else -step
        return evaluate(expr, exact, NEAR + DIGITS)


class _Machine:
    def __init__(self, number):
        self.number = number

    def of(self, e: Expr, point: dict):
        if e in point:
            return self.number(point[e])
        if e.is_number:
            return self.number(float(e))
        if isinstance(e, Indexed):
            return self.number(point[e.base][self.index(e.indices[0], point) - 1])
        if isinstance(e, KroneckerDelta):
            a, b = (self.index(i, point) for i in e.args)
            return self.number(a == b)
        if isinstance(e, Add):
            return reduce(add, (self.of(a, point) for a in e.args))
        if isinstance(e, Mul):
            above, below = (self.product(part, point) for part in fraction(e, exact=True))
            return above / below
        if isinstance(e, Pow) and not isinstance(e, exp):
            base = self.of(e.base, point)
            return (
                self.number(1) / base
                if e.exp == -1
                else self.rounded(np.power, mpmath.power, base, self.of(e.exp, point))
            )
        if isinstance(e, Sum):
            return reduce(add, self.components(e.vec, point))
        if isinstance(e, Max):
            return max(self.components(e.vec, point))
        if isinstance(e, (Grouped, Closed, nonzero)):
            return self.of(e.args[0], point)
        if isinstance(e, Component):
            return self.of(e.unfold(), point)
        if isinstance(e, Piecewise):
            return next(
                self.of(value, point) for value, condition in e.args if self.holds(condition, point)
            )
        if type(e) in EXACT:
            return EXACT[type(e)](*(self.of(a, point) for a in e.args))
        if type(e) in ROUNDED:
            return self.rounded(*ROUNDED[type(e)], self.of(e.args[0], point))
        if hasattr(e, "unfold"):
            return self.of(e.unfold(), point)
        raise TypeError(
            f"as_written: no meaning in floating point is known for {type(e).__name__} in {e}"
        )

    def rounded(self, special, function, *args):
        """To nearest; `special`, NumPy's, where the result is infinite or not a number, or an argument is."""
        found = special(*args)
        if not (np.isfinite(found) and np.isfinite(args).all()):
            return found
        with mpmath.workdps(DIGITS):
            return self.number(float(function(*(mpmath.mpf(float(a)) for a in args))))

    def product(self, e: Expr, point: dict):
        return reduce(mul, (self.of(a, point) for a in Mul.make_args(e)))

    def components(self, vec: Vec, point: dict) -> list:
        return [
            self.of(vec.body, {**point, vec.index: n})
            for n in range(1, self.index(vec.size, point) + 1)
        ]

    def index(self, e: Expr, point: dict) -> int:
        if isinstance(e, ArgMax):
            return 1 + int(np.argmax(self.components(e.vec, point)))
        return int(e.xreplace({s: point[s] for s in e.free_symbols if isinstance(s, Symbol)}))

    def holds(self, condition, point: dict) -> bool:
        if isinstance(condition, Relational):
            return bool(RELATIONS[condition.rel_op](*(self.of(a, point) for a in condition.args)))
        return bool(condition)
