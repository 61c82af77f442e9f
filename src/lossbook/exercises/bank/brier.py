"""Exercises of the chapter on squared error of probabilities, the Brier score."""

from sympy import Symbol

from ... import losses
from ...expr.nodes import Diff, sigmoid
from ...notation import j, logit, p, y
from ..exercise import Exercise
from ..mistakes import Mistake

SQUARED = losses.get("softmax_mse")
Q, X = (Symbol(name, positive=True) for name in "qx")

SOFTMAX = Exercise(
    name="brier-softmax",
    chapter="brier",
    question=(
        r"Differentiate $\sum_k (p_k - y_k)^2$ with respect to the logit $z_j$. Hand in your lines."
    ),
    asks=Diff(SQUARED.plain, SQUARED.wrt),
    given=SQUARED.given,
    hints=(
        (
            r"Every $p_k$ changes with $z_j$: "
            r"$\partial p_k / \partial z_j = p_k (\delta_{jk} - p_j)$."
        ),
        (
            "The delta leaves one term of the sum. The other part keeps its sum: pull $p_j$ out of "
            "it."
        ),
    ),
    mistakes=(
        Mistake(
            "sum dropped",
            2 * p(j) * (p(j) - y[j]),
            r"This is the term with the delta. The other part, $-p_j \sum_k \ldots$, is missing: "
            r"raising $z_j$ lowers all other probabilities.",
        ),
    ),
    by_steps=True,
)

CURVATURE = Exercise(
    name="brier-curvature",
    chapter="brier",
    question=(
        r"For the target 0 the gradient on a sigmoid is $2 \sigma^2 (1 - \sigma)$, with "
        r"$\sigma = \sigma(z)$. Differentiate it with respect to $z$."
    ),
    asks=Diff(2 * sigmoid(logit) ** 2 * (1 - sigmoid(logit)), logit),
    hints=(
        (
            r"Differentiate $2\sigma^2 - 2\sigma^3$ with respect to $\sigma$, then multiply by "
            r"$\sigma'$."
        ),
    ),
)

FOURTH = Exercise(
    name="brier-fourth-power",
    chapter="brier",
    question=r"Differentiate $q (1 - x)^4 + (1 - q) x^4$ with respect to $x$.",
    asks=Diff(Q * (1 - X) ** 4 + (1 - Q) * X**4, X),
    hints=(
        "The probability $q$ is a constant here.",
        "The inner derivative of $1 - x$ is $-1$.",
    ),
    mistakes=(
        Mistake(
            "inner derivative forgotten",
            4 * Q * (1 - X) ** 3 + 4 * (1 - Q) * X**3,
            "The chain rule was cut short: $1 - x$ falls when $x$ rises.",
        ),
    ),
    letters=(Q, X),
)
