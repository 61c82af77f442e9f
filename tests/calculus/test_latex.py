"""Printing: the papers' notation, a fixed order, no ambiguity."""

import pytest
from sympy import KroneckerDelta, Mul, Rational, Symbol, exp, log

from lossbook.calculus.latex import AmbiguityError, latex_together, to_latex
from lossbook.expr.nodes import Diff, Sum, Vec, logsumexp, softmax, softplus
from lossbook.notation import (
    K,
    alpha,
    alphas,
    gamma,
    i,
    j,
    k,
    logit,
    m,
    maxima,
    p,
    sigmoid,
    t,
    target,
    y,
    z,
)

CASES = {
    "derivative of a product is bracketed": (
        Diff(y[j] * log(p(j)), z[j]),
        r"\frac{\partial}{\partial z_{j}}\left[y_{j} \, \log p_{j}\right]",
    ),
    "a derivative comes last": (
        Diff(p(i), z[j]) * y[i],
        r"y_{i} \, \frac{\partial p_{i}}{\partial z_{j}}",
    ),
    "a log before another factor is bracketed": (
        log(p(t)) * Sum(y[k], (k, 1, K)),
        r"\log\left(p_{t}\right) \, \sum_{k=1}^{K} y_{k}",
    ),
    "two sums": (
        Sum(y[k], (k, 1, K)) * Sum(z[k], (k, 1, K)),
        r"\left(\sum_{k=1}^{K} y_{k}\right) \, \sum_{k=1}^{K} z_{k}",
    ),
    "the positive term first": (p(j) - y[j], "p_{j} -y_{j}"),
    "p over p is shown": (Mul(p(k), 1 / p(k), evaluate=False), r"\frac{p_{k}}{p_{k}}"),
    "a sum of sums names its indices apart": (
        Sum(z[i] * p(j), (i, 1, K), (j, 1, K)),
        r"\sum_{k=1}^{K} \sum_{l=1}^{K} z_{l} p_{k}",
    ),
    "a bound letter avoids free ones": (Sum(z[i] * z[k], (i, 1, K)), r"\sum_{l=1}^{K} z_{k} z_{l}"),
    "sigmoid": (sigmoid(logit) * (1 - sigmoid(logit)), r"\sigma(z) \left(1 -\sigma(z)\right)"),
    "focal": (
        -alpha * (1 - p(t)) ** gamma * log(p(t)),
        r"-\alpha \, \left(1 -p_{t}\right)^{\gamma} \, \log p_{t}",
    ),
    "a delta": (p(i) * (KroneckerDelta(i, j) - p(j)), r"p_{i} \left(\delta_{i j} -p_{j}\right)"),
    "softmax of any vector": (
        softmax(Vec(z[k] / alpha, k, K), i),
        r"\operatorname{softmax}_{i}\left(\frac{z}{\alpha}\right)",
    ),
    "softmax of a vector that needs its index": (
        softmax(Vec(z[k] - KroneckerDelta(k, t), k, K), i),
        r"\operatorname{softmax}_{i}\left(\left(z_{k} -\delta_{k t}\right)_{k}\right)",
    ),
    "log-sum-exp": (logsumexp(z), r"\operatorname{LSE}(z)"),
    "minus a sum keeps its bracket": (
        Mul(-1, KroneckerDelta(j, t) - p(j), evaluate=False),
        r"-\left(\delta_{j t} -p_{j}\right)",
    ),
    "a number times a sum keeps its bracket": (
        Mul(2, z[i] - z[j], evaluate=False),
        r"2 \left(z_{i} -z_{j}\right)",
    ),
    "minus a sum over classes": (-Sum(y[k], (k, 1, K)), r"-\sum_{k=1}^{K} y_{k}"),
    "sums inside sums take another letter": (
        Sum(p(k) * (z[k] - Sum(p(k) * z[k], (k, 1, K))) ** 2, (k, 1, K)),
        r"\sum_{k=1}^{K} p_{k} \left(z_{k} -\sum_{l=1}^{K} z_{l} p_{l}\right)^{2}",
    ),
    "numbers side by side": (2 * 2**gamma, r"2 \cdot 2^{\gamma}"),
    "a fraction to a power": (Rational(1, 2) ** gamma, r"\left(\frac{1}{2}\right)^{\gamma}"),
    "a power of a log before another factor": (
        log(p(t)) ** 2 * Sum(y[k], (k, 1, K)),
        r"\left(\log p_{t}\right)^{2} \, \sum_{k=1}^{K} y_{k}",
    ),
    "a power of a log": (log(p(t)) ** 2, r"\left(\log p_{t}\right)^{2}"),
    "a power of a sigmoid": (sigmoid(logit) ** gamma, r"\sigma(z)^{\gamma}"),
    "a power of a sigmoid of more than a letter": (
        sigmoid(2 * logit) ** 2,
        r"\sigma\left(2 z\right)^{2}",
    ),
    "a power of softplus": (softplus(-logit) ** 2, r"\operatorname{softplus}(-z)^{2}"),
    "a power of log-sum-exp": (logsumexp(z) ** 2, r"\operatorname{LSE}(z)^{2}"),
    "definition": (
        exp(z[i]) / Sum(exp(z[k]), (k, 1, K)),
        r"\frac{e^{z_{i}}}{\sum_{k=1}^{K} e^{z_{k}}}",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_expression_is_printed_in_this_notation(name):
    expr, expected = CASES[name]
    assert to_latex(expr) == expected


ALIKE = {
    "a constant added to all logits": (softmax(Vec(z[k] + logit, k, K), i), "z"),
    "both targets": (target * y[j], "y"),
    "both weights": (alpha * alphas[t], r"\alpha"),
    "both shifts": (m + maxima[i], "m"),
    "a letter of the reader's": (z[j] + Symbol("z"), "z"),
    "probabilities and a letter": (p(j) + Symbol("p"), "p"),
}


@pytest.mark.parametrize("name", ALIKE)
def test_two_symbols_that_print_alike_are_not_shown_together(name):
    expr, letter = ALIKE[name]
    with pytest.raises(AmbiguityError) as caught:
        latex_together(expr)
    assert caught.value.latex == letter
    first, second = caught.value.symbols
    assert first != second
    assert f"are both printed as {letter}" in str(caught.value)
    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)


def test_two_symbols_that_print_alike_are_found_in_different_lines():
    assert latex_together(logit) == ["z"]
    assert latex_together(z[j]) == ["z_{j}"]
    with pytest.raises(AmbiguityError, match=r"logit \(.+\) and z \(.+\) are both printed as z"):
        latex_together(logit, z[j])


def test_one_symbol_may_stand_in_many_places():
    sums = Sum(p(k), (k, 1, K)) * Sum(z[k] * p(k), (k, 1, K)) * p(j) * p(i) + z[j]
    assert latex_together(sums, sums) == [to_latex(sums)] * 2
