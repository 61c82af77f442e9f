"""exp, log, log1p and power of the kernels against 50 digits, and polynomials that miss what is asked of them."""

import ctypes

import mpmath
import numpy as np
import pytest

from lossbook.native import compiler
from lossbook.native.cache import get_or_build

NAMES = ["exp", "log", "log1p", "log1p_to_one", "power"]
FUNCTIONS = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "log1p_to_one": mpmath.log1p,
}
# Relative errors. A double is rounded to float32 in the end, at 2**-24: 2**-32 is 0.004 of that unit, of the 0.01 that may
# be lost. The polynomial of exp has as few terms as reach it.
LARGEST = {
    np.float64: {
        "exp": 2**-32,
        "log": 2**-50,
        "log1p": 2**-50,
        "log1p_to_one": 2**-37,
        "power": 2**-32,
    },
    np.float32: {"exp": 2**-22, "log": 2**-22, "log1p": 2**-22, "log1p_to_one": 2**-22.5},
}
OF_PAIRS = 2**-63  # 0.001 units in the last place of a double
CASES = [(dtype, which) for dtype in LARGEST for which in FUNCTIONS]
# One function of a number type, by its position in NAMES, for every number of an array.
MAP = """
extern "C" void %s(int which, double r, const %s *x, %s *y, int64_t size) {
  SIMD for (int64_t n = 0; n < size; n++)
    y[n] = which == 0 ? %s(x[n]) : which == 1 ? log_(x[n]) : which == 2 ? log1p_(x[n])
         : which == 3 ? log1p_to_one(x[n]) : power(x[n], r, 0);
}
"""
MAPS = MAP % ("map_double", "double", "double", "exp_") + MAP % (
    "map_float",
    "float",
    "float",
    "exp_in_range",
)


@pytest.fixture(scope="module")
def source():
    return compiler.source("mse") + MAPS


def loaded(text):
    library = ctypes.CDLL(str(get_or_build(compiler.key(text), lambda: compiler.compiled(text))))

    def call(which, x, r=0.0):
        x = np.ascontiguousarray(x)
        y = np.empty_like(x)
        mapped = library.map_double if x.dtype == np.float64 else library.map_float
        pointers = (ctypes.c_void_p(a.ctypes.data) for a in (x, y))
        mapped(NAMES.index(which), ctypes.c_double(r), *pointers, ctypes.c_int64(x.size))
        return y

    return call


def arguments(which, dtype, count):
    rng = np.random.default_rng(1)
    lowest = -707 if dtype == np.float64 else -40
    if which == "exp":
        parts = [
            rng.uniform(lowest, 0, count),
            rng.uniform(-2, 2, count),
            -(10 ** rng.uniform(-20, 1.6, count)),
        ]
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
            float(abs((float(a) - b) / b)) if b else float(a != 0)
            for a, b in zip(call(which, x), exact, strict=True)
        )


@pytest.mark.parametrize(("dtype", "which"), CASES)
def test_against_50_digits(source, dtype, which):
    assert worst(loaded(source), which, dtype) < LARGEST[dtype][which]


@pytest.fixture(scope="module")
def source_of_pairs():
    return compiler.source("mse", "float64") + MAP % ("map_pair", "Pair", "Pair", "exp_")


def mapped_pairs(text, which, x, r=0.0):
    """A function of pairs, as rows (hi, lo)."""
    library = ctypes.CDLL(str(get_or_build(compiler.key(text), lambda: compiler.compiled(text))))
    x = np.ascontiguousarray(x)
    y = np.empty_like(x)
    pointers = (ctypes.c_void_p(a.ctypes.data) for a in (x, y))
    library.map_pair(NAMES.index(which), ctypes.c_double(r), *pointers, ctypes.c_int64(len(x)))
    return y


def pairs_of(which, count=300):
    """Arguments with a second part as large as it can be."""
    rng = np.random.default_rng(3)
    high = np.concatenate(
        [arguments(which, np.float64, count), 10 ** rng.uniform(-290, -5, 50) * (which != "exp")]
    )
    high = high[high != 0] if which == "log" else high
    return np.stack([high, rng.uniform(-0.5, 0.5, len(high)) * np.spacing(high)], 1)


def worst_of_pairs(text, which, r=0.0, x=None):
    x = pairs_of(which) if x is None else x
    function = FUNCTIONS.get(which, lambda a: a**r)
    with mpmath.workdps(50):
        exact = [function(mpmath.mpf(float(a)) + float(b)) for a, b in x]
        got = [mpmath.mpf(float(a)) + float(b) for a, b in mapped_pairs(text, which, x, r)]
        return max(
            float(abs((a - b) / b)) if b else float(a != 0) for a, b in zip(got, exact, strict=True)
        )


@pytest.mark.parametrize("which", FUNCTIONS)
def test_pairs_against_50_digits(source_of_pairs, which):
    x = pairs_of(which)
    if which == "exp":  # the second part of a smaller result is no longer a normal number
        x = x[x[:, 0] > -600]
    elif which != "log":
        x = x[x[:, 0] > 1e-260]
    assert worst_of_pairs(source_of_pairs, which, x=x) < OF_PAIRS


@pytest.mark.parametrize("r", [0.1, 0.5, 1, 1.7, 3, 5])
def test_power_of_pairs(source_of_pairs, r):
    high = 10 ** np.random.default_rng(2).uniform(-40, 0, 300)
    x = np.stack([high, 0.4 * np.spacing(high)], 1)
    assert worst_of_pairs(source_of_pairs, "power", r, x) < OF_PAIRS * max(
        1, 100 * r
    )  # an error of the logarithm grows


@pytest.mark.parametrize("which", ["exp", "log", "log1p"])
def test_pairs_at_the_limits(source_of_pairs, which):
    inf, nan = np.inf, np.nan
    of = {
        "exp": [0, -0.0, -inf, -1e300, -746, nan],
        "log": [1, 5e-324, nan],
        "log1p": [0, 5e-324, 1e-300, nan],
    }[which]
    wanted = {
        "exp": [1, 1, 0, 0, 0, nan],
        "log": [0, np.log(5e-324), nan],
        "log1p": [0, 5e-324, 1e-300, nan],
    }[which]
    got = mapped_pairs(source_of_pairs, which, np.stack([of, np.zeros(len(of))], 1))
    np.testing.assert_array_equal(got[:, 0], wanted)


def test_a_subnormal_result_is_rounded_once(source_of_pairs):
    x = np.stack([np.linspace(-745, -708, 500), np.zeros(500)], 1)
    got = mapped_pairs(source_of_pairs, "exp", x)[:, 0]
    with mpmath.workdps(50):
        exact = [mpmath.exp(mpmath.mpf(a)) for a in x[:, 0]]
        assert (
            max(float(abs(mpmath.mpf(a) - b)) for a, b in zip(got, exact, strict=True))
            <= 0.51 * 5e-324
        )


@pytest.mark.parametrize(
    ("which", "right", "wrong"),
    [
        ("exp", "n * LOG2_THIRD_pair", "0"),
        ("exp", "fourth.lo + EXP_4_LOW_pair", "fourth.lo"),
        ("log", "LOG2_SECOND_pair + LOG2_THIRD_pair", "LOG2_SECOND_pair * (1 + 0x1p-20)"),
        ("log1p", "either(n == 0, x,", "either(n == 7, x,"),
        ("log1p", "+ t * (z *", "+ Pair(t.hi) * (z *"),
    ],
)
def test_a_wrong_function_of_pairs_is_found(source_of_pairs, which, right, wrong):
    assert source_of_pairs.count(right) == 1
    assert worst_of_pairs(source_of_pairs.replace(right, wrong), which) > OF_PAIRS


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
    np.testing.assert_array_equal(
        call("exp", np.array([0, -0.0, -inf, -1e300, -709, nan])), [1, 1, 0, 0, 0, nan]
    )
    np.testing.assert_array_equal(call("log1p", np.array([0.0, nan])), [0, nan])
    np.testing.assert_array_equal(call("power", np.array([0.0, 0.5, 1, nan]), 0.0), [1, 1, 1, nan])
    np.testing.assert_array_equal(call("power", np.array([0.0, 1, nan]), 0.5), [0, 1, nan])


@pytest.mark.parametrize(
    ("which", "right", "wrong"),
    [
        ("exp", "0x1.62e42fefa39efp-1", "0x1.62e42fe000000p-1"),
        ("log", "0x1.5555555555555p-1", "0x1.5555550000000p-1"),
        ("log1p", "x - (y - 1)", "T{}"),
        ("log1p", "0x1.5555555555555p-1", "0x1.5555550000000p-1"),
        (
            "log1p_to_one",
            "return x * log1p_polynomial(x)",
            "return x * log1p_polynomial(x + 0x1p-30)",
        ),
    ],
)
def test_a_wrong_function_is_found(source, which, right, wrong):
    assert source.count(right) >= 1
    assert (
        worst(loaded(source.replace(right, wrong)), which, np.float64) > LARGEST[np.float64][which]
    )
