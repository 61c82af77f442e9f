"""Exercises of the chapter on binary cross entropy."""

from sympy import Symbol

from ... import losses
from ...expr.nodes import Diff, sigmoid, softplus
from ...notation import logit, target
from ..exercise import Exercise
from ..mistakes import Mistake

LOSS = losses.get("binary_cross_entropy")
S = Symbol("s", real=True)

GRADIENT = Exercise(
    name="bce-gradient",
    chapter="binary_cross_entropy",
    question=(
        r"Differentiate $L = -y \log \sigma(z) - (1 - y) \log(1 - \sigma(z))$ with respect to "
        "the logit $z$. Hand in your lines."
    ),
    asks=Diff(LOSS.plain, LOSS.wrt),
    hints=(
        r"$\sigma' = \sigma (1 - \sigma)$ cancels one factor in each term.",
        r"The derivative of $1 - \sigma(z)$ is $-\sigma'(z)$: the second term changes its sign.",
    ),
    mistakes=(
        Mistake(
            "inner derivative of 1 - σ",
            -target * (1 - sigmoid(logit)) - (1 - target) * sigmoid(logit),
            r"The chain rule on $\log(1-\sigma)$ brings out the derivative of $1-\sigma$, "
            r"which is minus that of $\sigma$.",
        ),
    ),
    by_steps=True,
)

TWICE = Exercise(
    name="bce-sigmoid-twice",
    chapter="binary_cross_entropy",
    question=(
        r"Someone passes $\sigma(z)$ where logits are expected. Differentiate $L = \log(1 + "
        r"e^{\sigma(z)}) - y \sigma(z)$ with respect to $z$."
    ),
    asks=Diff(softplus(sigmoid(logit)) - target * sigmoid(logit), logit),
    hints=(
        r"The loss takes $u = \sigma(z)$ for a logit. Differentiate it with respect to $u$ first.",
        "Then multiply by the derivative of $u$ with respect to $z$.",
    ),
    mistakes=(
        Mistake(
            "the outer sigmoid forgotten",
            (sigmoid(logit) - target) * sigmoid(logit) * (1 - sigmoid(logit)),
            r"The prediction is $\sigma(\sigma(z))$ here, not $\sigma(z)$.",
        ),
    ),
)

CODED = Exercise(
    name="bce-plus-minus",
    chapter="binary_cross_entropy",
    question=r"With labels $s = \pm 1$ the loss is $\log(1 + e^{-sz})$. "
    "Differentiate it with respect to $z$.",
    asks=Diff(softplus(-S * logit), logit),
    hints=(r"The derivative of $\log(1 + e^u)$ is $\sigma(u)$.", "The inner derivative is $-s$."),
    letters=(S,),
)
