"""Exercises of the chapter on soft, smoothed and weighted targets."""

from sympy import Symbol, log

from ... import losses
from ...expr.hypotheses import Simplex
from ...expr.nodes import Diff, Sum, Vec, sigmoid, softmax
from ...notation import K, epsilon, i, j, k, logit, p, target, w, y, z
from ..exercise import Exercise
from ..mistakes import Mistake

SOFT = losses.get("cross_entropy")
BINARY = losses.get("binary_cross_entropy")
T = Symbol("T", positive=True)

UNNORMALISED = Exercise(
    name="soft-any-sum",
    chapter="soft_targets",
    question=(
        r"The numbers $y_k$ are any numbers; nothing is known about their sum. Differentiate "
        r"$L = -\sum_k y_k \log p_k$ with respect to $z_j$. Hand in your lines."
    ),
    asks=Diff(SOFT.plain, SOFT.wrt),
    hints=(
        r"$\partial p_k / \partial z_j = p_k (\delta_{jk} - p_j)$. Divide it by $p_k$.",
        r"$\sum_k y_k \delta_{jk} = y_j$, and $p_j$ does not depend on $k$.",
        r"A factor $\sum_k y_k$ stays in the result.",
    ),
    mistakes=(
        Mistake(
            "the sum taken for 1",
            p(j) - y[j],
            r"This is right only if $\sum_k y_k = 1$, which is not given here.",
        ),
    ),
    by_steps=True,
)

SMOOTHED = Exercise(
    name="soft-one-logit",
    chapter="soft_targets",
    question=(
        r"In binary cross entropy replace the target $y$ by $(1-\varepsilon) y + \varepsilon/2$. "
        "What is the gradient with respect to $z$ then?"
    ),
    asks=Diff(BINARY.plain.xreplace({target: (1 - epsilon) * target + epsilon / 2}), logit),
    hints=("The gradient is prediction minus target for every target.",),
    mistakes=(
        Mistake(
            "smoothing forgotten",
            sigmoid(logit) - target,
            "This is the gradient without smoothing. Which target does the loss see?",
        ),
    ),
)

WEIGHTED = Exercise(
    name="soft-weights",
    chapter="soft_targets",
    question=(
        r"With class weights the loss is $-\sum_k w_k y_k \log p_k$. Differentiate it with "
        "respect to $z_j$."
    ),
    asks=Diff(-Sum(w[k] * y[k] * log(p(k)), (k, 1, K)), z[j]),
    given=(Simplex(y),),
    hints=(
        r"The products $w_k y_k$ take the place of the targets.",
        "Do the weighted targets sum to 1?",
    ),
    mistakes=(
        Mistake(
            "the weight in front of the whole gradient",
            w[j] * (p(j) - y[j]),
            r"The weighted targets do not sum to 1: $p_j$ is multiplied by $\sum_k w_k y_k$, not "
            "by $w_j$.",
        ),
        Mistake(
            "the sum of the weighted targets taken for 1",
            p(j) - w[j] * y[j],
            r"The weighted targets do not sum to 1. Which factor does $p_j$ keep?",
        ),
    ),
)

TEMPERATURE = Exercise(
    name="soft-temperature",
    chapter="soft_targets",
    question=(
        r"With a temperature $T$ the probabilities are $q_k = \mathrm{softmax}(z/T)_k$. "
        r"Differentiate $-\sum_k y_k \log q_k$ with respect to $z_j$."
    ),
    asks=Diff(-Sum(y[k] * log(softmax(Vec(z[i] / T, i, K), k)), (k, 1, K)), z[j]),
    given=(Simplex(y),),
    hints=(
        "Differentiate with respect to the divided logit $z_j / T$ first.",
        "Then the chain rule: the derivative of $z_j / T$ with respect to $z_j$.",
    ),
    letters=(T,),
)
