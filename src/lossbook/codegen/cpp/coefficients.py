"""The polynomials of the kernels' elementary functions: fitted with mpmath, written as C++.

exp(r) = 1 + r + r² P(r) for |r| ≤ log(2)/2. In double log((1+s)/(1-s)) = 2s + s z Q(z), z = s², |s|
≤ (√2-1)/(√2+1); in float log(1+f) = f + f² R(f), √½ ≤ 1+f ≤ √2. For 0 ≤ x ≤ 1 log(1+x) = x T(x).

In pairs exp(r) = 1 + r + r²/2 + r³/6 + r⁴/24 + r⁵ U(r), and log(1+f) = t + t z (1/12 + z/80 + z²
V(z)), t = 2f/(2+f), z = t². U and V contribute so little that double precision is enough for them.
"""

from __future__ import annotations

from functools import cache

import mpmath
import numpy as np
from mpmath import mp, mpf

TERMS = {
    "double": {"exp": 6, "log": 8, "log1p": 14},
    "float": {"exp": 5, "log": 8, "log1p": 10},
    "pair": {"exp": 11, "log": 10},
}  # doubles are rounded to float, or narrower, at the end
ROUNDED = {"double": float, "pair": float, "float": lambda number: float(np.float32(float(number)))}
EXACT = {
    "EXP_3": (1, 6),
    "EXP_4": (1, 24),
    "LOG_1": (1, 12),
    "LOG_2": (1, 80),
}  # the terms before U and V


def _exp_rest(r):
    return sum(r**n / mpmath.factorial(n + 2) for n in range(30))


def _log_rest(z):
    return sum(2 * z**n / mpf(2 * n + 3) for n in range(40))


def _log_rest_of_float(f):
    return -sum((-f) ** n / mpf(n + 2) for n in range(120))


def _exp_tail(r):
    return sum(r**n / mpmath.factorial(n + 5) for n in range(30))


def _log_tail(z):
    return sum((z / 4) ** n / mpf(2 * n + 7) for n in range(40)) / 64


def _log1p_ratio(x):
    return mpmath.log1p(x) / x if x else mpf(1)


@cache
def coefficients() -> dict[tuple[str, str], tuple[float, ...]]:
    """The coefficients by type and function, the highest power first."""
    with mp.workdps(40):
        half = mpmath.log(2) / 2
        largest = ((mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1)) ** 2
        root = mpmath.sqrt(2)
        fits = {
            ("double", "exp"): (_exp_rest, [-half, half]),
            ("float", "exp"): (_exp_rest, [-half, half]),
            ("double", "log"): (_log_rest, [0, largest]),
            ("double", "log1p"): (_log1p_ratio, [0, 1]),
            ("float", "log1p"): (_log1p_ratio, [0, 1]),
            ("float", "log"): (_log_rest_of_float, [1 / root - 1, root - 1]),
            ("pair", "exp"): (_exp_tail, [-half, half]),
            ("pair", "log"): (_log_tail, [0, 4 * largest]),
        }
        return {
            (kind, name): tuple(map(ROUNDED[kind], mpmath.chebyfit(*fits[kind, name], terms)))
            for kind, names in TERMS.items()
            for name, terms in names.items()
        }


def _constants(kind: str, bits: int) -> list[str]:
    """log(2) in two parts, the first so short that its product with every exponent is exact."""
    with mp.workdps(40):
        two = mpmath.log(2)
        high = mpf(int(two * 2**bits)) / 2**bits
        parts = {"HIGH": high, "LOW": two - high}
    return [
        f"static const {kind} LOG2_{part}_{kind} = {_literal(number, kind)};"
        for part, number in parts.items()
    ]


def _constants_of_pairs() -> list[str]:
    """log(2) in three parts, and fractions in two.

    The products of the first two parts with every exponent are exact.
    """
    with mp.workdps(60):
        two = mpmath.log(2)
        first = mpmath.floor(two * 2**40) / 2**40
        second = mpmath.floor((two - first) * 2**74) / 2**74
        parts = {"LOG2_FIRST": first, "LOG2_SECOND": second, "LOG2_THIRD": two - first - second}
        for name, (above, below) in EXACT.items():
            high = float(mpf(above) / below)
            parts |= {f"{name}_HIGH": high, f"{name}_LOW": mpf(above) / below - high}
        return [
            f"static const double {name}_pair = {_literal(number, 'pair')};"
            for name, number in parts.items()
        ]


def _literal(number, kind: str) -> str:
    return ROUNDED[kind](number).hex() + ("f" if kind == "float" else "")


def header() -> str:
    """`coefficients.h`."""
    lines = [
        "/* Written by `make generate` from lossbook/codegen/cpp/coefficients.py. Do not edit. */"
    ]
    lines += _constants("double", 32) + _constants("float", 15) + _constants_of_pairs()
    for (kind, name), numbers in coefficients().items():
        text = _in_pairs([_literal(number, kind) for number in reversed(numbers)])
        kind, name = ("double", f"{name}_tail") if kind == "pair" else (kind, name)
        lines.append(
            f"FOR({kind}) INSIDE(T) {name}_polynomial(T x) {{ const T z = x * x; return {text}; }}"
        )
    return "\n".join(lines) + "\n"


def _in_pairs(numbers: list[str]) -> str:
    """A polynomial in x by its coefficients, the lowest first; z is x².

    Half as many steps depend on each other as in Horner's scheme.
    """
    first = f"mul_add(x, {numbers[1]}, {numbers[0]})" if len(numbers) > 1 else numbers[0]
    return first if len(numbers) <= 2 else f"mul_add(z, {_in_pairs(numbers[2:])}, {first})"
