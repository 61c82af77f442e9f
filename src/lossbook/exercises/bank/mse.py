"""Exercises of the chapter on the squared error."""

from ... import losses
from ...expr.nodes import Diff, sigmoid
from ...notation import j, logit, p, y
from ..exercise import Exercise
from ..mistakes import Mistake

ON_SIGMOID = losses.get("sigmoid_mse")
ON_SOFTMAX = losses.get("softmax_mse")

SIGMOID = Exercise(
    name="mse-sigmoid",
    chapter="mse",
    question=r"Differentiate $(\sigma(z) - y)^2$ by the logit $z$.",
    asks=Diff(ON_SIGMOID.plain, ON_SIGMOID.wrt),
    hints=("The derivative of a square is twice what is squared, times the inner derivative.",),
)

SOFTMAX = Exercise(
    name="mse-softmax",
    chapter="mse",
    question=r"Differentiate $\sum_k (p_k - y_k)^2$ by the logit $z_j$. Hand in your lines.",
    asks=Diff(ON_SOFTMAX.plain, ON_SOFTMAX.wrt),
    given=ON_SOFTMAX.given,
    hints=(
        r"Every $p_k$ moves with $z_j$: $\partial p_k / \partial z_j = p_k (\delta_{jk} - p_j)$.",
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

SECOND = Exercise(
    name="mse-sigmoid-second",
    chapter="mse",
    question=(
        r"For the target 0 the gradient on a sigmoid is $2 \sigma^2 (1 - \sigma)$, with "
        r"$\sigma = \sigma(z)$. Differentiate it by $z$."
    ),
    asks=Diff(2 * sigmoid(logit) ** 2 * (1 - sigmoid(logit)), logit),
    hints=(r"Differentiate $2\sigma^2 - 2\sigma^3$ by $\sigma$, then multiply by $\sigma'$.",),
)
