"""Exercises of the chapter on cross entropy."""

from sympy import log

from ... import losses
from ...expr.hypotheses import Simplex
from ...expr.nodes import Diff, Sum
from ...notation import K, j, k, p, y, z
from ..exercise import Exercise

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
