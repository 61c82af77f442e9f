"""Each stability rewrite is proved as an identity, and computed in float32 and float64 against 50 digits."""

import numpy as np
import pytest
from sympy import Symbol, limit, log

from lossbook import NotEqualError, prove_equal
from lossbook.calculus.evaluate import evaluate
from lossbook.calculus.nodes import Sum, Vec, bound_index, sigmoid, softmax
from lossbook.codegen.inputs import Inputs
from lossbook.codegen.program import Input
from lossbook.numerics import stabilise as rewrites
from lossbook.numerics.forms import EACH, log_ratio, plain
from lossbook.numerics.powers import LOG_RATIO, MEAN_OF_OTHERS, NONZERO
from lossbook.numerics.rewrite import a, b, p
from lossbook.numerics.stabilise import ALL, REWRITES, ZERO_TIMES_LOG, Rewrite, c, i, r, u, v, x

from ..codegen.compiled import function

LETTERS = {u: "logits", p: "array", r: "array", a: "array", b: "array"}


@pytest.mark.parametrize("rewrite", REWRITES, ids=lambda a: a.name)
def test_proved(rewrite):
    assert rewrite.kind == "identity"
    assert prove_equal(plain(rewrite.pattern), plain(rewrite.replacement)).proved


def test_the_limit_is_a_limit():
    assert ZERO_TIMES_LOG.kind == "limit"
    # equal wherever u is not 0; where it is, the replacement is the limit
    prove_equal(plain(ZERO_TIMES_LOG.pattern), plain(ZERO_TIMES_LOG.replacement))
    q = Symbol("q", positive=True)
    assert limit(q * log(q), q, 0) == 0
    assert plain(ZERO_TIMES_LOG.replacement).subs(u, 0) == 0


@pytest.mark.parametrize("rewrite", [LOG_RATIO, NONZERO], ids=lambda a: a.name)
def test_a_ratio_and_its_limit(rewrite):
    assert rewrite.kind == "limit"
    # equal wherever the divisor is not 0; where it is, it is replaced by 1
    assert prove_equal(plain(rewrite.pattern), plain(rewrite.replacement)).points
    assert plain(NONZERO.replacement).subs(u, 0) == 1


def test_the_ratio_of_logarithm_and_complement_tends_to_one():
    q = Symbol("q", positive=True)
    assert limit(plain(log_ratio(q)), q, 1, "-") == 1
    inputs = Inputs("test", None, {u: Input("u", "logits")})
    ratio = function(log_ratio(sigmoid(u)), inputs)(u=np.array([800.0, 700.0, 40.0, 0.0, -800.0]))
    np.testing.assert_allclose(ratio, [1, 1, 1, 2 * np.log(2), 800], rtol=1e-15)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_a_power_with_its_logarithm_is_finite_at_certainty(gamma):
    inputs = Inputs("test", None, {u: Input("u", "logits"), r: Input("r", "scalar")})
    at = (1 - sigmoid(u)) ** (r - 1) * (1 - sigmoid(u) - r * sigmoid(u) * log(sigmoid(u)))
    got = function(at, inputs)(u=np.array([800.0, 1e4, -1e4]), r=gamma)
    expected = [1 + gamma if gamma == 0 else 0] * 2 + [1]
    np.testing.assert_array_equal(got, expected)


def test_a_planted_wrong_rewrite_is_refused():
    wrong = rewrites.LOG_SIGMOID
    wrong = Rewrite(wrong.name, wrong.pattern, -wrong.replacement, wrong.domain, wrong.why, wrong.find)
    with pytest.raises(NotEqualError):
        prove_equal(plain(wrong.pattern), plain(wrong.replacement))


def test_every_rewrite_says_why():
    assert len({a.name for a in ALL}) == len(ALL)
    assert all(a.domain and a.why for a in ALL)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rewrite", [a for a in REWRITES if not a.pattern.has(x, c)], ids=lambda a: a.name)
def test_accurate_for_numbers(rewrite, dtype):
    inputs = Inputs("test", None, {letter: Input(str(letter), role) for letter, role in LETTERS.items()})
    rng = np.random.default_rng(0)
    size = 10 ** rng.uniform(-8, 1.8, 300)
    values = (size if rewrite is rewrites.LOG1P else size * rng.choice([-1, 1], 300)).astype(dtype)
    letters = {letter: rng.uniform(0.5, 2, 300).astype(dtype) for letter in (r, a)}
    letters |= {b: rng.choice([0, 1], 300).astype(dtype), p: rng.uniform(0.01, 0.99, 300).astype(dtype), u: values}
    if rewrite is rewrites.POWER_OF_COMPLEMENT:  # both terms of one sign, as in a gradient
        letters[b] = -letters[r]
    got = function(rewrite.pattern, inputs)(**{str(letter): value for letter, value in letters.items()})
    assert got.dtype == dtype
    points = [dict(zip(letters, row, strict=True)) for row in np.array(list(letters.values()), float).T.tolist()]
    expected = [float(evaluate(rewrite.pattern, point)) for point in points]
    ordinary = np.abs(expected) > np.finfo(dtype).tiny
    np.testing.assert_allclose(got[ordinary], np.array(expected)[ordinary], rtol=12 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rewrite", [a for a in REWRITES if a.pattern.has(x, c)], ids=lambda a: a.name)
def test_accurate_for_vectors(rewrite, dtype):
    K = rewrites.K
    letters = {x: "logits", c: "array", v: "array", r: "scalar", a: "scalar"}
    inputs = Inputs("test", K, {a: Input(str(a), role) for a, role in letters.items()})
    rng = np.random.default_rng(1)
    for spread in (1e-3, 1, 20):
        arguments = {
            "x": (spread * rng.normal(size=4)).astype(dtype),
            "c": np.eye(4, dtype=dtype)[1] + rng.uniform(1e-9, 1e-7, 4).astype(dtype),
            "v": rng.normal(size=4).astype(dtype),
        }
        if rewrite is MEAN_OF_OTHERS:  # for one class in each row only
            inputs = Inputs("test", K, {x: Input("x", "logits"), **inputs.by_symbol, i: Input("i", "class index")})
            f = function(rewrite.pattern, inputs)
            got = np.array([f(**arguments, i=np.array(n), r=0.75, a=1.25) for n in range(4)])
        else:
            got = function(rewrite.pattern.xreplace({i: EACH}), inputs)(**arguments, r=0.75, a=1.25)
        at = {K: 4, r: 0.75, a: 1.25} | {a: arguments[str(a)].tolist() for a in (x, c, v)}
        expected = [float(evaluate(rewrite.pattern, {**at, i: n})) for n in (1, 2, 3, 4)]
        # the rounding of x - max x is not cured here: it costs |x| units in the last place
        limit = (8 + 4 * np.ptp(arguments["x"])) * np.finfo(dtype).eps
        assert got.dtype == dtype
        kept = np.abs(expected) if not rewrite.pattern.has(v, c) else np.max(np.abs(expected))
        assert np.all(np.abs(got.reshape(-1) - expected) <= limit * kept + np.finfo(dtype).tiny)


def test_nothing_times_minus_infinity_is_nothing():
    K = rewrites.K
    inputs = Inputs("test", K, {x: Input("x", "logits"), c: Input("c", "array")})
    n = bound_index()
    f = function(Sum(Vec(c[n] * log(softmax(x, n)), n, K)), inputs)
    assert f(x=np.array([0.0, -np.inf, 0.0]), c=np.array([0.5, 0.0, 0.5])) == pytest.approx(-np.log(2), rel=1e-15)
