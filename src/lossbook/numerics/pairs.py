"""Arithmetic on pairs: a number is hi + lo, two float64 arrays of NumPy or PyTorch, |lo| at most half an ulp of hi.

Sums and products are right to about 2**-100 (Knuth's two-sum, Dekker 1971, Shewchuk 1997), exp, expm1, log1p, log and
tanh to 2**-66, results below 2**-1000 to float64's precision. Infinities and NaN are those of float64. NumPy's warnings about them are the caller's to silence.
"""

from __future__ import annotations

import sys
from functools import cache

import mpmath
import numpy as np

Pair = tuple  # of two arrays, or of a number and 0.0

SPLITTER = 2.0**27 + 1
TINY = (
    2.0**-1000
)  # below it the error of a product underflows: the product alone is as good as it gets
STEPS = 64  # exp is tabulated at multiples of log(2)/64; what is left, |r| <= 0.0055, needs a polynomial of degree 7
FAR = 1000.0  # exp of more is infinity, of less is 0


def library(array):
    """NumPy or torch: both have the functions used here under the same names."""
    return np if isinstance(array, (np.ndarray, np.generic)) else sys.modules["torch"]


def _settled(plain, pair: Pair, known=None) -> Pair:
    """The pair, or float64's own result where the correction means nothing: at infinities and NaN."""
    xp = library(plain)
    good = xp.isfinite(pair[0]) if known is None else xp.isfinite(pair[0]) & known
    return xp.where(good, pair[0], plain), xp.where(good, pair[1], 0.0)


def two_sum(a, b) -> Pair:
    """a + b, exactly."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def quick(a, b) -> Pair:
    """a + b exactly, where |a| >= |b|."""
    s = a + b
    return s, b - (s - a)


def _split(a):
    c = SPLITTER * a
    high = c - (c - a)
    return high, a - high


def two_product(a, b) -> Pair:
    """a * b, exactly unless it is beyond the range or underflows."""
    p = a * b
    (ah, al), (bh, bl) = _split(a), _split(b)
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def negative(x: Pair) -> Pair:
    """-x."""
    return -x[0], -x[1]


def add(x: Pair, y: Pair) -> Pair:
    """x + y, also where they cancel."""
    plain, e = two_sum(x[0], y[0])
    t, f = two_sum(x[1], y[1])
    s, e = quick(plain, e + t)
    return _settled(plain, quick(s, e + f))


def multiply(x: Pair, y: Pair) -> Pair:
    """x * y."""
    p, e = two_product(x[0], y[0])
    return _settled(p, quick(p, e + (x[0] * y[1] + x[1] * y[0])), abs(p) > TINY)


def divide(x: Pair, y: Pair) -> Pair:
    """x / y."""
    q = x[0] / y[0]
    p, e = two_product(q, y[0])
    rest = ((x[0] - p) - e + x[1]) - q * y[1]
    return _settled(q, quick(q, rest / y[0]), abs(x[0]) > TINY)


def where(condition, x: Pair, y: Pair) -> Pair:
    """x where the condition holds, else y."""
    xp = library(condition)
    return xp.where(condition, x[0], y[0]), xp.where(condition, x[1], y[1])


def sum_along(x: Pair, axis: int) -> Pair:
    """The sum along an axis, which keeps size 1: halves are added until one is left."""
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
    """log(2)/64 in three pieces, multiples of the first two exact; the table of 2**(k/64); log(2)."""
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


def _looked_up(index) -> Pair:
    tables = _tables()[1] if library(index) is np else _table_on(index.device)
    return tuple(table[index] for table in tables)


def _power_of_two(m):
    """2**m for integers from -1022 to 1023, by its bits."""
    bits = (m + 1023) << 52
    return bits.view(np.float64) if library(m) is np else bits.view(sys.modules["torch"].float64)


def _integers(a):
    return a.astype(np.int64) if library(a) is np else a.to(sys.modules["torch"].int64)


def _reduced(x: Pair) -> tuple:
    """exp(x) as 2**m (T + T d): T from the table, d = expm1(r) small; returns m, T, d T."""
    xp = library(x[0])
    first, second, third = _tables()[0]
    hi = xp.clip(x[0], -FAR, FAR)
    n = xp.round(hi * (STEPS / float(mpmath.ln2)))
    s, e = two_sum(hi - n * first, -(n * second))
    r, low = quick(s, e + (x[1] - n * third))
    tail = 1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040)))
    square, error = two_product(r, r)
    d, rest = quick(r, square * 0.5)
    rest = rest + (error * 0.5 + square * r * (1 / 6 + r * tail) + low * (1 + r))
    d, rest = quick(d, rest)
    n = _integers(n)
    high, low = _looked_up(n & (STEPS - 1))
    p, e = two_product(high, d)
    return n >> 6, (high, low), quick(p, e + (high * rest + low * d))


def _scaled(x: Pair, m) -> Pair:
    """x 2**m, in two steps so that a subnormal result is rounded once."""
    half = m >> 1
    f, g = _power_of_two(half), _power_of_two(m - half)
    return x[0] * f * g, x[1] * f * g


def exp(x: Pair) -> Pair:
    """e to the x."""
    m, (high, low), (d, rest) = _reduced(x)
    s, e = quick(high, d)
    return _scaled(quick(s, e + (low + rest)), m)


def expm1(x: Pair) -> Pair:
    """exp(x) - 1, for x <= 0 or moderate."""
    m, (high, low), (d, rest) = _reduced(x)
    s, e = quick(high, d)
    large = add(_scaled(quick(s, e + (low + rest)), m), (-1.0, 0.0))
    s, e = two_sum(high - 1, d)
    return where(m == 0, quick(s, e + (low + rest)), large)


def log1p(x: Pair) -> Pair:
    """log(1 + x), x > -1/2: float64's, and one step of Newton's method in pairs."""
    y = library(x[0]).log1p(x[0])
    e = expm1((-y, 0.0))
    s = add(add(x, e), multiply(x, e))[0]
    return _settled(y, quick(y, s * (1 - 0.5 * s)))


def log(x: Pair) -> Pair:
    """The natural logarithm: of the power of two, and of what is left, from 1/sqrt(2) to sqrt(2)."""
    xp = library(x[0])
    f, m = xp.frexp(x[0])
    small = f < 0.5**0.5
    f = xp.where(small, 2 * f, f)
    m = _integers(m) - _integers(small)
    low = _scaled((x[1], x[1]), -m)[0]
    high, lower = _tables()[2]
    whole = m + 0 * f
    result = add(quick(whole * high, whole * lower), log1p(add((f, low), (-1.0, 0.0))))
    return where((x[0] > 0) & xp.isfinite(x[0]), result, (xp.log(x[0]), 0 * f))


def tanh(x: Pair) -> Pair:
    """The hyperbolic tangent, through expm1 of a negative number."""
    xp = library(x[0])
    sign = xp.where(x[0] < 0, -1.0, 1.0)
    e = expm1(tuple(-2 * sign * a for a in x))
    return tuple(sign * a for a in divide(tuple(0 - a for a in e), add(e, (2.0, 0.0))))
