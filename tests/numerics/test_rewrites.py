"""Each stability rewrite is proved as an identity, and computed in float32 and float64 against 50 digits."""

import re
from dataclasses import replace
from pathlib import Path

import mpmath
import numpy as np
import pytest
from sympy import Abs, Eq, Integer, Piecewise, Rational, Symbol, limit, log

from lossbook import NotEqualError, prove_equal
from lossbook.calculus.evaluate import evaluate
from lossbook.codegen.inputs import Inputs
from lossbook.codegen.program import Input
from lossbook.expr.nodes import Sum, Vec, bound_index, sigmoid, softmax, softplus
from lossbook.notation import K, i, v
from lossbook.numerics import rewrites
from lossbook.numerics.as_written import as_written, trial
from lossbook.numerics.nodes import EACH, ArgMax, Closed, log_ratio, nonzero, plain
from lossbook.numerics.rewrites import (
    ALL,
    CASES,
    LOG_RATIO,
    MEAN_OF_OTHERS,
    NONZERO,
    REWRITES,
    ZERO_TIMES_LOG,
    Applied,
    stabilised,
)
from lossbook.numerics.rewrites.rewrite import a, b, c, p, r, u, x
from lossbook.numerics.ulp import is_false_zero, ulp_error

from ..codegen.compiled import function

ROOT = Path(__file__).resolve().parents[2]
LETTERS = {u: "logits", p: "array", r: "array", a: "array", b: "array"}


DTYPES = [np.float32, np.float64]
KINDS = {LOG_RATIO: "limit", ZERO_TIMES_LOG: "limit", NONZERO: "guard"}
# What these cure is a cost, a division by what may be 0, and a formula that is two: no value of theirs is wrong as written.
NO_FAILURE = {rewrites.ALL_BUT_ONE, NONZERO, CASES, *rewrites.BOUNDED}
WITHIN = 4  # units in the last place


@pytest.mark.parametrize("rewrite", ALL, ids=lambda a: a.name)
def test_a_rewrite_is_proved(rewrite):
    assert rewrite.kind == KINDS.get(rewrite, "identity")
    assert rewrite.proof.proved
    # a limit and a guard say more than that, in a case of their own; there both are judged below
    assert (rewrite.kind == "identity") or rewrite.replacement.has(Eq)


@pytest.mark.parametrize("rewrite", ALL, ids=lambda a: a.name)
def test_a_wrong_replacement_is_refused(rewrite):
    """Another sign, another factor, a term too many: each must be refused, with a point where the sides differ."""
    for wrong in (
        -rewrite.replacement,
        2 * rewrite.replacement,
        rewrite.replacement + Rational(1, 1000),
    ):
        with pytest.raises(NotEqualError):
            _ = replace(rewrite, replacement=wrong).proof


def test_only_a_true_instance_is_proved_with_its_rewrite():
    softplus_of = rewrites.SOFTPLUS
    before = softplus(-u)
    after = softplus_of.apply(before)
    # the prover alone knows no way from |-u| to the cases of u
    assert not prove_equal(plain(before), plain(after)).proved
    assert Applied(softplus_of, before, after).evidence().proved
    # equal too, and not what the rewrite gives
    other = after + sigmoid(Abs(u)) - Piecewise((sigmoid(u), u >= 0), (1 - sigmoid(u), True))
    assert not Applied(softplus_of, before, other).evidence().proved
    with pytest.raises(NotEqualError):
        Applied(softplus_of, before, softplus_of.apply(softplus(u))).evidence()


@pytest.mark.parametrize("rewrite", [LOG_RATIO, ZERO_TIMES_LOG], ids=lambda a: a.name)
def test_the_special_case_of_a_limit_is_the_limit(rewrite):
    """By SymPy, and by 50 digits ever nearer to it."""
    letter, at, rest = {LOG_RATIO: (p, 1, {}), ZERO_TIMES_LOG: (r, 0, {u: 0})}[rewrite]
    pattern, special = (e.xreplace(rest) for e in (plain(rewrite.pattern), rewrite.replacement))
    special = special.replace(
        lambda e: isinstance(e, nonzero), lambda e: NONZERO.replacement.xreplace({u: e.args[0]})
    )
    value = plain(special.replace(lambda e: isinstance(e, Closed), lambda e: e.args[0])).subs(
        letter, at
    )
    assert limit(pattern, letter, at, "-" if at else "+") == value
    distances = [
        abs(evaluate(pattern, {letter: mpmath.mpf(at) + (-d if at else d)}) - value)
        for d in (1e-3, 1e-6, 1e-9)
    ]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-8


def test_a_guarded_divisor_of_zero_is_one():
    """What is then divided by it is judged at the failures of `LOG_RATIO` and `MEAN_OF_OTHERS`, where 1 - p is 0."""
    guarded = NONZERO.replacement
    assert [as_written(guarded, {u: value}) for value in (0.0, 5e-324, -3.0)] == [1, 5e-324, -3]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rewrite", [a for a in ALL if a not in NO_FAILURE], ids=lambda a: a.name)
def test_the_pattern_fails_and_the_replacement_holds(rewrite, dtype):
    """As written it is off by thousands of units in the last place, a false zero, or not a number."""
    trials = [trial(rewrite, failure, dtype) for failure in rewrite.fails]
    without = [trial(rewrite, failure, dtype, without=[rewrite]) for failure in rewrite.fails]
    assert any(_lost(t.written, t.truth, dtype) for t in trials)
    for t in trials:
        assert t.stabilised.dtype == t.written.dtype == dtype
        assert ulp_error(t.stabilised, t.truth, dtype) <= WITHIN, t
    # and no other rewrite would have done: this one is needed
    assert any(_lost(t.stabilised, t.truth, dtype) for t in without)


def _lost(got, truth, dtype) -> bool:
    return ulp_error(got, truth, dtype) > 1000 or is_false_zero(got, truth, dtype)


@pytest.mark.parametrize("rewrite", sorted(NO_FAILURE, key=lambda a: a.name), ids=lambda a: a.name)
def test_a_rewrite_names_a_point_where_its_pattern_fails(rewrite):
    assert not rewrite.fails


@pytest.mark.parametrize("dtype", DTYPES)
def test_all_but_one_cancels_only_if_the_largest_is_left_out(dtype):
    """Why it is not the sum less c[i] throughout."""
    point = {K: 3, c: [1, 2.0**-60, 2.0**-60], EACH: 1}
    truth = evaluate(rewrites.ALL_BUT_ONE.pattern.xreplace({i: EACH}), point)
    assert as_written(Sum(c) - c[EACH], point, dtype) == 0
    got = as_written(stabilised(rewrites.ALL_BUT_ONE.pattern.xreplace({i: EACH})), point, dtype)
    assert got == truth == 2.0**-59


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


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rewrite", rewrites.BOUNDED, ids=lambda a: a.name)
def test_bounded_logits_lose_nothing(rewrite, dtype):
    """Beyond the bound they do, which is why a kernel checks it."""
    inputs = Inputs("test", K, {x: Input("x", "logits"), i: Input("i", "class index")})
    f = function(rewrite.replacement, inputs)
    rng = np.random.default_rng(3)
    for spread in (1e-3, 1, 30):
        logits = (spread * rng.uniform(-1, 1, 5)).astype(dtype)
        for n in range(5):
            truth = evaluate(rewrite.pattern, {K: 5, x: logits.tolist(), i: n + 1})
            assert ulp_error(f(x=logits, i=np.array(n)).reshape(()), truth, dtype) <= 8
    with np.errstate(all="ignore"):
        assert not np.isfinite(f(x=np.array([2000, 1999], dtype), i=np.array(0)))


def test_every_rewrite_states_its_reason_and_source():
    assert len({a.name for a in ALL}) == len(ALL)
    assert all(a.domain and a.why for a in ALL)
    assert {a.source for a in ALL} - {""} <= set(
        re.findall(r"@\w+\{(\w+),", (ROOT / "references.bib").read_text())
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_limits_are_accurate_near_their_points(dtype):
    """At random points, some of them past the point where 1 - p or the weight of the logarithm is 0."""
    inputs = Inputs("test", None, {u: Input("u", "logits")})
    rng = np.random.default_rng(2)
    values = (10 ** rng.uniform(-8, 1.9, 300) * rng.choice([-1, 1], 300)).astype(dtype)
    got = function(log_ratio(sigmoid(u)), inputs)(u=values)
    assert got.dtype == dtype
    for value, ratio in zip(values, got, strict=True):
        assert (
            ulp_error(ratio, evaluate(plain(log_ratio(sigmoid(u))), {u: float(value)}, 200), dtype)
            <= 12
        )
    n = bound_index()
    weighted = Sum(Vec(c[n] * log(softmax(x, n)), n, K))
    f = function(weighted, Inputs("test", K, {x: Input("x", "logits"), c: Input("c", "array")}))
    for _ in range(50):
        logits, weights = rng.normal(size=5).astype(dtype), rng.dirichlet(np.ones(5)).astype(dtype)
        without = rng.integers(5)
        weights[without] = 0
        truth = evaluate(weighted, {K: 5, x: logits.tolist(), c: weights.tolist()})
        assert ulp_error(f(x=logits, c=weights)[0], truth, dtype) <= 12
        others = np.delete(logits, without)
        truth = evaluate(
            weighted, {K: 4, x: others.tolist(), c: np.delete(weights, without).tolist()}
        )
        logits[without] = -np.inf
        assert ulp_error(f(x=logits, c=weights)[0], truth, dtype) <= 12


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "rewrite", [a for a in REWRITES if not a.pattern.has(x, c)], ids=lambda a: a.name
)
def test_a_rewrite_of_numbers_is_accurate(rewrite, dtype):
    inputs = Inputs(
        "test", None, {letter: Input(str(letter), role) for letter, role in LETTERS.items()}
    )
    rng = np.random.default_rng(0)
    size = 10 ** rng.uniform(-8, 1.8, 300)
    values = (size if rewrite is rewrites.LOG1P else size * rng.choice([-1, 1], 300)).astype(dtype)
    letters = {letter: rng.uniform(0.5, 2, 300).astype(dtype) for letter in (r, a)}
    letters |= {
        b: rng.choice([0, 1], 300).astype(dtype),
        p: rng.uniform(0.01, 0.99, 300).astype(dtype),
        u: values,
    }
    if rewrite is rewrites.POWER_OF_COMPLEMENT:  # both terms of one sign, as in a gradient
        letters[b] = -letters[r]
    got = function(rewrite.pattern, inputs)(
        **{str(letter): value for letter, value in letters.items()}
    )
    assert got.dtype == dtype
    points = [
        dict(zip(letters, row, strict=True))
        for row in np.array(list(letters.values()), float).T.tolist()
    ]
    expected = [float(evaluate(rewrite.pattern, point)) for point in points]
    ordinary = np.abs(expected) > np.finfo(dtype).tiny
    np.testing.assert_allclose(
        got[ordinary], np.array(expected)[ordinary], rtol=12 * np.finfo(dtype).eps
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "rewrite", [a for a in REWRITES if a.pattern.has(x, c)], ids=lambda a: a.name
)
def test_a_rewrite_of_vectors_is_accurate(rewrite, dtype):
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
            inputs = Inputs(
                "test",
                K,
                {x: Input("x", "logits"), **inputs.by_symbol, i: Input("i", "class index")},
            )
            f = function(rewrite.pattern, inputs)
            got = np.array([f(**arguments, i=np.array(n), r=0.75, a=1.25) for n in range(4)])
        else:
            got = function(rewrite.pattern.xreplace({i: EACH}), inputs)(**arguments, r=0.75, a=1.25)
        at = {K: 4, r: 0.75, a: 1.25} | {a: arguments[str(a)].tolist() for a in (x, c, v)}
        top = Integer(1 + np.argmax(arguments["x"]))
        pattern = rewrite.pattern.replace(lambda e: isinstance(e, ArgMax), lambda e, top=top: top)
        expected = [float(evaluate(pattern, {**at, i: n})) for n in (1, 2, 3, 4)]
        # the rounding of x - max x is not cured here: it costs |x| units in the last place
        limit = (8 + 4 * np.ptp(arguments["x"])) * np.finfo(dtype).eps
        assert got.dtype == dtype
        kept = np.abs(expected) if not rewrite.pattern.has(v, c) else np.max(np.abs(expected))
        assert np.all(np.abs(got.reshape(-1) - expected) <= limit * kept + np.finfo(dtype).tiny)


def test_zero_times_minus_infinity_is_zero():
    inputs = Inputs("test", K, {x: Input("x", "logits"), c: Input("c", "array")})
    n = bound_index()
    f = function(Sum(Vec(c[n] * log(softmax(x, n)), n, K)), inputs)
    assert f(x=np.array([0.0, -np.inf, 0.0]), c=np.array([0.5, 0.0, 0.5])) == pytest.approx(
        -np.log(2), rel=1e-15
    )
