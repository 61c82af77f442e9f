"""Errors in units in the last place.

An error is the distance to the truth, divided by the spacing of the numbers of a dtype at the
truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import mpmath


@dataclass(frozen=True)
class Format:
    """A binary floating-point format.

    digits: of the significand, the hidden one included. least: the exponent of the smallest
    subnormal number. most: the exponent of the first power of two that is too large.
    """

    digits: int
    least: int
    most: int


FORMATS = {
    "float64": Format(53, -1074, 1024),
    "float32": Format(24, -149, 128),
    "float16": Format(11, -24, 16),
    "bfloat16": Format(8, -133, 128),
}


def format_of(dtype) -> Format:
    """The format of a NumPy or PyTorch dtype, or of one of the names in `FORMATS`."""
    name = getattr(dtype, "name", None) or str(dtype).removeprefix("torch.")
    if isinstance(dtype, type) and hasattr(dtype, "__name__"):
        name = dtype.__name__
    if name not in FORMATS:
        raise ValueError(f"dtype={dtype!r}: expected one of {', '.join(FORMATS)}")
    return FORMATS[name]


def ulp(truth, dtype) -> mpmath.mpf:
    """The spacing of the numbers of a dtype at `truth`, subnormal numbers included."""
    form = format_of(dtype)
    truth = abs(mpmath.mpf(truth))
    exponent = form.least if truth == 0 else max(mpmath.frexp(truth)[1] - form.digits, form.least)
    return mpmath.ldexp(1, min(exponent, form.most - form.digits))


def ulp_error(got, truth, dtype) -> float:
    """How far `got` is from `truth`, in units in the last place of `truth`.

    Infinity where `got` is NaN, or infinite while the truth rounds to a finite number; 0 where both
    overflow alike.
    """
    with mpmath.workprec(200):
        got, truth = mpmath.mpf(float(got)), mpmath.mpf(truth)
        if mpmath.isnan(got):
            return float("inf")
        if overflows(truth, dtype) or mpmath.isinf(got):
            same = mpmath.isinf(got) and overflows(truth, dtype) and (got > 0) == (truth > 0)
            return 0.0 if same else float("inf")
        return float(abs(got - truth) / ulp(truth, dtype))


def overflows(truth, dtype) -> bool:
    """Whether the truth, rounded to nearest, is infinite in that dtype."""
    form = format_of(dtype)
    largest_and_a_half = mpmath.ldexp(2 - mpmath.ldexp(1, -form.digits), form.most - 1)
    return abs(mpmath.mpf(truth)) >= largest_and_a_half


def is_false_zero(got, truth, dtype) -> bool:
    """Whether `got` is 0 although the truth does not round to 0 in that dtype."""
    return float(got) == 0 and abs(mpmath.mpf(truth)) > mpmath.ldexp(1, format_of(dtype).least - 1)
