"""exp, log, log1p and power of the kernels against 50 digits, and polynomials that miss what is asked of them."""

import ctypes

import mpmath
import numpy as np
import pytest

from lossbook.native import compiler
from lossbook.native.cache import kept

FUNCTIONS = {"exp": mpmath.exp, "log": mpmath.log, "log1p": mpmath.log1p}
LARGEST = {"exp": 2**-33, "log": 2**-50, "log1p": 2**-50, "power": 2**-33}  # relative errors; float32 rounds at 2**-24


@pytest.fixture(scope="module")
def source():
    return compiler.source("mse")


def loaded(text):
    library = ctypes.CDLL(str(kept(compiler.key(text), lambda: compiler.compiled(text))))

    def call(which, x, r=0.0):
        x = np.ascontiguousarray(x)
        y = np.empty_like(x)
        double = ctypes.c_double
        number = ["exp", "log", "log1p", "power"].index(which)
        library.lossbook_map(
            number, double(r), *(ctypes.c_void_p(a.ctypes.data) for a in (x, y)), ctypes.c_int64(x.size)
        )
        return y

    return call


def arguments(which, count):
    rng = np.random.default_rng(1)
    if which == "exp":
        return np.concatenate(
            [rng.uniform(-707, 0, count), rng.uniform(-2, 2, count), -(10 ** rng.uniform(-20, 2, count))]
        )
    wide = 10 ** rng.uniform(-20, 6, count)
    near = 1 + rng.normal(0, 1e-3, count)
    return np.concatenate([wide, near] + ([10 ** rng.uniform(-300, 300, count)] if which != "log1p" else []))


def worst(call, which, count=400):
    x = arguments(which, count)
    with mpmath.workdps(50):
        exact = [FUNCTIONS[which](mpmath.mpf(float(a))) for a in x]
        return max(
            float(abs((float(a) - b) / b)) if b else float(a != 0) for a, b in zip(call(which, x), exact, strict=True)
        )


@pytest.mark.parametrize("which", FUNCTIONS)
def test_against_50_digits(source, which):
    assert worst(loaded(source), which) < LARGEST[which]


@pytest.mark.parametrize("r", [0.1, 0.5, 1, 1.7, 3, 5])
def test_power(source, r):
    x = 10 ** np.random.default_rng(2).uniform(-30, 0, 300)
    got = loaded(source)("power", x, r)
    with mpmath.workdps(50):
        exact = [mpmath.mpf(float(a)) ** mpmath.mpf(r) for a in x]
        assert max(float(abs((float(a) - b) / b)) for a, b in zip(got, exact, strict=True)) < LARGEST["power"]


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
        ("exp", "0x1.a39ef35793c76p-33", "0"),
        ("log", "0x1.5555555555555p-1", "0x1.5555550000000p-1"),
        ("log1p", "x - (y - 1)", "0"),
        ("log1p", "0x1.5555555555555p-1", "0x1.5555550000000p-1"),
    ],
)
def test_a_wrong_function_is_found(source, which, right, wrong):
    assert source.count(right) >= 1
    assert worst(loaded(source.replace(right, wrong)), which) > LARGEST[which]
