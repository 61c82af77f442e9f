"""Each stability rewrite is proved as an identity, and computed in float32 and float64 against 50 digits."""

import numpy as np
import pytest
from sympy import Symbol, limit, log

from lossbook import NotEqualError, prove_equal
from lossbook.calculus.evaluate import evaluate
from lossbook.calculus.nodes import Sum, Vec, bound_index, softmax
from lossbook.codegen.inputs import Inputs
from lossbook.codegen.program import Input
from lossbook.numerics import stabilise as rewrites
from lossbook.numerics.forms import EACH, plain
from lossbook.numerics.stabilise import ALL, REWRITES, ZERO_TIMES_LOG, Rewrite, c, i, r, u, v, x

from ..codegen.compiled import function


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
    inputs = Inputs("test", None, {u: Input("u", "logits"), r: Input("r", "array")})
    rng = np.random.default_rng(0)
    size = 10 ** rng.uniform(-8, 1.8, 300)
    values = (size if rewrite is rewrites.LOG1P else size * rng.choice([-1, 1], 300)).astype(dtype)
    factor = rng.uniform(0.5, 2, 300).astype(dtype)
    got = function(rewrite.pattern, inputs)(u=values, r=factor)
    assert got.dtype == dtype
    expected = [
        float(evaluate(rewrite.pattern, {u: a, r: b})) for a, b in zip(values.tolist(), factor.tolist(), strict=True)
    ]
    ordinary = np.abs(expected) > np.finfo(dtype).tiny
    np.testing.assert_allclose(got[ordinary], np.array(expected)[ordinary], rtol=12 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rewrite", [a for a in REWRITES if a.pattern.has(x, c)], ids=lambda a: a.name)
def test_accurate_for_vectors(rewrite, dtype):
    K = rewrites.K
    letters = {x: "logits", c: "array", v: "array", r: "scalar"}
    inputs = Inputs("test", K, {a: Input(str(a), role) for a, role in letters.items()})
    rng = np.random.default_rng(1)
    for spread in (1e-3, 1, 20):
        arguments = {
            "x": (spread * rng.normal(size=4)).astype(dtype),
            "c": np.eye(4, dtype=dtype)[1] + rng.uniform(1e-9, 1e-7, 4).astype(dtype),
            "v": rng.normal(size=4).astype(dtype),
        }
        got = function(rewrite.pattern.xreplace({i: EACH}), inputs)(**arguments, r=0.75)
        at = {K: 4, r: 0.75} | {a: arguments[str(a)].tolist() for a in (x, c, v)}
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
