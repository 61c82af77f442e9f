"""Exercises of the chapter on cross entropy."""

from sympy import KroneckerDelta, log

from ... import losses
from ...expr.hypotheses import Simplex
from ...expr.nodes import Diff, Sum
from ...notation import K, epsilon, i, j, k, p, t, y, z
from ..exercise import Exercise
from ..mistakes import Mistake

SOFT = losses.get("cross_entropy")
HARD = losses.get("cross_entropy_index")

GRADIENT = Exercise(
    name="ce-gradient",
    chapter="cross_entropy",
    question=(
        r"Differentiate $L = -\sum_k y_k \log p_k$ with respect to the logit $z_j$. "
        "Hand in your lines."
    ),
    asks=Diff(SOFT.plain, SOFT.wrt),
    given=SOFT.given,
    hints=(
        r"Every $p_k$ depends on $z_j$, so every term of the sum has a derivative.",
        r"$\partial p_k / \partial z_j = p_k (\delta_{jk} - p_j)$. Divide it by $p_k$.",
        r"$\sum_k y_k \delta_{jk} = y_j$, and the targets sum to 1.",
    ),
    by_steps=True,
)

CLASS_INDEX = Exercise(
    name="ce-class-index",
    chapter="cross_entropy",
    question=(
        r"With one true class $t$ and class weights the loss is $-w_t \log p_t$. "
        "Differentiate it with respect to $z_j$."
    ),
    asks=Diff(HARD.expr, HARD.wrt),
    hints=(
        "The weight does not depend on the logits.",
        (
            r"Differentiate $\log p_t$ with respect to $z_j$. What is it for $j = t$, and what for "
            "the other classes?"
        ),
    ),
)

REVERSED = Exercise(
    name="ce-reverse-gradient",
    chapter="cross_entropy",
    question=(
        r"With its arguments exchanged the loss is $-\sum_k p_k \log y_k$. Differentiate it "
        "with respect to $z_j$."
    ),
    asks=Diff(-Sum(p(k) * log(y[k]), (k, 1, K)), z[j]),
    given=(Simplex(y),),
    hints=(
        r"Now the $p_k$ stand outside the logarithm: differentiate them, and keep $\log y_k$.",
        r"Contract the delta. A sum over $k$ remains: pull $p_j$ out of it.",
    ),
)

HESSIAN = Exercise(
    name="ce-hessian",
    chapter="cross_entropy",
    question=(
        "The gradient is $p_j - y_j$. Differentiate it with respect to $z_i$. This is the entry "
        "$(i, j)$ of the Hessian."
    ),
    asks=lambda: Diff(SOFT.derivation().result, z[i]),
    given=SOFT.given,
    hints=(
        "The target does not depend on the logits.",
        "What remains is an entry of the softmax Jacobian.",
    ),
    mistakes=(
        Mistake(
            "the diagonal everywhere",
            p(j) * (1 - p(j)),
            (
                r"That is the entry for $i = j$. For $i \ne j$ the other probability falls when "
                "$z_i$ rises."
            ),
        ),
    ),
)

SMOOTHED = Exercise(
    name="ce-smoothing",
    chapter="cross_entropy",
    question=(
        r"Label smoothing replaces the one-hot target by $(1-\varepsilon)\,\delta_{kt} + "
        r"\varepsilon / K$. "
        r"What is the gradient by $z_j$ then? (No class weights.)"
    ),
    asks=Diff(
        -Sum(((1 - epsilon) * KroneckerDelta(k, t) + epsilon / K) * log(p(k)), (k, 1, K)),
        z[j],
    ),
    hints=(
        r"The smoothed target sums to 1 again.",
        r"For every target that sums to 1 the gradient is $p_j$ minus it.",
    ),
    mistakes=(
        Mistake(
            "smoothing forgotten",
            p(j) - KroneckerDelta(j, t),
            r"This is the gradient without smoothing. Which target does the loss see?",
        ),
    ),
)
