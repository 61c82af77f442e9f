"""Double-double arithmetic: a number is hi + lo, two float64 arrays of NumPy or PyTorch.

lo is at most half an ulp of hi. Sums and products are right to about 2**-100 (Knuth's two-sum,
Dekker 1971, Shewchuk 1997); exp, expm1, log1p, log and tanh to 2**-66; results below 2**-1000 to
the precision of float64. Infinities and NaN are those of float64. NumPy's warnings about them are
left to the caller.
"""

from __future__ import annotations

import sys
from functools import cache

import mpmath
import numpy as np

Pair = tuple  # of two arrays, or of a number and 0.0

SPLITTER = 2.0**27 + 1
# Below this the error of a product underflows, so only the product itself is used.
TINY = 2.0**-1000
# exp is tabulated at multiples of log(2)/64. For the rest, |r| <= 0.0055, a polynomial of degree 7
# is enough.
STEPS = 64
# exp of a larger number is infinite, of a smaller one than -EXP_LIMIT 0.
EXP_LIMIT = 1000.0


def library(array):
    """NumPy or torch; both have the functions that are used here under the same names."""
    return np if isinstance(array, (np.ndarray, np.generic)) else sys.modules["torch"]


def _where_finite(plain, pair: Pair, known=None) -> Pair:
    """The pair where it is finite and `known` holds; elsewhere the result of float64 alone."""
    xp = library(plain)
    good = xp.isfinite(pair[0]) if known is None else xp.isfinite(pair[0]) & known
    return xp.where(good, pair[0], plain), xp.where(good, pair[1], 0.0)


def two_sum(a, b) -> Pair:
    """The sum a + b, exactly."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def fast_two_sum(a, b) -> Pair:
    """The sum a + b, exactly if |a| >= |b|."""
    s = a + b
    return s, b - (s - a)


def _split(a):
    c = SPLITTER * a
    high = c - (c - a)
    return high, a - high


def two_product(a, b) -> Pair:
    """The product a * b, exactly unless it overflows or underflows."""
    p = a * b
    (ah, al), (bh, bl) = _split(a), _split(b)
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def negative(x: Pair) -> Pair:
    """The negative of x."""
    return -x[0], -x[1]


def add(x: Pair, y: Pair) -> Pair:
    """The sum x + y, accurate also where they cancel."""
    plain, e = two_sum(x[0], y[0])
    t, f = two_sum(x[1], y[1])
    s, e = fast_two_sum(plain, e + t)
    return _where_finite(plain, fast_two_sum(s, e + f))


def multiply(x: Pair, y: Pair) -> Pair:
    """The product x * y."""
    p, e = two_product(x[0], y[0])
    return _where_finite(p, fast_two_sum(p, e + (x[0] * y[1] + x[1] * y[0])), abs(p) > TINY)


def divide(x: Pair, y: Pair) -> Pair:
    """The quotient x / y."""
    q = x[0] / y[0]
    p, e = two_product(q, y[0])
    rest = ((x[0] - p) - e + x[1]) - q * y[1]
    return _where_finite(q, fast_two_sum(q, rest / y[0]), abs(x[0]) > TINY)


def where(condition, x: Pair, y: Pair) -> Pair:
    """The pair x where the condition holds, else y."""
    xp = library(condition)
    return xp.where(condition, x[0], y[0]), xp.where(condition, x[1], y[1])


def sum_along(x: Pair, axis: int) -> Pair:
    """The sum along an axis, which is kept with size 1.

    The halves of the array are added until one component is left.
    """
    xp = library(x[0])
    x = tuple(xp.moveaxis(a, axis, 0) for a in x)
    if not len(x[0]):
        x = tuple(xp.zeros_like(a.sum(0, keepdims=True)) for a in x)
    while (n := len(x[0])) > 1:
        half = n // 2
        s = add(tuple(a[:half] for a in x), tuple(a[half : 2 * half] for a in x))
        x = (
            s
            if n == 2 * half
            else tuple(xp.concatenate([a, b[-1:]]) for a, b in zip(s, x, strict=True))
        )
    return tuple(xp.moveaxis(a, 0, axis) for a in x)


@cache
def _tables() -> tuple:
    """The constants of exp and log: log(2)/64, a table of 2**(k/64), and log(2).

    log(2)/64 comes in three parts; multiples of the first two are exact.
    """
    with mpmath.workprec(300):
        log2 = mpmath.ln(2)
        step = log2 / STEPS
        first = mpmath.floor(step * 2**40) / 2**40
        second = mpmath.floor((step - first) * 2**74) / 2**74
        powers = [mpmath.mpf(2) ** (mpmath.mpf(k) / STEPS) for k in range(STEPS)]
        high = [float(a) for a in powers]
        low = [float(a - h) for a, h in zip(powers, high, strict=True)]
        log2_high = float(mpmath.floor(log2 * 2**40) / 2**40)
        pieces = float(first), float(second), float(step - first - second)
        return pieces, (np.array(high), np.array(low)), (log2_high, float(log2 - log2_high))


@cache
def _table_on(device) -> tuple:
    torch = sys.modules["torch"]
    return tuple(torch.from_numpy(a).to(device) for a in _tables()[1])


def _table_entry(index) -> Pair:
    tables = _tables()[1] if library(index) is np else _table_on(index.device)
    return tuple(table[index] for table in tables)


def _power_of_two(m):
    """The power 2**m for integers from -1022 to 1023, made from its bits."""
    bits = (m + 1023) << 52
    return bits.view(np.float64) if library(m) is np else bits.view(sys.modules["torch"].float64)


def _integers(a):
    return a.astype(np.int64) if library(a) is np else a.to(sys.modules["torch"].int64)


def _reduced(x: Pair) -> tuple:
    """The parts of exp(x) = 2**m (T + T d), T from the table and d = expm1(r) small: m, T, d T."""
    xp = library(x[0])
    first, second, third = _tables()[0]
    hi = xp.clip(x[0], -EXP_LIMIT, EXP_LIMIT)
    n = xp.round(hi * (STEPS / float(mpmath.ln2)))
    s, e = two_sum(hi - n * first, -(n * second))
    r, low = fast_two_sum(s, e + (x[1] - n * third))
    tail = 1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040)))
    square, error = two_product(r, r)
    d, rest = fast_two_sum(r, square * 0.5)
    rest = rest + (error * 0.5 + square * r * (1 / 6 + r * tail) + low * (1 + r))
    d, rest = fast_two_sum(d, rest)
    n = _integers(n)
    high, low = _table_entry(n & (STEPS - 1))
    p, e = two_product(high, d)
    return n >> 6, (high, low), fast_two_sum(p, e + (high * rest + low * d))


def _scaled(x: Pair, m) -> Pair:
    """The product x 2**m, in two steps, so that a subnormal result is rounded once."""
    half = m >> 1
    f, g = _power_of_two(half), _power_of_two(m - half)
    return x[0] * f * g, x[1] * f * g


def exp(x: Pair) -> Pair:
    """The exponential of x."""
    m, (high, low), (d, rest) = _reduced(x)
    s, e = fast_two_sum(high, d)
    return _scaled(fast_two_sum(s, e + (low + rest)), m)


def expm1(x: Pair) -> Pair:
    """The value exp(x) - 1, for any negative and moderate positive x."""
    m, (high, low), (d, rest) = _reduced(x)
    s, e = fast_two_sum(high, d)
    large = add(_scaled(fast_two_sum(s, e + (low + rest)), m), (-1.0, 0.0))
    s, e = two_sum(high - 1, d)
    return where(m == 0, fast_two_sum(s, e + (low + rest)), large)


def log1p(x: Pair) -> Pair:
    """The logarithm of 1 + x for x > -1/2, by a step of Newton's method from that of float64."""
    y = library(x[0]).log1p(x[0])
    e = expm1((-y, 0.0))
    s = add(add(x, e), multiply(x, e))[0]
    return _where_finite(y, fast_two_sum(y, s * (1 - 0.5 * s)))


def log(x: Pair) -> Pair:
    """The natural logarithm of x = 2**m f, f from 1/sqrt(2) to sqrt(2), computed from log f."""
    xp = library(x[0])
    f, m = xp.frexp(x[0])
    small = f < 0.5**0.5
    f = xp.where(small, 2 * f, f)
    m = _integers(m) - _integers(small)
    low = _scaled((x[1], x[1]), -m)[0]
    high, lower = _tables()[2]
    exponent = m + 0 * f
    result = add(fast_two_sum(exponent * high, exponent * lower), log1p(add((f, low), (-1.0, 0.0))))
    return where((x[0] > 0) & xp.isfinite(x[0]), result, (xp.log(x[0]), 0 * f))


def tanh(x: Pair) -> Pair:
    """The hyperbolic tangent, through expm1 of a negative number."""
    xp = library(x[0])
    sign = xp.where(x[0] < 0, -1.0, 1.0)
    e = expm1(tuple(-2 * sign * a for a in x))
    return tuple(sign * a for a in divide(tuple(0 - a for a in e), add(e, (2.0, 0.0))))
