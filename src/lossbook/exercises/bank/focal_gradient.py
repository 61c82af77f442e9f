"""Exercises of the chapter on the gradient of focal loss."""

from sympy import KroneckerDelta, log

from ... import losses
from ...expr.nodes import Diff, sigmoid
from ...notation import alpha, alphas, gamma, j, logit, p, t
from ..exercise import Exercise
from ..mistakes import Mistake

FOCAL = losses.get("softmax_focal")

GRADIENT = Exercise(
    name="focal-gradient",
    chapter="focal_gradient",
    question=(
        r"Differentiate $L = -(1 - p_t)^\gamma \log p_t$ with respect to the logit $z_j$. Hand "
        "in your lines."
    ),
    asks=Diff(FOCAL.plain, FOCAL.wrt),
    hints=(
        r"Differentiate with respect to $p_t$ first: the product rule gives two terms.",
        r"Then multiply by $\partial p_t / \partial z_j = p_t (\delta_{jt} - p_j)$.",
        r"Pull out $(1-p_t)^{\gamma-1} (p_j - \delta_{jt})$.",
    ),
    mistakes=(
        Mistake(
            "the factor taken as constant",
            (1 - p(t)) ** gamma * (p(j) - KroneckerDelta(j, t)),
            (
                r"The factor $(1-p_t)^\gamma$ was treated as a constant. It depends on the logits "
                "too: its term is missing."
            ),
        ),
        Mistake(
            "sign of the inner derivative",
            (1 - p(t)) ** (gamma - 1)
            * (1 - p(t) + gamma * p(t) * log(p(t)))
            * (p(j) - KroneckerDelta(j, t)),
            (
                r"The derivative of $(1-p_t)^\gamma$ has an inner derivative of $-1$: look at the "
                r"sign of the term with $\gamma$."
            ),
        ),
    ),
    by_steps=True,
)

WEIGHTED = Exercise(
    name="focal-gradient-weighted",
    chapter="focal_gradient",
    question=(
        r"The same with class weights: differentiate $-\alpha_t (1 - p_t)^\gamma \log p_t$ "
        "with respect to $z_j$."
    ),
    asks=Diff(FOCAL.expr, FOCAL.wrt),
    hints=(r"The weight is that of the true class, whatever $j$ is.",),
    mistakes=(
        Mistake(
            "weight of the class j",
            alphas[j]
            * (1 - p(t)) ** (gamma - 1)
            * (1 - p(t) - gamma * p(t) * log(p(t)))
            * (p(j) - KroneckerDelta(j, t)),
            r"The weight belongs to the true class: $\alpha_t$, for every $j$.",
        ),
    ),
)

POSITIVE = Exercise(
    name="focal-sigmoid-positive",
    chapter="focal_gradient",
    question=(
        r"One logit, target 1: differentiate $-\alpha (1 - \sigma(z))^\gamma \log "
        r"\sigma(z)$ with respect to $z$."
    ),
    asks=Diff(-alpha * (1 - sigmoid(logit)) ** gamma * log(sigmoid(logit)), logit),
    hints=(
        r"$\sigma' = \sigma (1 - \sigma)$. The product rule gives two terms.",
        (
            r"Both terms have the factor $\alpha (1-\sigma)^\gamma$: the factor $1 - \sigma$ of "
            r"$\sigma'$ raises one exponent from $\gamma - 1$ to $\gamma$."
        ),
    ),
)
