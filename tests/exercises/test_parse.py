"""What can be typed, what it means, and where an error is."""

import pytest
from sympy import IndexedBase, KroneckerDelta, Rational, Symbol, exp, log, sqrt, tanh

import lossbook
from lossbook import exercises
from lossbook.calculus.latex import to_latex
from lossbook.exercises import ParseError, parse, parse_chain
from lossbook.expr.nodes import Diff, Max, Sum, Vec, logsumexp, sigmoid, softmax, softplus
from lossbook.notation import (
    K,
    alpha,
    alphas,
    epsilon,
    gamma,
    i,
    j,
    k,
    logit,
    p,
    prediction,
    t,
    target,
    w,
    y,
    z,
)

P, LOSS = p(t), -Sum(y[k] * log(p(k)), (k, 1, K))
TYPED = {
    "p[i] - y[i]": p(i) - y[i],
    "p_i - y_i": p(i) - y[i],
    "p_{i} - y_{i}": p(i) - y[i],
    "p(i) - y[i]": p(i) - y[i],
    "p_t": P,
    "gamma*(1-p_t)^(gamma-1)": gamma * (1 - P) ** (gamma - 1),
    "gamma*(1-p_t)**(gamma-1)": gamma * (1 - P) ** (gamma - 1),
    r"\gamma (1-p_t)^{\gamma-1} \log p_t": gamma * (1 - P) ** (gamma - 1) * log(P),
    "γ·(1−p_t)^(γ−1)": gamma * (1 - P) ** (gamma - 1),
    r"\delta_{it}": KroneckerDelta(i, t),
    r"\delta_{i,t}": KroneckerDelta(i, t),
    r"\delta_{i t}": KroneckerDelta(i, t),
    "delta(i,t)": KroneckerDelta(i, t),
    "delta_it": KroneckerDelta(i, t),
    "δ_it": KroneckerDelta(i, t),
    "delta_itp_t": KroneckerDelta(i, t) * P,
    "KroneckerDelta(i, t)": KroneckerDelta(i, t),
    "[i = t]": KroneckerDelta(i, t),
    "1[i == t]": KroneckerDelta(i, t),
    r"\mathbb{1}[i = t]": KroneckerDelta(i, t),
    r"[i \ne t]": 1 - KroneckerDelta(i, t),
    "sum(p[k]*y[k], k)": Sum(p(k) * y[k], (k, 1, K)),
    "Sum(p[k]*y[k], (k, 1, K))": Sum(p(k) * y[k], (k, 1, K)),
    "sum(p*y)": Sum(p(k) * y[k], (k, 1, K)),
    r"\sum_k p_k y_k": Sum(p(k) * y[k], (k, 1, K)),
    r"\sum_{k=1}^{K} p_k y_k": Sum(p(k) * y[k], (k, 1, K)),
    r"\sum_{k=1}^K p_ky_k": Sum(p(k) * y[k], (k, 1, K)),
    "∑_k p_k y_k": Sum(p(k) * y[k], (k, 1, K)),
    r"\sum_k p_k + y_i": Sum(p(k), (k, 1, K)) + y[i],
    r"\sum_{k \ne t} p_k": Sum((1 - KroneckerDelta(k, t)) * p(k), (k, 1, K)),
    r"\sum_k \sum_l p_k y_l": Sum(Sum(p(k) * y[i], (i, 1, K)), (k, 1, K)),
    r"-\sum_k y_k \log p_k": LOSS,
    r"\frac{p_i}{1 - p_t}": p(i) / (1 - P),
    r"\frac{e^{z_i}}{\sum_k e^{z_k}}": exp(z[i]) / Sum(exp(z[k]), (k, 1, K)),
    r"\sigma(z)": sigmoid(logit),
    r"\sigma\left(z\right)^2": sigmoid(logit) ** 2,
    r"\sigma^2(z)": sigmoid(logit) ** 2,
    "sigmoid(z)": sigmoid(logit),
    "σ(z_i - z_j)": sigmoid(z[i] - z[j]),
    "softplus(-z)": softplus(-logit),
    "e^{-z}": exp(-logit),
    "exp(-z)": exp(-logit),
    "ln p_t": log(P),
    "log^2(p_t)": log(P) ** 2,
    "softmax(z)[i]": p(i),
    "softmax(z)_i": p(i),
    "softmax(z, i)": p(i),
    "softmax_i(2z)": softmax(Vec(2 * z[k], k, K), i),
    "softmax(z[k] - delta(k, t), (k, 1, K), i)": softmax(Vec(z[k] - KroneckerDelta(k, t), k, K), i),
    "logsumexp(z)": logsumexp(z),
    "max_k z_k": Max(z),
    "sqrt(x)": sqrt(prediction),
    "tanh(z/2)": tanh(logit / 2),
    r"\left( 1 - p_t \right) y_t": (1 - P) * y[t],
    "2z": 2 * logit,
    "y(1-y)": target * (1 - target),
    "p_t²": P**2,
    "-x^2": -(prediction**2),
    "x^2^3": prediction**8,
    "2*-x": -2 * prediction,
    "x/2/3": prediction / 6,
    "1/2*x": prediction / 2,
    "0.25 x": Rational(1, 4) * prediction,
    "alpha": alpha,
    "alpha_t": alphas[t],
    r"\varepsilon": epsilon,
    "w_t": w[t],
    "z_1": z[1],
    "diff(p[i], z[j])": Diff(p(i), z[j]),
    "d/dz_j (p_i)": Diff(p(i), z[j]),
    "∂p_i/∂z_j": Diff(p(i), z[j]),
    r"\frac{\partial p_i}{\partial z_j}": Diff(p(i), z[j]),
    r"\frac{\partial}{\partial z_j}\left[\log p_t\right]": Diff(log(P), z[j]),
    r"\frac{\partial^2 p_i}{\partial z_j \, \partial z_t}": Diff(Diff(p(i), z[t]), z[j]),
}


@pytest.mark.parametrize("typed", TYPED)
def test_a_text_is_parsed_to_this_expression(typed):
    assert parse(typed) == TYPED[typed]


def test_nothing_is_simplified():
    assert to_latex(parse("p_k/p_k")) == r"\frac{p_{k}}{p_{k}}"
    assert to_latex(parse("2(p_i - y_i)")) == r"2 \left(p_{i} -y_{i}\right)"


def test_symbols_of_an_exercise_are_known():
    tau, W = (
        Symbol("tau", positive=True),
        IndexedBase("W", shape=(K, Symbol("D", integer=True, positive=True))),
    )
    assert parse("softmax(z/tau, i)", [tau]) == softmax(Vec(z[k] / tau, k, K), i)
    assert parse("W[i, j]", [W]) == W[i, j]
    assert parse("p(1-p)", {"p": sigmoid(logit)}) == sigmoid(logit) * (1 - sigmoid(logit))
    with pytest.raises(ParseError, match="no name 'tau'"):
        parse("z/tau")


def test_symbols_of_an_exercise_come_first():
    t_number = Symbol("t", real=True)
    assert parse("2t", [t_number]) == 2 * t_number


def test_a_sum_runs_over_the_axis_of_its_array():
    D, d = Symbol("D", integer=True, positive=True), Symbol("d", integer=True, positive=True)
    x = IndexedBase("x", shape=(D,), real=True)
    assert parse("sum_d x_d", [x, D, d]) == Sum(x[k], (k, 1, D))


def test_bound_indices_capture_nothing():
    assert parse("sum(sum(y[k], k)*p[k], k)") == Sum(p(k), (k, 1, K)) * 0 + Sum(
        p(k) * Sum(y[i], (i, 1, K)), (k, 1, K)
    )
    assert parse("y_k + sum_k p_k") == y[k] + Sum(p(i), (i, 1, K))


def test_a_chain_of_equations_is_parsed():
    assert parse_chain("= p_i = y_i") == [p(i), y[i]]
    assert parse_chain("[i=j] = delta_ij") == [KroneckerDelta(i, j)] * 2


@pytest.mark.parametrize(
    ("typed", "column", "reason"),
    [
        ("p_j - * y_j", 7, "expected a number"),
        ("(p_j - y_j", 1, "never closed"),
        ("p_j - y_j)", 10, "closes nothing"),
        ("p_j - foo", 7, "no name 'foo'"),
        ("py", 1, r"p\*y"),
        ("z1 + 2", 1, "z_1"),
        ("2 + p", 5, "say which component"),
        ("a/b c", 1, "no name 'a'"),
        ("1/2 x", 5, "needs a sign"),
        ("log p_t y_t", 1, "brackets"),
        ("1e-5", 1, "10"),
        ("x = 1", 3, "equals sign"),
        ("", 1, "the end"),
        ("p_j\n - * y_j", 8, "expected a number"),
    ],
)
def test_an_error_points_at_its_column(typed, column, reason):
    with pytest.raises(ParseError, match=reason) as found:
        parse(typed)
    assert found.value.column == column
    first, shown, caret = str(found.value).split("\n")
    assert first.startswith(f"column {column}: ")
    assert caret.index("^") - 4 == column - 1
    assert len(shown) == 4 + len(typed)


def test_a_long_text_is_shown_around_its_error():
    with pytest.raises(ParseError) as found:
        parse("x + " * 200 + "foo" + " + x" * 200)
    _, shown, caret = str(found.value).split("\n")
    assert len(shown) < 140
    assert shown[caret.index("^") :].startswith("foo")


def test_every_error_is_a_parse_error():
    assert lossbook.ParseError is exercises.ParseError is ParseError
    assert issubclass(ParseError, ValueError)


def test_only_text_is_parsed():
    with pytest.raises(TypeError, match="as text, got int"):
        parse(3)
