"""exp, log, log1p and power of the kernels against 50 digits, and polynomials that miss what is asked of them."""

import ctypes

import mpmath
import numpy as np
import pytest

from lossbook.native import compiler
from lossbook.native.cache import kept

NAMES = ["exp", "log", "log1p", "log1p_to_one", "power"]
FUNCTIONS = {"exp": mpmath.exp, "log": mpmath.log, "log1p": mpmath.log1p, "log1p_to_one": mpmath.log1p}
# Relative errors. A double is rounded to float32 in the end, at 2**-24: 2**-32 is 0.004 of that unit, of the 0.01 that may
# be lost. The polynomial of exp has as few terms as reach it.
LARGEST = {
    np.float64: {"exp": 2**-32, "log": 2**-50, "log1p": 2**-50, "log1p_to_one": 2**-37, "power": 2**-32},
    np.float32: {"exp": 2**-22, "log": 2**-22, "log1p": 2**-22, "log1p_to_one": 2**-22.5},
}
CASES = [(dtype, which) for dtype in LARGEST for which in FUNCTIONS]


@pytest.fixture(scope="module")
def source():
    return compiler.source("mse")


def loaded(text):
    library = ctypes.CDLL(str(kept(compiler.key(text), lambda: compiler.compiled(text))))

    def call(which, x, r=0.0):
        x = np.ascontiguousarray(x)
        y = np.empty_like(x)
        mapped = library.lossbook_map if x.dtype == np.float64 else library.lossbook_map_float
        pointers = (ctypes.c_void_p(a.ctypes.data) for a in (x, y))
        mapped(NAMES.index(which), ctypes.c_double(r), *pointers, ctypes.c_int64(x.size))
        return y

    return call


def arguments(which, dtype, count):
    rng = np.random.default_rng(1)
    lowest = -707 if dtype == np.float64 else -40
    if which == "exp":
        parts = [rng.uniform(lowest, 0, count), rng.uniform(-2, 2, count), -(10 ** rng.uniform(-20, 1.6, count))]
    elif which == "log1p_to_one":
        parts = [rng.uniform(0, 1, count), 10 ** rng.uniform(-20, 0, count)]
    else:
        parts = [10 ** rng.uniform(-20, 6, count), 1 + rng.normal(0, 1e-3, count)]
        if which == "log" and dtype == np.float64:
            parts.append(10 ** rng.uniform(-300, 300, count))
    return np.concatenate(parts).astype(dtype)


def worst(call, which, dtype, count=400):
    x = arguments(which, dtype, count)
    with mpmath.workdps(50):
        exact = [FUNCTIONS[which](mpmath.mpf(float(a))) for a in x]
        return max(
            float(abs((float(a) - b) / b)) if b else float(a != 0) for a, b in zip(call(which, x), exact, strict=True)
        )


@pytest.mark.parametrize(("dtype", "which"), CASES)
def test_against_50_digits(source, dtype, which):
    assert worst(loaded(source), which, dtype) < LARGEST[dtype][which]


@pytest.mark.parametrize("dtype", LARGEST)
@pytest.mark.parametrize("r", [0.1, 0.5, 1, 1.7, 3, 5])
def test_power(source, r, dtype):
    x = (10 ** np.random.default_rng(2).uniform(-7, 0, 300)).astype(dtype)
    got = loaded(source)("power", x, r)
    bar = LARGEST[np.float64]["power"] if dtype == np.float64 else 2**-23
    with mpmath.workdps(50):
        exact = [mpmath.mpf(float(a)) ** mpmath.mpf(r) for a in x]
        assert max(float(abs((float(a) - b) / b)) for a, b in zip(got, exact, strict=True)) < bar


def test_limits(source):
    call = loaded(source)
    inf, nan = np.inf, np.nan
    np.testing.assert_array_equal(call("exp", np.array([0, -0.0, -inf, -1e300, -709, nan])), [1, 1, 0, 0, 0, nan])
    np.testing.assert_array_equal(call("log1p", np.array([0.0, nan])), [0, nan])
    np.testing.assert_array_equal(call("power", np.array([0.0, 0.5, 1, nan]), 0.0), [1, 1, 1, nan])
    np.testing.assert_array_equal(call("power", np.array([0.0, 1, nan]), 0.5), [0, 1, nan])


@pytest.mark.parametrize(
    ("which", "right", "wrong"),
    [
        ("exp", "0x1.62e42fefa39efp-1", "0x1.62e42fe000000p-1"),
        ("log", "0x1.5555555555555p-1", "0x1.5555550000000p-1"),
        ("log1p", "x - (y - 1)", "0"),
        ("log1p", "0x1.5555555555555p-1", "0x1.5555550000000p-1"),
        ("log1p_to_one", "return x * log1p_polynomial(x)", "return x * log1p_polynomial(x + 0x1p-30)"),
    ],
)
def test_a_wrong_function_is_found(source, which, right, wrong):
    assert source.count(right) >= 1
    assert worst(loaded(source.replace(right, wrong)), which, np.float64) > LARGEST[np.float64][which]
