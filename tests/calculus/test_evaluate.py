"""The numeric truth against plain float arithmetic and mpmath's own differentiation, which share no code with it."""

import math
import random

import mpmath
import pytest
from sympy import Abs, KroneckerDelta, Piecewise, exp, log, sqrt

from lossbook import OneHot, Simplex
from lossbook.calculus.evaluate import Undefined, evaluate
from lossbook.calculus.random_points import random_point
from lossbook.expr.nodes import Diff, Max, Sum, Vec, logsumexp, sigmoid, softmax, softplus
from lossbook.notation import K, alpha, gamma, i, j, k, logit, p, t, y, z

LOGITS = [0.3, -1.2, 2.5]
POINT = {
    K: 3,
    z: ["0.3", "-1.2", "2.5"],
    y: ["0.2", "0.5", "0.3"],
    i: 2,
    j: 3,
    t: 1,
    gamma: "1.5",
    logit: "0.7",
}
EXPS = [math.exp(x) for x in LOGITS]
PROBS = [e / sum(EXPS) for e in EXPS]

CASES = {
    "softmax": (p(i), PROBS[1]),
    "sum": (Sum(y[k] * z[k], (k, 1, K)), 0.2 * 0.3 - 0.5 * 1.2 + 0.3 * 2.5),
    "nested sum": (Sum(p(i) * z[j], (i, 1, K), (j, 1, K)), sum(LOGITS)),
    "logsumexp": (logsumexp(z), math.log(sum(EXPS))),
    "max": (Max(z), 2.5),
    "delta": (KroneckerDelta(i, j) + 2 * KroneckerDelta(i, 2), 2.0),
    "sigmoid": (sigmoid(logit), 1 / (1 + math.exp(-0.7))),
    "softplus": (softplus(logit), math.log1p(math.exp(0.7))),
    "power": ((1 - p(t)) ** gamma, (1 - PROBS[0]) ** 1.5),
    "cases": (Piecewise((logit, logit < 0), (logit**2, True)), 0.49),
    "temperature": (
        softmax(Vec(z[k] / 2, k, K), i),
        math.exp(-0.6) / sum(math.exp(x / 2) for x in LOGITS),
    ),
    "derivative": (Diff(log(p(t)), z[1]), 1 - PROBS[0]),
    "mixed second derivative": (Diff(Diff(log(p(t)), z[i]), z[j]), PROBS[1] * PROBS[2]),
}


@pytest.mark.parametrize("name", CASES)
def test_values_agree_with_plain_floats(name):
    expr, expected = CASES[name]
    assert float(evaluate(expr, POINT)) == pytest.approx(expected, rel=1e-14)


def test_derivatives_are_right_to_fifty_digits():
    with mpmath.workdps(80):
        x = mpmath.mpf("0.7")
        third = mpmath.diff(lambda s: mpmath.log(1 + mpmath.exp(s)), x, 3)
        e = Diff(Diff(Diff(softplus(logit), logit), logit), logit)
        assert abs(evaluate(e, POINT) - third) < mpmath.mpf(10) ** -50


@pytest.mark.parametrize("expr", [log(-exp(logit)), 1 / (logit - logit + K - 3), sqrt(-exp(logit))])
def test_an_undefined_value_is_an_error(expr):
    with pytest.raises(Undefined):
        evaluate(expr, POINT)


def test_random_points_obey_domains_and_hypotheses():
    rng = random.Random(3)
    for _ in range(20):
        point = random_point([alpha * Abs(logit) * p(t) * y[k] * z[i]], [Simplex(y)], rng)
        size = point[K]
        assert 1 <= size <= 5
        assert len(point[z]) == len(point[y]) == size
        assert sum(point[y]) == 1
        assert all(q > 0 for q in point[y])
        assert all(1 <= point[index] <= size for index in (i, k, t))
        assert point[alpha] > 0
    point = random_point([y[k] * z[i]], [OneHot(y, t)], rng)
    assert [n for n, q in enumerate(point[y], 1) if q == 1] == [point[t]]


def test_sizes_do_not_cost_digits():
    with mpmath.workdps(60):
        assert abs(evaluate(1 / K, POINT) - mpmath.mpf(1) / 3) < mpmath.mpf(10) ** -50


def test_an_error_names_an_unknown_node():
    from sympy import gamma as gamma_function

    with pytest.raises(TypeError, match="cannot evaluate gamma"):
        evaluate(gamma_function(logit), POINT)
