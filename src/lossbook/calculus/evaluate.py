"""Truth by numbers: the value of an expression at a point, in as many digits as asked for, by mpmath.

Everything is computed from its definition: sums by adding, softmax by exponentials, derivatives by central differences
at a working precision so high that the difference quotient is right to far more digits than are reported. Nothing here
is shared with the prover's rewriting or with the code generators.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

import mpmath
from sympy import (
    Abs,
    Add,
    Expr,
    Indexed,
    IndexedBase,
    KroneckerDelta,
    Mul,
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
from sympy.core.relational import Relational

from ..expr.hypotheses import Hypothesis
from ..expr.nodes import (
    Diff,
    Max,
    Sum,
    Vec,
    bound_indices,
    free_indices,
    index_ranges,
    logsumexp,
    nodes_of,
    sigmoid,
    softmax,
    softplus,
)

LARGEST = (
    64  # bits of an exponent: beyond it a power takes more time and space than any computer has
)


def _small(exponent):
    """The exponent, if a power with it can be computed."""
    finite = (
        isinstance(exponent, (mpmath.mpf, mpmath.mpc))
        and mpmath.isfinite(exponent)
        and exponent != 0
    )
    if finite and mpmath.mag(exponent) > LARGEST:
        raise OverflowError(f"an exponent of more than {LARGEST} bits")
    return exponent


def _exp(x):
    return mpmath.exp(_small(x))


def _power(base, power):
    if not isinstance(power, int) and base != 0:
        _small(power * mpmath.log(base))
    return base**power


FUNCTIONS = {
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

Point = Mapping[Expr, object]


class Undefined(ArithmeticError):
    """The expression has no finite real value at this point."""


def evaluate(expr: Expr, point: Point, digits: int = 50) -> mpmath.mpf:
    """The value of `expr` at `point`, right to `digits` significant digits wherever it is well conditioned.

    `point` maps symbols to numbers, sizes and indices to integers, and each `IndexedBase` to nested sequences
    (component 1 first). Raises `Undefined` where there is no finite real value.
    """
    nesting = _diff_depth(expr)
    # a central difference is off by about the square of its step
    step_digits = digits // 2 + 15
    # a nested difference divides by the step each time: pay for it in working digits
    with mpmath.workdps(digits + 20 + nesting * step_digits):
        try:
            value = Evaluator(mpmath.mpf(10) ** -step_digits).of(
                expr, {k: _lift(v) for k, v in point.items()}
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
    with mpmath.workdps(digits + 20):
        return +value


def _diff_depth(expr: Expr) -> int:
    inner = max((_diff_depth(a) for a in expr.args), default=0)
    return inner + isinstance(expr, Diff)


def _lift(value):
    if isinstance(value, (list, tuple)):
        return [_lift(v) for v in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Expr):
        return mpmath.mpf(value.p) / value.q
    return mpmath.mpf(value)


class Evaluator:
    """Evaluates by definition, at mpmath's working precision. step: of the central differences."""

    def __init__(self, step):
        self.step = step

    def of(self, e: Expr, point: dict):
        if e in point:
            return point[e]
        if e.is_Rational:
            return mpmath.mpf(e.p) / e.q if e.q != 1 else mpmath.mpf(e.p)
        if e.is_number and e.is_Atom:
            return e._to_mpmath(mpmath.mp.prec)
        if isinstance(e, Indexed):
            value = point[e.base]
            for index in e.indices:
                n = self.integer(index, point)
                if not 1 <= n <= len(value):
                    raise Undefined(f"{e}: index {n} is outside 1, ..., {len(value)}")
                value = value[n - 1]
            return value
        if isinstance(e, KroneckerDelta):
            a, b = (self.integer(x, point) for x in e.args)
            return mpmath.mpf(a == b)
        if isinstance(e, Add):
            return mpmath.fsum(self.of(a, point) for a in e.args)
        if isinstance(e, Mul):
            return mpmath.fprod(self.of(a, point) for a in e.args)
        if isinstance(e, exp):
            return _exp(self.of(e.args[0], point))
        if isinstance(e, Pow):
            base, power = self.of(e.base, point), self.of(e.exp, point)
            # K is a Python integer here, and its negative powers would be 53-bit floats
            return _power(mpmath.mpmathify(base), int(power) if e.exp.is_Integer else power)
        if isinstance(e, Sum):
            return mpmath.fsum(self.components(e.vec, point))
        if isinstance(e, logsumexp):
            return mpmath.log(mpmath.fsum(_exp(x) for x in self.components(e.vec, point)))
        if isinstance(e, Max):
            return max(self.components(e.vec, point))
        if isinstance(e, softmax):
            powers = [_exp(x) for x in self.components(e.vec, point)]
            n = self.integer(e.index, point)
            if not 1 <= n <= len(powers):
                raise Undefined(f"{e}: index {n} is outside 1, ..., {len(powers)}")
            return powers[n - 1] / mpmath.fsum(powers)
        if isinstance(e, Diff):
            return self.difference(e, point)
        if isinstance(e, Piecewise):
            for value, condition in e.args:
                if self.holds(condition, point):
                    return self.of(value, point)
            raise Undefined(f"no case of {e} holds")
        if type(e) in FUNCTIONS:
            return FUNCTIONS[type(e)](*(self.of(a, point) for a in e.args))
        raise TypeError(
            f"cannot evaluate {type(e).__name__} in {e}: no numeric meaning is known for it"
        )

    def integer(self, e: Expr, point: dict) -> int:
        value = self.of(e, point)
        return value if isinstance(value, int) else int(value)

    def components(self, vec: Vec, point: dict) -> list:
        size = self.integer(vec.size, point)
        return [self.of(vec.body, {**point, vec.index: k}) for k in range(1, size + 1)]

    def holds(self, condition, point: dict) -> bool:
        if condition is S.true or condition is S.false:
            return bool(condition)
        if isinstance(condition, Relational):
            left, right = self.of(condition.lhs, point), self.of(condition.rhs, point)
            tests = {
                "==": left == right,
                "!=": left != right,
                "<": left < right,
                "<=": left <= right,
            }
            return {**tests, ">": left > right, ">=": left >= right}[condition.rel_op]
        parts = [self.holds(a, point) for a in condition.args]
        combine = {"And": all, "Or": any, "Not": lambda p: not p[0]}[type(condition).__name__]
        return combine(parts)

    def difference(self, e: Diff, point: dict):
        def moved(by):
            if isinstance(e.by, Symbol):
                return {**point, e.by: point[e.by] + by}
            indices = [self.integer(index, point) - 1 for index in e.by.indices]
            return {**point, e.by.base: _replaced(point[e.by.base], indices, by)}

        above, below = self.of(e.expr, moved(self.step)), self.of(e.expr, moved(-self.step))
        return (above - below) / (2 * self.step)


def _replaced(values: list, indices: list[int], by) -> list:
    head, *rest = indices
    if not 0 <= head < len(values):
        raise Undefined(f"index {head + 1} is outside 1, ..., {len(values)}")
    copy = list(values)
    copy[head] = _replaced(copy[head], rest, by) if rest else copy[head] + by
    return copy


def random_point(
    exprs: Iterable[Expr], given: Iterable[Hypothesis], rng: random.Random
) -> dict[Expr, object]:
    """Random values for everything free in `exprs`: sizes from 1 to 5, indices in range, the rest by its domain.

    Values are short decimals, so that a counterexample can be read and typed.
    """
    exprs, given = list(exprs), tuple(given)
    whole = Add(*exprs, evaluate=False) if len(exprs) > 1 else exprs[0]
    bases = {*nodes_of(whole, IndexedBase)} | {g.vector for g in given if hasattr(g, "vector")}
    bases = sorted(bases, key=str)
    point: dict[Expr, object] = {}
    indices = free_indices(whole)
    for g in given:
        if isinstance(getattr(g, "index", None), Symbol):
            indices.setdefault(g.index, g.vector.shape[0])
    labels = {base.label for base in bases}
    bound = bound_indices(whole)
    sizes = {s for base in bases if base.shape for n in base.shape for s in n.free_symbols}
    sizes |= {s for v in nodes_of(whole, Vec) for s in v.size.free_symbols}
    for size in sorted(sizes, key=str):
        point[size] = rng.choice((3, 2, 4, 3, 2, 1, 3, 4, 5))

    def extent(size, default=2):
        return (
            default
            if size is None
            else int(size.xreplace({s: S(point[s]) for s in size.free_symbols}))
        )

    ranges = index_ranges(whole)
    for index in sorted(indices, key=str):
        if index not in bound and index not in sizes:
            point[index] = rng.randint(
                1, min(extent(n) for n in ranges.get(index) or [indices[index]])
            )
    symbols = {
        s for s in nodes_of(whole, Symbol) if s not in labels and s not in bound and s not in point
    }
    for symbol in sorted(symbols, key=str):
        point[symbol] = _integer(symbol, rng) if symbol.is_integer else _number(symbol, rng)

    def array(base, shape):
        return (
            [array(base, shape[1:]) for _ in range(shape[0])] if shape else _number(base.label, rng)
        )

    for base in bases:
        rank = max((len(e.indices) for e in nodes_of(whole, Indexed) if e.base == base), default=1)
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
