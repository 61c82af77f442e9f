"""Units in the last place, against NumPy's and torch's own spacing."""

import math

import mpmath
import numpy as np
import pytest
import torch

from lossbook.numerics.ulp import FORMATS, is_false_zero, overflows, ulp, ulp_error

TORCH = {name: getattr(torch, name) for name in FORMATS}


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_the_spacing_is_that_of_numpy(dtype):
    rng = np.random.default_rng(0)
    kind = np.dtype(dtype).type
    info = np.finfo(kind)
    numbers = np.exp(
        rng.uniform(math.log(float(info.smallest_subnormal)), math.log(float(info.max)), 300)
    ).astype(kind)
    for number in [*numbers, info.smallest_subnormal, info.tiny, info.max / 2, kind(1), kind(0)]:
        assert ulp(float(number), dtype) == float(np.spacing(number))
    assert ulp(float(info.max), dtype) == 2 * ulp(float(info.max) / 4, dtype) * 2


@pytest.mark.parametrize("dtype", list(FORMATS))
def test_the_spacing_is_that_of_torch(dtype):
    kind = TORCH[dtype]
    for number in (1.0, 3.7, 2.0**-20, torch.finfo(kind).tiny):
        here = torch.tensor(number, dtype=kind)
        above = torch.nextafter(here, torch.tensor(math.inf, dtype=kind))
        assert ulp(here.item(), kind) == above.item() - here.item()


def test_the_neighbouring_number_is_one_ulp_away():
    assert ulp_error(np.nextafter(1.0, 2), 1, "float64") == 1
    assert ulp_error(1.0, 1, "float64") == 0
    assert ulp_error(0.0, mpmath.mpf("5e-324"), "float64") == pytest.approx(1, abs=0.02)
    assert ulp_error(1.0, -1, np.float32) == 2**24


def test_errors_of_infinities_and_nan():
    huge, inf = mpmath.mpf(10) ** 400, math.inf
    assert ulp_error(math.nan, 1, "float64") == inf
    assert ulp_error(inf, 1, "float64") == inf
    assert ulp_error(inf, huge, "float64") == 0
    assert ulp_error(-inf, huge, "float64") == inf
    assert ulp_error(1e308, huge, "float64") == inf
    assert ulp_error(65504.0, 65519, "float16") < 0.5
    assert not overflows(65519, "float16")
    assert ulp_error(inf, 65520, "float16") == 0
    assert overflows(65520, "float16")


def test_false_zeros_are_told_from_true_ones():
    assert is_false_zero(0.0, 1e-300, "float64")
    assert not is_false_zero(0.0, 1e-300, "float32")
    assert not is_false_zero(0.0, mpmath.mpf(2) ** -1075, "float64")
    assert not is_false_zero(1e-320, 1e-300, "float64")
    assert not is_false_zero(0.0, 0, "float64")


def test_an_unknown_format_is_an_error():
    with pytest.raises(ValueError, match=r"dtype='int8': expected one of float64, float32"):
        ulp_error(1, 1, "int8")
