"""The polynomials of `kernel.h`: fitted to the functions they stand for, and written as C.

exp(r) = 1 + r + r² P(r) for |r| ≤ log(2)/2; log((1+s)/(1-s)) = 2s + s z Q(z), z = s², |s| ≤ (√2-1)/(√2+1).
"""

from __future__ import annotations

from functools import cache

import mpmath
from mpmath import mp, mpf

EXP_TERMS, LOG_TERMS = 7, 8


def _exp_rest(r):
    return sum(r**n / mpmath.factorial(n + 2) for n in range(30))


def _log_rest(z):
    return sum(2 * z**n / mpf(2 * n + 3) for n in range(40))


@cache
def coefficients() -> dict[str, tuple[float, ...]]:
    """The coefficients of both, the highest power first, as float64."""
    with mp.workdps(40):
        half = mpmath.log(2) / 2
        largest = ((mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1)) ** 2
        exp = mpmath.chebyfit(_exp_rest, [-half, half], EXP_TERMS)
        log = mpmath.chebyfit(_log_rest, [0, largest], LOG_TERMS)
        return {"EXP_POLYNOMIAL": tuple(map(float, exp)), "LOG_POLYNOMIAL": tuple(map(float, log))}


def header() -> str:
    """`coefficients.h`."""
    with mp.workdps(40):
        two = mpmath.log(2)
        high = float(mpf(int(two * 2**32)) / 2**32)  # n * high is exact for every exponent n
        low = float(two - high)
    lines = ["/* Written by `make generate` from lossbook/native/polynomials.py. Do not edit. */"]
    lines += [f"#define LOG2_HIGH {high.hex()}", f"#define LOG2_LOW {low.hex()}"]
    for name, numbers in coefficients().items():
        text = numbers[0].hex()
        for number in numbers[1:]:
            text = f"MUL_ADD({text}, x_, {number.hex()})"
        lines.append(f"#define {name}(x) ({text.replace('x_', 'x')})")
    return "\n".join(lines) + "\n"
