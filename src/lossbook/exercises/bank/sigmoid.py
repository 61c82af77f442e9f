"""Exercises of the chapter on the sigmoid."""

from sympy import Symbol, exp, tanh

from ... import losses
from ...expr.nodes import Diff, sigmoid
from ...notation import logit
from ..exercise import Exercise
from ..mistakes import Mistake

A, B, X = (Symbol(name, real=True) for name in "abx")
SIGMA = losses.get("sigmoid")

SLOPE = Exercise(
    name="sigmoid-slope",
    chapter="sigmoid",
    question=(
        r"Derive $\sigma'(z)$ from $\sigma(z) = 1 / (1 + e^{-z})$, and write the result "
        r"with $\sigma$. Hand in your lines."
    ),
    asks=Diff(sigmoid(logit).unfold(), logit),
    solution=lambda: SIGMA.derivation().result,
    hints=(
        r"The derivative of $1/u$ is $-u'/u^2$.",
        r"The derivative of $e^{-z}$ is $-e^{-z}$. The two minus signs cancel.",
        r"$e^{-z} / (1 + e^{-z})$ is $1 - \sigma(z)$.",
    ),
    mistakes=(
        Mistake(
            "inner derivative forgotten",
            -sigmoid(logit) * (1 - sigmoid(logit)),
            "The chain rule was cut short: the derivative of $e^{-z}$ is $e^{-z}$ times the "
            "derivative of $-z$. "
            r"$\sigma$ rises, so its slope is positive.",
        ),
        Mistake(
            "square forgotten",
            exp(-logit) / (1 + exp(-logit)),
            r"The derivative of $1/u$ has $u^2$ below.",
        ),
    ),
    by_steps=True,
)

SECOND = Exercise(
    name="sigmoid-second-derivative",
    chapter="sigmoid",
    question=r"Differentiate $\sigma'(z) = \sigma(z) (1 - \sigma(z))$ once more.",
    asks=Diff(sigmoid(logit) * (1 - sigmoid(logit)), logit),
    hints=(
        r"Differentiate $\sigma - \sigma^2$ as if $\sigma$ were the variable.",
        r"Then multiply by $\sigma'$: the chain rule.",
    ),
)

WEIGHT = Exercise(
    name="sigmoid-by-weight",
    chapter="sigmoid",
    question=r"Differentiate $\sigma(ax + b)$ with respect to the weight $a$.",
    asks=Diff(sigmoid(A * X + B), A),
    hints=(r"The derivative of $ax + b$ with respect to $a$ is a factor of the result.",),
    mistakes=(
        Mistake(
            "with respect to the input",
            A * sigmoid(A * X + B) * (1 - sigmoid(A * X + B)),
            "This is the derivative with respect to the input $x$. Which letter varies?",
        ),
    ),
    letters=(A, B, X),
)

TANH = Exercise(
    name="sigmoid-for-tanh",
    chapter="sigmoid",
    question=r"Write $\tanh z$ with a sigmoid.",
    asks=tanh(logit),
    solution=2 * sigmoid(2 * logit) - 1,
    hints=(
        r"Both are S-shaped. One goes from 0 to 1, the other from $-1$ to 1.",
        r"$\tanh z = (e^z - e^{-z}) / (e^z + e^{-z})$. Multiply above and below by $e^{-z}$.",
    ),
    mistakes=(
        Mistake(
            "the argument not doubled",
            2 * sigmoid(logit) - 1,
            r"The range is right. Compare the slopes at $z = 0$.",
        ),
    ),
    without=(tanh,),
)
