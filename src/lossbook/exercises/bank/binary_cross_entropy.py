"""Exercises of the chapter on binary cross entropy."""

from sympy import Symbol

from ... import losses
from ...expr.nodes import Diff, sigmoid, softplus
from ...notation import beta, epsilon, logit, target
from ..exercise import Exercise
from ..mistakes import Mistake

LOSS = losses.get("binary_cross_entropy")
S = Symbol("s", real=True)

GRADIENT = Exercise(
    name="bce-gradient",
    chapter="binary_cross_entropy",
    question=(
        r"Differentiate $L = -y \log \sigma(z) - (1 - y) \log(1 - \sigma(z))$ by the logit $z$. "
        "Hand in your lines."
    ),
    asks=Diff(LOSS.plain, LOSS.wrt),
    hints=(
        r"$\sigma' = \sigma (1 - \sigma)$ cancels one factor in each term.",
        (
            r"The inner derivative of $1 - \sigma(z)$ is $-\sigma'(z)$: the second term changes "
            "its "
            "sign."
        ),
    ),
    mistakes=(
        Mistake(
            "inner derivative of 1 - σ",
            -target * (1 - sigmoid(logit)) - (1 - target) * sigmoid(logit),
            (
                r"The chain rule on $\log(1-\sigma)$ brings out the derivative of $1-\sigma$, "
                "which "
                r"is minus that of $\sigma$."
            ),
        ),
    ),
    by_steps=True,
)

WEIGHTED = Exercise(
    name="bce-pos-weight",
    chapter="binary_cross_entropy",
    question=(
        r"With a weight $\beta$ on the positive class the loss is $-\beta y \log \sigma(z) "
        r"- (1-y) \log(1-\sigma(z))$. Differentiate it by $z$."
    ),
    asks=Diff(LOSS.expr, LOSS.wrt),
    hints=("Take the two terms one after the other. Only the first one is weighted.",),
    mistakes=(
        Mistake(
            "the whole gradient weighted",
            beta * (sigmoid(logit) - target),
            r"$\beta$ weighs the positive term only, not the whole gradient.",
        ),
        Mistake(
            "dropped β",
            sigmoid(logit) - target,
            r"The weight $\beta$ is missing: this is the gradient without it.",
        ),
    ),
)

TWICE = Exercise(
    name="bce-sigmoid-twice",
    chapter="binary_cross_entropy",
    question=(
        r"Someone passes $\sigma(z)$ where logits are expected. Differentiate $L = \log(1 + "
        r"e^{\sigma(z)}) - y \sigma(z)$ by $z$."
    ),
    asks=Diff(softplus(sigmoid(logit)) - target * sigmoid(logit), logit),
    hints=(
        r"The gradient by what the loss takes for a logit is prediction minus target.",
        "Then the chain rule.",
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
    question=r"With labels $s = \pm 1$ the loss is $\log(1 + e^{-sz})$. Differentiate it by $z$.",
    asks=Diff(softplus(-S * logit), logit),
    hints=(r"The derivative of $\log(1 + e^u)$ is $\sigma(u)$.", "The inner derivative is $-s$."),
    letters=(S,),
)

SMOOTHED = Exercise(
    name="bce-smoothing",
    chapter="binary_cross_entropy",
    question=(
        r"Replace the target $y$ by $(1-\varepsilon) y + \varepsilon/2$. What is the "
        "gradient by $z$ then?"
    ),
    asks=Diff(LOSS.plain.xreplace({target: (1 - epsilon) * target + epsilon / 2}), logit),
    hints=("The gradient is prediction minus target for every target.",),
)
