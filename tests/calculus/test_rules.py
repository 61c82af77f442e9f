"""Each rule on an example, judged; a planted wrong rule must be refused."""

import pytest
from sympy import (
    Add,
    IndexedBase,
    Integer,
    KroneckerDelta,
    Max,
    Mul,
    Piecewise,
    cos,
    exp,
    log,
    sin,
    symbols,
)

from lossbook import Derivation, Simplex, StepError, prove_equal
from lossbook.calculus import rules, theorems
from lossbook.calculus.derive import derive_expr
from lossbook.calculus.latex import to_latex
from lossbook.calculus.rules import Rule
from lossbook.expr.nodes import Diff, Sum, Vec, logsumexp, sigmoid, softmax, softplus
from lossbook.notation import K, alpha, gamma, i, j, k, logit, p, prediction, t, y, z

x = logit
EXAMPLES = {
    rules.LINEARITY: (Diff(3 * x**2 - alpha + exp(x), x), 3 * Diff(x**2, x) + Diff(exp(x), x)),
    rules.PRODUCT: (Diff(sin(x) * exp(x), x), exp(x) * Diff(sin(x), x) + sin(x) * Diff(exp(x), x)),
    rules.QUOTIENT: (Diff(sin(x) / (1 + x**2), x), None),
    rules.POWER: (Diff(sin(x) ** gamma, x), gamma * sin(x) ** (gamma - 1) * Diff(sin(x), x)),
    rules.EXPONENTIAL: (Diff(exp(x**2), x), exp(x**2) * Diff(x**2, x)),
    rules.LOGARITHM: (Diff(log(1 + x**2), x), Diff(1 + x**2, x) / (1 + x**2)),
    rules.CHAIN: (Diff(sin(x**2), x), cos(x**2) * Diff(x**2, x)),
    rules.LARGEST: (
        Diff(Max(sin(x), 0), x),
        Piecewise((Diff(sin(x), x), sin(x) >= 0), (Diff(Integer(0), x), True)),
    ),
    rules.COORDINATE: (Diff(z[k], z[j]), KroneckerDelta(j, k)),
    theorems.SOFTMAX: (Diff(p(i), z[j]), p(i) * (KroneckerDelta(i, j) - p(j))),
    theorems.LOGSUMEXP: (Diff(logsumexp(z), z[j]), p(j)),
    theorems.SIGMOID: (Diff(sigmoid(x), x), (1 - sigmoid(x)) * sigmoid(x) * Diff(x, x)),
    theorems.SOFTPLUS: (Diff(softplus(x), x), sigmoid(x) * Diff(x, x)),
    rules.VARIABLE_POWER: (Diff((1 + x**2) ** x, x), None),
    rules.CONTRACT: (Sum(KroneckerDelta(j, k) * z[k], (k, 1, K)), z[j]),
    rules.DISTRIBUTE: (
        Sum(y[k] * (KroneckerDelta(j, k) - p(j)), (k, 1, K)),
        Sum(y[k] * KroneckerDelta(j, k), (k, 1, K)) - Sum(y[k] * p(j), (k, 1, K)),
    ),
    rules.PULL_OUT: (Sum(y[k] * p(j), (k, 1, K)), p(j) * Sum(y[k], (k, 1, K))),
    rules.NORMALISE: (Sum(y[k], (k, 1, K)) + Sum(p(k), (k, 1, K)), Integer(2)),
    rules.TIDY: (Mul(p(j), 1 / p(j), evaluate=False), Integer(1)),
    rules.FACTOR: (p(i) * y[j] - p(i) * p(j), p(i) * (y[j] - p(j))),
}
GIVEN = (Simplex(y),)


@pytest.mark.parametrize("rule", EXAMPLES, ids=lambda r: r.name)
def test_a_rule_gives_an_equal_line(rule):
    line, expected = EXAMPLES[rule]
    result = rule.apply(line, GIVEN)
    assert result is not None
    assert expected is None or result == expected
    assert prove_equal(line, result, given=GIVEN).proved


def test_every_rule_has_an_example():
    named = {
        r for module in (rules, theorems) for r in vars(module).values() if isinstance(r, Rule)
    }
    assert named == set(EXAMPLES)


@pytest.mark.parametrize(
    "rule", [rules.PRODUCT, rules.CONTRACT, theorems.SOFTMAX], ids=lambda r: r.name
)
def test_a_rule_that_does_not_apply_returns_none(rule):
    assert rule.apply(y[j] + 1, GIVEN) is None


WRONG = {
    "product rule without its second term": lambda e, by: (
        e.args[0] * Diff(Mul(*e.args[1:]), by) if isinstance(e, Mul) else None
    ),
    "chain rule without the inner derivative": lambda e, by: (
        exp(e.args[0]) if isinstance(e, exp) else None
    ),
    "softmax Jacobian without the cross terms": lambda e, by: (
        p(e.index) * (1 - p(e.index)) if isinstance(e, softmax) else None
    ),
    "derivative of a sum by one of its terms only": lambda e, by: (
        Diff(e.args[0], by) if isinstance(e, Add) else None
    ),
}
WRONG_ON = {
    "product rule without its second term": Diff(sin(x) * exp(x), x),
    "chain rule without the inner derivative": Diff(exp(x**2), x),
    "softmax Jacobian without the cross terms": Diff(p(i), z[j]),
    "derivative of a sum by one of its terms only": Diff(sin(x) + exp(x), x),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_refused(name):
    wrong = Rule(name, rules._on_derivative(WRONG[name]))
    derivation = Derivation(WRONG_ON[name])
    with pytest.raises(StepError, match=name) as caught:
        derivation.apply(wrong)
    assert len(derivation) == 1
    assert caught.value.counterexample.left != caught.value.counterexample.right


def test_a_wrong_contraction_is_refused():
    line = Sum(KroneckerDelta(j, i) * z[i], (i, 1, K))
    wrong = Rule(
        "delta is one", lambda e, given: Integer(1) if isinstance(e, KroneckerDelta) else None
    )
    with pytest.raises(StepError, match="delta is one"):
        Derivation(line).apply(wrong)


@pytest.mark.parametrize("kind", [softmax, logsumexp, sigmoid, softplus])
def test_theorems_are_derived_from_exponentials(kind):
    theorem = theorems.THEOREMS[kind]
    derivation = theorem.derivation
    assert derivation.proved
    assert derivation[0].expr == Diff(theorem.node, theorem.by)
    assert derivation[1].rule == "definition"
    used = {s.rule for s in derivation}
    assert not used & {
        "softmax Jacobian",
        "log-sum-exp gradient",
        "sigmoid derivative",
        "softplus derivative",
    }


def test_the_softmax_rule_applies_to_a_vector_of_any_body():
    scaled = Vec(z[k] / alpha - KroneckerDelta(k, t), k, K)
    result = derive_expr(Diff(softmax(scaled, i), z[j]))
    assert result.proved
    by_temperature = derive_expr(Diff(logsumexp(Vec(z[k] / alpha, k, K)), alpha))
    assert by_temperature.proved


def test_the_softmax_rule_applies_to_a_linear_map():
    size, m = symbols("D m", integer=True, positive=True)
    weights, inputs = (
        IndexedBase("W", shape=(K, size), real=True),
        IndexedBase("x", shape=(size,), real=True),
    )
    scores = Vec(Sum(weights[k, m] * inputs[m], (m, 1, size)), k, K)
    derivation = derive_expr(Diff(-log(softmax(scores, t)), weights[i, j]))
    assert [s.rule for s in derivation.steps[1:] if not s.evidence.proved] == []


def test_the_derivative_of_a_squared_error():
    result = derive_expr(Diff((prediction - alpha) ** 2, prediction)).result
    assert to_latex(result) == r"2 \left(x -\alpha\right)"
