"""Formulas computed as they are written: one rounding for each operation, the same on every machine."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from sympy import Function, IndexedBase, KroneckerDelta, Max, Piecewise, Symbol, exp, log, tanh

from lossbook.book import show
from lossbook.expr.nodes import Sum, Vec, bound_index, sigmoid
from lossbook.notation import K
from lossbook.numerics import rewrites
from lossbook.numerics.as_written import as_written
from lossbook.numerics.nodes import ArgMax, Grouped, expm1, log1p
from lossbook.numerics.ulp import ulp_error

a, b = Symbol("a", real=True), Symbol("b", real=True)
x = IndexedBase("x", shape=(K,), real=True)
i = Symbol("i", integer=True, positive=True)
DTYPES = (np.float32, np.float64)


@pytest.mark.parametrize("dtype", DTYPES)
def test_each_operation_is_rounded_to_nearest(dtype):
    rng = np.random.default_rng(0)
    for u, v in rng.uniform(0.1, 3, (200, 2)).astype(dtype):
        exact_u, exact_v = Fraction(float(u)), Fraction(float(v))
        for expr, truth in (
            (a + b, exact_u + exact_v),
            (a * b, exact_u * exact_v),
            (a / b, exact_u / exact_v),
        ):
            got = as_written(expr, {a: u, b: v}, dtype)
            assert got.dtype == dtype
            assert (
                ulp_error(got, mpmath.mpf(truth.numerator) / truth.denominator, dtype) <= 0.5 + 1e-9
            )
        for function, reference in (
            (exp, mpmath.exp),
            (log, mpmath.log),
            (tanh, mpmath.tanh),
            (log1p, mpmath.log1p),
            (expm1, mpmath.expm1),
        ):
            with mpmath.workdps(50):
                truth = reference(mpmath.mpf(float(u)))
            assert ulp_error(as_written(function(a), {a: u}, dtype), truth, dtype) <= 0.5 + 1e-6
        with mpmath.workdps(50):
            truth = mpmath.mpf(float(u)) ** mpmath.mpf(float(v))
        assert ulp_error(as_written(a**b, {a: u, b: v}, dtype), truth, dtype) <= 0.5 + 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
def test_formulas_are_not_rearranged(dtype):
    assert as_written(log(1 + a), {a: 1e-20}, dtype) == 0
    assert as_written(log1p(a), {a: 1e-20}, dtype) == dtype(1e-20)
    assert as_written(1 - sigmoid(a), {a: 50}, dtype) == 0
    assert np.isinf(as_written(exp(a), {a: 1000}, dtype))
    assert np.isnan(as_written(a * exp(b), {a: 0, b: 1000}, dtype))
    assert as_written(log(a), {a: 0}, dtype) == -np.inf
    assert as_written(a ** (b - 1), {a: 0, b: 0.5}, dtype) == np.inf


def test_sums_cases_and_the_largest_class_are_computed():
    k = bound_index()
    point = {K: 3, x: [1.0, 4.0, 2.0], i: 2}
    others = Sum(Vec((1 - KroneckerDelta(k, i)) * x[k], k, K))
    assert as_written(others, point) == 3
    assert as_written(x[ArgMax(x)] - x[i], point) == 0
    assert as_written(Piecewise((1, a >= 0), (-1, True)), {a: -2.0}) == -1
    assert as_written(Max(a, 0) + Grouped(a - 1), {a: 2.0}) == 3


def test_an_error_names_an_unknown_node():
    with pytest.raises(TypeError, match="no meaning in floating point is known for f in f"):
        as_written(Function("f")(a), {a: 1.0})


def test_a_rewrite_on_a_page_shows_both_sides_and_their_errors():
    page = show.rewrite(rewrites.POWER_OF_COMPLEMENT)
    assert "proved" in page.text
    assert "p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}sigmoid(50)" in page.text
    assert "| float32 | nan | " in page.text
    assert "lb-proved" in page.html
    assert show.rewrite(rewrites.ALL_BUT_ONE).html.count("<table") == 0
    assert [show.in_short(e) for e in (0.123, 999, 12345.0, 3e15, float("inf"))] == [
        "0.12",
        "999.00",
        "1e4",
        "3e15",
        "∞",
    ]
