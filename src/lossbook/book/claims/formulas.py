"""Source A: the forward and backward formulas of the focal loss, for softmax."""

from __future__ import annotations

import mpmath
import numpy as np
from sympy import Eq, Piecewise, Rational, S, exp, log

from ... import losses
from ...calculus.evaluate import evaluate
from ...expr.nodes import Diff, Sum
from ...notation import K, alpha, alphas, gamma, i, j, k, logit, p, sigmoid, softplus, t, target, z
from ..show import Html, table
from .claim import Claim, Judgement, claim, equality, fact, verdict

P = p(t)
BY_EXPONENTIALS = exp(z[t]) / Sum(exp(z[k]), (k, 1, K))
PLAIN = -((1 - P) ** gamma) * log(P)
BRACKET = 1 - P - gamma * P * log(P)
PRODUCT_RULE = gamma * (1 - P) ** (gamma - 1) * log(P) * Diff(P, z[i]) - (1 - P) ** gamma * Diff(
    log(P), z[i]
)


def by_case(at_target, elsewhere):
    """One value where i = t, another elsewhere."""
    return Piecewise((at_target, Eq(i, t)), (elsewhere, True))


MERGED = by_case(-((1 - P) ** gamma) * BRACKET, p(i) * (1 - P) ** (gamma - 1) * BRACKET)


def three_forms_agree() -> Judgement:
    """Three ways to write the softmax focal loss agree."""
    log_sum_exp = log(Sum(exp(z[k]), (k, 1, K)))
    first = -alphas[t] * (1 - BY_EXPONENTIALS) ** gamma * log(BY_EXPONENTIALS)
    second = alphas[t] * (1 - P) ** gamma * (-z[t] + log_sum_exp)
    return verdict(
        [
            equality(first, second, rule="with exponentials, with log-sum-exp"),
            equality(
                second,
                losses.get("softmax_focal").expr,
                rule="with log-sum-exp, with the probability",
            ),
        ],
        evidence="The three forms are one function. Only the second can be computed as it stands; "
        "the others may take the logarithm of 0.",
    )


def log_probability_derivative() -> Judgement:
    r"""The derivative of $\log p_t$ with respect to $z_i$ is $1-p_t$ for $i=t$, else $-p_i$."""
    return verdict(
        [equality(Diff(log(P), z[i]), by_case(1 - P, -p(i)))],
        evidence="Proved from the definition of softmax.",
    )


def probability_derivative() -> Judgement:
    """The derivative of $p_t$ with respect to $z_i$ is $p_t-p_t^2$ for $i=t$, else $-p_ip_t$."""
    return verdict(
        [equality(Diff(BY_EXPONENTIALS, z[i]), by_case(P - P**2, -p(i) * P))],
        evidence="Proved for the quotient of exponentials.",
    )


def gradient_by_product_rule() -> Judgement:
    """The gradient of the focal loss follows from the product rule and has two terms."""
    return verdict(
        [equality(Diff(PLAIN, z[i]), PRODUCT_RULE)],
        evidence="Proved for the loss without α.",
    )


def gradient_in_one_bracket() -> Judgement:
    r"""The gradient has the bracket $1-p_t-\gamma p_t\log p_t$ at the target and elsewhere."""
    ours = losses.get("softmax_focal").derivation().result.xreplace({j: i})
    return verdict(
        [
            equality(PRODUCT_RULE, MERGED, rule="the two cases"),
            equality(MERGED, ours, rule="the book's form for both cases"),
        ],
        evidence="Correct. It is the gradient that this book derives, written in two cases.",
    )


def gradient_without_alpha() -> Judgement:
    r"""The loss has the weight $\alpha_t$, and its gradient is given without it."""
    full = losses.get("softmax_focal").derivation(full=True).result.xreplace({j: i})
    return verdict(
        [equality(full, MERGED, rule="as stated, without α")],
        right=[equality(full, alphas[t] * MERGED, rule="with the weight of the true class")],
        evidence="The gradient of the weighted loss has the factor $\\alpha_t$ too. "
        "The letters also need care: softmax has K components, and $p_{class}$ is only one of "
        "them.",
    )


def textbook(logits: list[float], true: int, index: int, focus: float) -> np.float32:
    """A5 as it is printed, in float32."""
    with np.errstate(all="ignore"):
        e = np.exp(np.array(logits, dtype=np.float32))
        q, focus = e / e.sum(), np.float32(focus)
        r = q[true]
        bracket = 1 - r - focus * r * np.log(r)
        return (
            -((1 - r) ** focus) * bracket
            if index == true
            else q[index] * (1 - r) ** (focus - 1) * bracket
        )


def by_margin(margin: float, focus: float) -> np.float32:
    """Two classes: the gradient at the target by the margin, in float32."""
    u, focus = np.float32(margin), np.float32(focus)
    right, wrong = np.exp(-np.logaddexp(0, -u)), np.exp(-np.logaddexp(0, u))
    return -(wrong**focus) * (wrong + focus * right * np.logaddexp(0, -u))


def saturation() -> tuple[Html, bool]:
    """A5 as printed, against 50 digits and the margin form; and whether it was always close."""
    gradient = losses.get("softmax_focal").derivation().result
    rows, always = [], True
    for margin, focus in ((0, Rational(1, 2)), (8, 2), (20, Rational(1, 2)), (20, 2), (-120, 2)):
        point = {K: 2, t: 1, j: 2, gamma: focus, z: [margin, 0]}
        true = evaluate(gradient, point)
        printed, ours = textbook([margin, 0], 0, 1, float(focus)), -by_margin(margin, float(focus))
        good = bool(abs(printed - float(true)) <= 1e-3 * abs(float(true)))
        always = always and good
        cells = [f"{float(x):.3g}" for x in (printed, ours)]
        rows.append((margin, focus, *cells, mpmath.nstr(true, 3)))
    header = ("margin", "γ", "as printed, float32", "by the margin, float32", "50 digits")
    return table(
        header, rows, caption="Gradient with respect to the other logit, two classes"
    ), always


def backward_pass_by_merged_formula() -> Judgement:
    """A backward pass of your own should compute the gradient with that bracket."""
    shown, always = saturation()
    u = logit
    ours = losses.get("sigmoid_focal").derivation(full=True).result.xreplace({target: S.One})
    margin = -alpha * sigmoid(-u) ** gamma * (sigmoid(-u) + gamma * sigmoid(u) * softplus(-u))
    return verdict(
        [fact("The printed formula is right to 3 digits in float32", always, shown)],
        right=[equality(ours, margin, rule="by the margin, positive class")],
        evidence="As mathematics the formula is right. As code it fails where $p_t$ is rounded to "
        "1 or to 0. Code should compute with the margin, for which $1-p_t$ is a sigmoid too.",
    )


CLAIMS = (
    Claim(
        "A1",
        "Three ways to write the softmax focal loss agree: with exponentials, with log-sum-exp, "
        "and with $p_t$.",
        three_forms_agree,
    ),
    claim("A2", log_probability_derivative),
    claim("A3", probability_derivative),
    claim("A4", gradient_by_product_rule),
    claim("A5", gradient_in_one_bracket),
    claim("A6", gradient_without_alpha),
    claim("A7", backward_pass_by_merged_formula),
)
