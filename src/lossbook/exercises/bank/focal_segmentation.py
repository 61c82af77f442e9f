"""Exercises of the chapter on focal loss for images."""

from sympy import Symbol, log

from ...expr.nodes import Diff, sigmoid
from ...notation import gamma, logit
from ..exercise import Exercise
from ..mistakes import Mistake

POSITIVE, NEGATIVE = (Symbol(letter, positive=True) for letter in "ab")
S = sigmoid(logit)

TWO_WEIGHTS = Exercise(
    name="segmentation-two-weights",
    chapter="focal_segmentation",
    question=(
        "With $a$ positive and $b$ negative pixels, $n = a + b$ in all, the weights are $n / a$ "
        r"and $n / b$. Divide both by their sum. Which number $\alpha$ do the positives get?"
    ),
    asks=lambda: (1 / POSITIVE) / (1 / POSITIVE + 1 / NEGATIVE),
    hints=(
        "The factor $n$ cancels.",
        "Multiply the numerator and the denominator by $a b$.",
    ),
    mistakes=(
        Mistake(
            "the positives' own share",
            POSITIVE / (POSITIVE + NEGATIVE),
            "This is the share of the positives. Their weight is large where they are few.",
        ),
    ),
    letters=(POSITIVE, NEGATIVE),
)

WRONG_CLASS = Exercise(
    name="segmentation-wrong-class",
    chapter="focal_segmentation",
    question=(
        "A pixel does not show a class. Its term of the focal loss with sigmoids is "
        r"$-\sigma(z)^\gamma \log(1 - \sigma(z))$, without the weight. Differentiate it with "
        "respect to $z$, line by line. What is the sign of the result?"
    ),
    asks=Diff(-(S**gamma) * log(1 - S), logit),
    hints=(
        "The product rule: two terms.",
        r"$\sigma' = \sigma (1 - \sigma)$, and the derivative of $1 - \sigma$ is $-\sigma'$.",
    ),
    mistakes=(
        Mistake(
            "inner derivative of 1 - σ",
            -(S**gamma) * (gamma * (1 - S) * log(1 - S) + S),
            r"The derivative of $1 - \sigma$ is minus that of $\sigma$, so $-\log(1 - \sigma)$ "
            r"has the derivative $+\sigma$.",
        ),
    ),
    by_steps=True,
)
