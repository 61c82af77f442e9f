"""What is proved, what is refuted, what is only checked."""

import pytest
import sympy
from sympy import (
    Abs,
    Eq,
    IndexedBase,
    Integer,
    KroneckerDelta,
    Piecewise,
    Rational,
    cos,
    exp,
    log,
    sin,
    sqrt,
    symbols,
    tanh,
)

from lossbook import NotEqualError, OneHot, Simplex, Size, prove_equal
from lossbook.calculus.zero_test import is_zero
from lossbook.expr.nodes import Diff, Max, Sum, Vec, logsumexp, sigmoid, softmax, softplus
from lossbook.notation import K, alpha, epsilon, gamma, i, j, k, logit, p, t, v, w, y, z

SIMPLEX = (Simplex(y),)
CROSS_ENTROPY = -Sum(y[k] * log(p(k)), (k, 1, K))
FOCAL = -alpha * (1 - p(t)) ** gamma * log(p(t))
FOCAL_GRADIENT = (
    alpha
    * (1 - p(t)) ** (gamma - 1)
    * (KroneckerDelta(i, t) - p(i))
    * (gamma * p(t) * log(p(t)) + p(t) - 1)
)
MARGIN = z[t] - log(Sum(exp(z[k]) * (1 - KroneckerDelta(k, t)), (k, 1, K)))
c = sympy.Symbol("c", real=True)
D = sympy.Symbol("D", integer=True, positive=True)
m = sympy.Symbol("m", integer=True, positive=True)
W = IndexedBase("W", shape=(K, D), real=True)
x = IndexedBase("x", shape=(D,), real=True)
LINEAR = Vec(Sum(W[k, m] * x[m], (m, 1, D)), k, K)

TRUE = {
    "softmax Jacobian": (Diff(p(i), z[j]), p(i) * (KroneckerDelta(i, j) - p(j)), ()),
    "sigmoid derivative": (Diff(sigmoid(logit), logit), sigmoid(logit) * (1 - sigmoid(logit)), ()),
    "cross-entropy gradient, soft": (Diff(CROSS_ENTROPY, z[j]), p(j) - y[j], SIMPLEX),
    "cross-entropy gradient, hard": (Diff(-log(p(t)), z[j]), p(j) - KroneckerDelta(j, t), ()),
    "cross-entropy Hessian": (
        Diff(Diff(CROSS_ENTROPY, z[i]), z[j]),
        KroneckerDelta(i, j) * p(i) - p(i) * p(j),
        SIMPLEX,
    ),
    "one-hot": (CROSS_ENTROPY, -log(p(t)), (OneHot(y, t),)),
    "focal gradient": (Diff(FOCAL, z[i]), FOCAL_GRADIENT, ()),
    "focal Hessian": (Diff(Diff(FOCAL, z[i]), z[j]), Diff(FOCAL_GRADIENT, z[j]), ()),
    "focal at gamma 0": (FOCAL.xreplace({gamma: Integer(0)}), -alpha * log(p(t)), ()),
    "margin": (p(t), sigmoid(MARGIN), ()),
    "margin, log": (log(p(t)), -softplus(-MARGIN), ()),
    "margin, 1 - p": (1 - p(t), sigmoid(-MARGIN), ()),
    "margin, power": ((1 - p(t)) ** gamma, exp(gamma * log(sigmoid(-MARGIN))), ()),
    "squared error on softmax": (
        Diff(Sum((p(k) - y[k]) ** 2, (k, 1, K)), z[j]),
        2 * p(j) * (p(j) - y[j] - Sum((p(k) - y[k]) * p(k), (k, 1, K))),
        (),
    ),
    "shift invariance": (softmax(Vec(z[k] - c, k, K), i), p(i), ()),
    "shift by the maximum": (logsumexp(z), Max(z) + log(Sum(exp(z[k] - Max(z)), (k, 1, K))), ()),
    "temperature": (
        Diff(-log(softmax(Vec(z[k] / alpha, k, K), t)), alpha),
        (z[t] - Sum(softmax(Vec(z[k] / alpha, k, K), k) * z[k], (k, 1, K))) / alpha**2,
        (),
    ),
    "margin softmax": (
        Diff(-log(softmax(Vec(z[k] - c * KroneckerDelta(k, t), k, K), t)), z[j]),
        softmax(Vec(z[k] - c * KroneckerDelta(k, t), k, K), j) - KroneckerDelta(j, t),
        (),
    ),
    "label smoothing and weights": (
        Diff(-Sum(w[k] * ((1 - epsilon) * y[k] + epsilon / K) * log(p(k)), (k, 1, K)), z[j]),
        p(j) * Sum(w[k] * ((1 - epsilon) * y[k] + epsilon / K), (k, 1, K))
        - w[j] * ((1 - epsilon) * y[j] + epsilon / K),
        (),
    ),
    "variance": (
        Sum(p(k) * (v[k] - Sum(p(i) * v[i], (i, 1, K))) ** 2, (k, 1, K)),
        Sum(p(k) * v[k] ** 2, (k, 1, K)) - Sum(p(k) * v[k], (k, 1, K)) ** 2,
        (),
    ),
    "two classes": (p(1), sigmoid(z[1] - z[2]), (Size(K, 2),)),
    "two classes with soft targets": (
        Sum(y[k] * z[k], (k, 1, K)),
        y[1] * z[1] + (1 - y[1]) * z[2],
        (Simplex(y), Size(K, 2)),
    ),
    "a negative power of K": (Sum(1 / K, (k, 1, K)) + 1 / K**2, 1 + K**-2, ()),
    "softmax of a linear map": (
        Diff(-log(softmax(LINEAR, t)), W[i, j]),
        (softmax(LINEAR, i) - KroneckerDelta(i, t)) * x[j],
        (),
    ),
    "tanh": (tanh(logit), 2 * sigmoid(2 * logit) - 1, ()),
    "sigmoid by cases": (
        sigmoid(logit),
        Piecewise(
            (1 / (1 + exp(-Abs(logit))), logit >= 0),
            (exp(-Abs(logit)) / (1 + exp(-Abs(logit))), True),
        ),
        (),
    ),
    "softplus by cases": (softplus(logit), sympy.Max(logit, 0) + log(1 + exp(-Abs(logit))), ()),
    "nested sums": (
        sympy.Sum(p(i) * y[j] * KroneckerDelta(i, j), (i, 1, K), (j, 1, K)),
        Sum(p(k) * y[k], (k, 1, K)),
        (),
    ),
    "cases on indices": (
        Diff(p(i), z[j]),
        Piecewise((p(i) * (1 - p(i)), Eq(i, j)), (-p(i) * p(j), True)),
        (),
    ),
    "no capture of a free index": (Diff(Sum(exp(z[k]), (k, 1, K)), z[k]), exp(z[k]), ()),
    "logits of a binary softmax": (log(sigmoid(logit) / (1 - sigmoid(logit))), logit, ()),
}

FALSE = {
    "softmax Jacobian without the delta": (Diff(p(i), z[j]), -p(i) * p(j), ()),
    "softmax Jacobian, wrong factor": (
        Diff(p(i), z[j]),
        p(i) * (KroneckerDelta(i, j) - 2 * p(j)),
        (),
    ),
    "cross entropy when y is not a distribution": (Diff(CROSS_ENTROPY, z[j]), p(j) - y[j], ()),
    "focal gradient without alpha": (Diff(FOCAL, z[i]), FOCAL_GRADIENT / alpha, ()),
    "focal gradient, detached factor": (
        Diff(FOCAL, z[i]),
        alpha * (1 - p(t)) ** gamma * (p(i) - KroneckerDelta(i, t)),
        (),
    ),
    "log of a square": (log(logit**2), 2 * log(logit) + 1, ()),
    "square root of a square": (sqrt(logit**2), logit, ()),
    "sum of a product": (
        Sum(p(k) * y[k], (k, 1, K)),
        Sum(p(k), (k, 1, K)) * Sum(y[k], (k, 1, K)),
        (),
    ),
    "two classes, wrong sign": (p(1), sigmoid(z[2] - z[1]), (Size(K, 2),)),
    "a hypothesis put in before differentiating": (
        Diff(Sum(y[k] * z[k], (k, 1, K)), y[1]),
        z[1] - z[2],
        (Simplex(y), Size(K, 2)),
    ),
    "nearly": (p(i), p(i) + Rational(1, 10**40), ()),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_true_identity_is_proved(name):
    left, right, given = TRUE[name]
    evidence = prove_equal(left, right, given=given)
    assert evidence.proved, evidence
    assert evidence.points == 6
    assert evidence.digits == 50


@pytest.mark.parametrize("name", FALSE)
def test_a_false_identity_is_refuted_by_numbers_and_not_proved(name):
    left, right, given = FALSE[name]
    with pytest.raises(NotEqualError) as caught:
        prove_equal(left, right, given=given)
    counterexample = caught.value.counterexample
    assert counterexample.left != counterexample.right
    for hypothesis in given:
        left, right = hypothesis.specialise(left), hypothesis.specialise(right)
        given = tuple(h.under(hypothesis) for h in given)
    assert not is_zero(left - right, given)


def test_an_identity_without_proof_is_reported_as_checked():
    evidence = prove_equal(sin(logit) ** 2 + cos(logit) ** 2, 1)
    assert evidence.kind == "checked"
    assert str(evidence) == "checked at 6 points to 50 digits"


def test_evidence_says_for_all_k_and_its_hypotheses():
    evidence = prove_equal(Diff(CROSS_ENTROPY, z[j]), p(j) - y[j], given=SIMPLEX)
    assert str(evidence) == "proved for all K"
    assert evidence.hypotheses == ("K a positive integer", "1 ≤ j ≤ K", "z real", "Σ y = 1, y ≥ 0")


def test_a_counterexample_names_sizes_indices_logits_and_both_sides():
    with pytest.raises(
        NotEqualError, match=r"at K = \d, i = \d, j = \d, z = \(.*\): left = .*, right = "
    ) as caught:
        prove_equal(Diff(p(i), z[j]), -p(i) * p(j))
    values = caught.value.counterexample.values
    assert len(values[z]) == values[K]
    assert values[i] == values[j]  # the case that the claim forgets


def test_expressions_that_are_defined_nowhere_are_an_error():
    with pytest.raises(ValueError, match="no point was found"):
        prove_equal(log(-exp(logit)), log(-exp(logit)) + 1)


def test_the_same_seed_gives_the_same_counterexample():
    def message():
        with pytest.raises(NotEqualError) as caught:
            prove_equal(p(i), p(j))
        return str(caught.value)

    assert message() == message()


def test_symbols_outside_the_notation_are_accepted():
    a, b = symbols("a b", positive=True)
    assert prove_equal(log(a * b), log(a) + log(b)).proved


def test_bound_indices_are_never_captured():
    from sympy import Dummy

    inner = Sum(z[k] * KroneckerDelta(k, i), (k, 1, K))
    assert inner.xreplace({i: j}) == Sum(z[k] * KroneckerDelta(k, j), (k, 1, K))
    assert inner.xreplace({i: k}) == Sum(z[j] * KroneckerDelta(j, k), (j, 1, K)), (
        "k is free here, not bound"
    )
    index = Dummy("k", integer=True, positive=True)
    vec = Vec(z[index] * KroneckerDelta(index, i), index, K)
    shadowed = Vec(z[index] * Sum(vec), index, K)
    assert shadowed.index != vec.index
    assert shadowed.at(t) == z[t] * Sum(vec)
    assert vec.xreplace({i: index}).free_symbols >= {index}


def test_vectors_are_equal_whatever_their_bound_index_is_called():
    assert Sum(z[k], (k, 1, K)) == Sum(z[i], (i, 1, K))
    assert hash(Sum(z[k], (k, 1, K))) == hash(Sum(z[i], (i, 1, K)))
    assert Sum(z[k], (k, 1, K)) != Sum(y[k], (k, 1, K))
    assert Sum(z[k] * y[i], (i, 1, K), (k, 1, K)) != Sum(z[k] * y[k], (k, 1, K))
