"""Derivations: what they reach, what they refuse, how they are shown."""

import re

import pytest
from sympy import IndexedBase, KroneckerDelta, log

from lossbook import Derivation, Simplex, StepError, derive_expr, losses
from lossbook.calculus.latex import AmbiguityError
from lossbook.expr.nodes import Diff, Sum
from lossbook.notation import K, epsilon, i, j, k, logit, p, sigmoid, t, w, y, z

EXPECTED = {
    "softmax": (KroneckerDelta(i, j) - p(j)) * p(i),
    "log_softmax": KroneckerDelta(i, j) - p(j),
    "sigmoid": sigmoid(logit) * (1 - sigmoid(logit)),
    "cross_entropy": p(j) - y[j],
    "cross_entropy_index": p(j) - KroneckerDelta(j, t),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_gradient_is_the_known_one(name):
    derivation = losses.get(name).derivation()
    assert derivation.result == EXPECTED[name]
    assert derivation.proved


@pytest.mark.parametrize("name", losses.names())
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("full", [False, True])
def test_every_step_of_every_registered_loss_is_proved(name, order, full):
    derivation = losses.get(name).derivation(order=order, full=full)
    assert [s.rule for s in derivation.steps[1:] if not s.evidence.proved] == []
    assert not derivation.result.has(Diff)


def test_hessian_of_cross_entropy():
    assert losses.get("cross_entropy").derivation(order=2).result == (
        KroneckerDelta(i, j) - p(i)
    ) * p(j)


def test_weighted_gradient():
    result = losses.get("cross_entropy_index").derivation(full=True).result
    assert result == w[t] * (p(j) - KroneckerDelta(j, t))


def test_one_rule_per_line_and_factors_are_shown_before_they_cancel():
    derivation = losses.get("cross_entropy").derivation()
    assert [s.rule for s in derivation] == [
        "start",
        "linearity",
        "derivative of log, chain rule",
        "softmax Jacobian",
        "cancel and collect",
        "distribute the sum",
        "contract the delta",
        "pull out of the sum",
        "probabilities sum to 1",
    ]
    assert r"\frac{y_{k} p_{k}" in derivation.to_latex()


def test_a_derivation_is_a_sequence_of_steps():
    derivation = losses.get("softmax").derivation()
    assert len(derivation) == len(derivation.steps) == len(list(derivation))
    assert derivation[-1].expr == derivation.result
    assert derivation[0].evidence is None
    assert all(str(s.evidence) == "proved for all K" for s in derivation[1:])


def test_a_false_step_is_refused_with_a_counterexample():
    derivation = Derivation(Diff(-Sum(y[k] * log(p(k)), (k, 1, K)), z[j]), given=[Simplex(y)])
    with pytest.raises(StepError) as caught:
        derivation.append(y[j] - p(j), "sign lost")
    error = caught.value
    assert error.step.rule == "sign lost"
    assert error.step.expr == y[j] - p(j)
    values = error.counterexample.values
    assert set(values) == {K, j, y, z}
    assert error.counterexample.left == pytest.approx(-error.counterexample.right)
    assert len(derivation) == 1, "the refused line must not stay"
    derivation.append(p(j) - y[j], "by hand")
    assert derivation.result == p(j) - y[j]


def test_an_unproved_step_says_so():
    from sympy import cos, sin

    derivation = Derivation(sin(logit) ** 2).append(1 - cos(logit) ** 2, "Pythagoras")
    assert not derivation.proved
    assert "checked at 6 points to 50 digits" in str(derivation)


def test_one_line_alone_claims_nothing():
    derivation = Derivation(z[j])
    assert not derivation.proved
    assert str(derivation) == "  z[j]    [nothing derived]"
    assert "nothing derived" in derivation.to_latex()
    html = derivation._repr_html_()
    assert "Nothing derived." in html
    assert "proved" not in html
    derivation.append(z[j], "the same")
    assert derivation.proved
    assert "nothing derived" not in str(derivation) + derivation.to_latex()


def test_a_letter_has_one_meaning_in_a_derivation():
    derivation = Derivation(Diff(logit, z[j])).append(0, "logit does not depend on z")
    for show in (derivation.to_latex, derivation._repr_latex_, derivation._repr_html_):
        with pytest.raises(AmbiguityError, match="both printed as z"):
            show()


def test_latex_is_aligned_deterministic_and_unambiguous():
    latex = losses.get("cross_entropy").derivation().to_latex()
    assert latex == losses.get("cross_entropy").derivation().to_latex()
    assert latex.startswith("\\begin{aligned}")
    assert latex.count("\\\\\n") == len(losses.get("cross_entropy").derivation()) - 1
    assert re.search(r"\\partial}{\\partial z_\{j\}}\s*[^\\s{]*\\left\[", latex), (
        "the derivative's scope is bracketed"
    )
    assert "Dummy" not in latex
    assert "_k" not in latex.replace("_{k", "")


def test_the_start_may_be_a_sympy_sum():
    import sympy

    derivation = derive_expr(Diff(sympy.Sum(z[k] ** 2, (k, 1, K)), z[k]))
    assert derivation.result == 2 * z[k]


def test_an_error_names_what_no_rule_differentiates():
    from lossbook.expr.nodes import Max

    with pytest.raises(NotImplementedError, match="Max"):
        derive_expr(Diff(Max(z), z[j]))


def test_a_sum_of_two_distributions_is_summed_in_closed_form():
    u = IndexedBase("u", shape=(K,), real=True)
    mixed = -Sum((epsilon * u[k] + (1 - epsilon) * y[k]) * log(p(k)), (k, 1, K))
    derivation = derive_expr(Diff(mixed, z[j]), given=[Simplex(y), Simplex(u)])
    assert derivation.proved
    assert not derivation.result.has(Sum)
