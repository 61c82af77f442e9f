"""Pairs of float64 against mpmath, in NumPy and in torch."""

import mpmath
import numpy as np
import pytest
import torch

from lossbook.numerics import pairs
from lossbook.numerics.double_double import DoubleDouble

LIBRARIES = {"numpy": np.asarray, "torch": torch.as_tensor}
COUNT = 400
SMALLEST = mpmath.mpf(2) ** -900

ELEMENTARY = {
    "exp": (mpmath.exp, [(1e-20, 1e-3), (1e-3, 1), (1, 700)], "both", -73),
    "expm1": (mpmath.expm1, [(1e-250, 1e-3), (0.005, 0.02), (1e-3, 1), (1, 700)], "both", -66),
    "log1p": (mpmath.log1p, [(1e-250, 1e-3), (1e-3, 1), (1, 1e6)], "positive", -66),
    "log": (
        mpmath.log,
        [(1e-320, 1e-300), (1e-300, 1), (0.5, 2), (1 - 1e-9, 1 + 1e-9), (1, 1e300)],
        "positive",
        -66,
    ),
    "tanh": (mpmath.tanh, [(1e-250, 1e-3), (1e-3, 3), (3, 400)], "both", -66),
}
BINARY = {
    "add": lambda a, b: a + b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
}


@pytest.fixture(autouse=True)
def digits():
    with mpmath.workdps(80), np.errstate(all="ignore"):
        yield


def numbers(rng, low, high, signs="both"):
    """Pairs whose first numbers are log-uniform."""
    x = np.exp(rng.uniform(np.log(low), np.log(high), COUNT))
    x = x * rng.choice([-1, 1], COUNT) if signs == "both" else x
    return pairs.fast_two_sum(x, x * rng.uniform(-0.5, 0.5, COUNT) * 2.0**-53)


def exact(pair):
    return [mpmath.mpf(float(a)) + mpmath.mpf(float(b)) for a, b in zip(*pair, strict=True)]


def worst(pair, truth):
    """The largest relative error, as a power of two; below 2**-900 only that of the rounded number."""
    errors = [mpmath.mpf(2) ** -200]
    for got, high, want in zip(exact(pair), pair[0], truth, strict=True):
        if abs(want) > SMALLEST:
            errors.append(abs(got - want) / abs(want))
        else:
            assert (
                abs(mpmath.mpf(float(high)) - want)
                <= abs(want) * mpmath.mpf(2) ** -52 + mpmath.mpf(2) ** -1074
            )
    return float(mpmath.log(max(errors), 2))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_functions_are_right_to_their_bounds(name, library):
    truth, ranges, signs, bar = ELEMENTARY[name]
    rng = np.random.default_rng(len(name))
    for low, high in ranges:
        x = numbers(rng, low, high, signs)
        got = getattr(pairs, name)(tuple(map(LIBRARIES[library], x)))
        assert worst(got, [truth(a) for a in exact(x)]) < bar, (low, high)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", BINARY)
def test_arithmetic_is_right_to_its_bounds(name, library):
    rng = np.random.default_rng(len(name))
    for low, high in [(1e-130, 1e130), (0.5, 2)]:
        x, y = numbers(rng, low, high), numbers(rng, low, high)
        got = getattr(pairs, name)(*(tuple(map(LIBRARIES[library], a)) for a in (x, y)))
        assert (
            worst(got, [BINARY[name](a, b) for a, b in zip(exact(x), exact(y), strict=True)]) < -96
        )


@pytest.mark.parametrize("name", ["multiply", "divide"])
def test_small_results_are_rounded_once(name):
    rng = np.random.default_rng(4)
    x, y = numbers(rng, 2.0**-997, 2.0**-905), numbers(rng, 0.5, 2)
    got = getattr(pairs, name)(x, y)[0]
    truth = [BINARY[name](a, b) for a, b in zip(exact(x), exact(y), strict=True)]
    assert (
        max(abs(float(a) - b) / np.spacing(abs(a)) for a, b in zip(got, truth, strict=True))
        < 0.5001
    )


def test_a_sum_that_cancels_is_accurate():
    x = numbers(np.random.default_rng(0), 0.5, 2)
    near = (-x[0], -x[1] * 0.75)
    assert (
        worst(pairs.add(x, near), [a + b for a, b in zip(exact(x), exact(near), strict=True)]) < -50
    )


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_sums_along_an_axis_are_accurate(library, size):
    rng = np.random.default_rng(size)
    x = tuple(
        a.reshape(-1, 1)[:size] if size < COUNT else np.tile(a, 3)[:size, None]
        for a in numbers(rng, 1e-9, 1e9)
    )
    got = pairs.sum_along(tuple(map(LIBRARIES[library], x)), 0)
    flat = tuple(a[:, 0] for a in x)
    want = mpmath.fsum(exact(flat))
    assert (
        abs(exact(tuple(a[:, 0] for a in got))[0] - want)
        < mpmath.fsum(map(abs, exact(flat))) * mpmath.mpf(2) ** -95
    )


def test_an_empty_sum_is_zero():
    assert pairs.sum_along((np.zeros((0, 2)), np.zeros((0, 2))), 0)[0].tolist() == [[0, 0]]


@pytest.mark.parametrize("library", LIBRARIES)
def test_infinities_and_nan_are_those_of_float64(library):
    make = LIBRARIES[library]
    inf, nan = np.inf, np.nan
    x = make(np.array([-inf, inf, nan, 0.0]))

    def of(name, *more):
        return [float(a) for a in getattr(pairs, name)((x, make(np.zeros(4))), *more)[0]]

    np.testing.assert_equal(of("exp"), [0, inf, nan, 1])
    np.testing.assert_equal(of("expm1"), [-1, inf, nan, 0])
    np.testing.assert_equal(of("tanh"), [-1, 1, nan, 0])
    np.testing.assert_equal(of("log1p"), [nan, inf, nan, 0])
    np.testing.assert_equal(of("log"), [nan, inf, nan, -inf])
    np.testing.assert_equal(of("add", (1.0, 0.0)), [-inf, inf, nan, 1])
    np.testing.assert_equal(
        of("multiply", (make(np.full(4, 2.0)), make(np.zeros(4)))), [-inf, inf, nan, 0]
    )
    np.testing.assert_equal(
        of("divide", (make(np.zeros(4)), make(np.zeros(4)))), [-inf, inf, nan, nan]
    )


def test_products_that_overflow_or_underflow():
    big, small = (np.array([1e300]), np.array([0.0])), (np.array([3e-320]), np.array([0.0]))
    assert pairs.multiply(big, (np.array([2.0]), np.array([0.0])))[0] == 2e300
    assert pairs.multiply(small, (np.array([0.5]), np.array([0.0])))[0] == 3e-320 * 0.5
    assert pairs.multiply(big, big)[0] == np.inf


@pytest.mark.parametrize("power", [0, 0.5, 1, 1.7, 2, 3, 5, 8, 9, 12.25])
def test_powers_are_accurate(power):
    x = numbers(np.random.default_rng(3), 1e-30, 1, "positive")
    got = DoubleDouble(*x) ** power
    assert worst(got.pair, [a ** mpmath.mpf(power) for a in exact(x)]) < -62
    assert (DoubleDouble(np.zeros(1)) ** power).hi == (power == 0)


def test_an_unsupported_function_is_named():
    with pytest.raises(TypeError, match="sinh: a double-double has no such function"):
        np.sinh(DoubleDouble(np.ones(2)))
    with pytest.raises(TypeError, match="sort: a double-double has no such function"):
        np.sort(DoubleDouble(np.ones(2)))
