"""False identities that a careless zero test would prove, and true ones that careless numbers would refute."""

import pytest
import sympy
from sympy import Eq, KroneckerDelta, Piecewise, S, Symbol, cosh, exp, log, sinh, symbols

from lossbook import NotEqualError, OneHot, Simplex, derive_expr, prove_equal
from lossbook.calculus.zero_test import is_zero
from lossbook.expr.nodes import Diff, Sum, Vec, sigmoid, softmax, softplus
from lossbook.notation import K, i, j, k, logit, p, t, w, y, z

D, m = symbols("D m", integer=True, positive=True)
guard = KroneckerDelta(i, 1) * KroneckerDelta(j, 1)
squares = Sum(
    log(KroneckerDelta(k, i) + (1 - KroneckerDelta(k, i)) * (z[k] - z[i]) ** 2), (k, 1, K)
)

NOT_ZERO = {
    "a number outside the range": (Sum(KroneckerDelta(k, 2) * w[1], (k, 1, K)) - w[1], ()),
    "an empty sum": (Sum(KroneckerDelta(k, 1), (k, 1, K - 1)) - 1, ()),
    "an index that runs further": (
        guard * KroneckerDelta(t, K) * (Sum(KroneckerDelta(k, t) * z[k], (k, 1, K - 1)) - z[t]),
        (),
    ),
    "two ranges": (Sum(KroneckerDelta(k, m), (m, 1, D), (k, 1, K)) - D, ()),
    "an index beside its neighbour": (Sum(KroneckerDelta(k, i + 1), (k, 1, K)) - 1, ()),
    "a sum up to another sum's index": (
        guard * KroneckerDelta(t, 2) * z[i] * (Sum(KroneckerDelta(m, t), (m, 1, k), (k, 1, K)) - K),
        (),
    ),
    "all of y but one": (Sum(y[k], (k, 1, K - 1)) - 1, (Simplex(y),)),
    "all of a one-hot y but one": (Sum(y[k], (k, 1, K - 1)) - 1, (OneHot(y, t),)),
    "all of p but one": (Sum(p(k), (k, 1, K - 1)) - 1, ()),
    "one over infinity": (1 / squares - 1 / (squares + 1), ()),
    "a value of its own at a point": (
        Diff(Piecewise((1, Eq(logit, 1)), (logit**2, True)), logit)
        - Piecewise((0, Eq(logit, 1)), (2 * logit, True)),
        (),
    ),
}


@pytest.mark.parametrize("name", NOT_ZERO)
def test_a_false_identity_is_not_proved(name):
    expr, given = NOT_ZERO[name]
    assert not is_zero(expr, given)


@pytest.mark.parametrize("scale", [30, 64])
def test_cancellation_refutes_nothing(scale):
    assert prove_equal(log(1 - sigmoid(scale * logit)), -softplus(scale * logit)).proved
    assert prove_equal(cosh(20 * logit) ** 2 - sinh(20 * logit) ** 2, 1).proved


def test_integers_obey_their_assumptions():
    even = Symbol("e", even=True)
    assert prove_equal(Sum((-1) ** (k + even), (k, 1, K)), Sum((-1) ** k, (k, 1, K)))


def test_an_index_outside_its_vector_is_undefined():
    with pytest.raises(ValueError, match="no point was found"):
        prove_equal(Sum(z[k - 1], (k, 1, K)), Sum(z[k], (k, 1, K)))


def test_an_identity_that_is_false_at_one_class_only_is_refuted():
    with pytest.raises(NotEqualError):
        prove_equal(Sum(KroneckerDelta(k, 2) * w[1], (k, 1, K)), w[1], points=20)


def test_one_index_may_be_a_row_and_a_class():
    N = Symbol("N", integer=True, positive=True)
    s = sympy.IndexedBase("s", shape=(N, K), real=True)
    row = softmax(Vec(s[i, k], k, K), i)
    assert derive_expr(Diff(-log(row), s[i, j])).result is not None


def test_differentiating_by_an_integer_is_an_error():
    with pytest.raises(TypeError, match="varies continuously"):
        Diff(z[i], i)


def test_a_dummy_of_the_caller_is_not_captured():
    d = sympy.Dummy(integer=True, positive=True)
    assert not is_zero(Diff(Sum(exp(z[d]), (d, 1, K)), z[d]) - Sum(exp(z[k]), (k, 1, K)))


def test_a_theorem_cannot_be_changed_from_outside():
    from lossbook.calculus.theorems import THEOREMS

    before = len(THEOREMS[softmax].derivation)
    THEOREMS[softmax].derivation.append(p(i) * (KroneckerDelta(i, j) - p(j)), "again")
    assert len(THEOREMS[softmax].derivation) == before


@pytest.mark.parametrize(
    "loss",
    [
        sympy.Max(0, 1 - logit),
        sympy.Max(0, 1 - logit) ** 2,
        Sum(sympy.Max(0, 1 + z[k] - z[t]) * (1 - KroneckerDelta(k, t)), (k, 1, K)),
        sympy.Abs(logit),
        Piecewise((logit**2 / 2, sympy.Abs(logit) <= 1), (sympy.Abs(logit) - S.Half, True)),
    ],
    ids=["hinge", "squared hinge", "multiclass hinge", "absolute", "Huber"],
)
def test_losses_with_corners_are_derived(loss):
    by = z[j] if loss.has(z) else logit
    derivation = derive_expr(Diff(loss, by))
    assert not derivation.result.has(Diff)
    assert "away from the points where cases meet" in derivation.hypotheses
