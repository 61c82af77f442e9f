"""Exercises of the page on notation: deltas and sums."""

from sympy import KroneckerDelta

from ...expr.nodes import Diff, Sum
from ...notation import K, i, j, k, p, y, z
from ..exercise import Exercise
from ..mistakes import Mistake

DELTA = Exercise(
    name="notation-delta",
    chapter="notation",
    question=r"Write $\sum_k \delta_{jk} \, p_k y_k$ without a sum.",
    asks=Sum(KroneckerDelta(j, k) * p(k) * y[k], (k, 1, K)),
    hints=(r"For which $k$ is the delta not 0?", r"Only the term with $k = j$ is left."),
    without=(Sum,),
)

SQUARE = Exercise(
    name="notation-square",
    chapter="notation",
    question=r"Differentiate $z_i^2$ by $z_j$. The result speaks about every pair $i$, $j$.",
    asks=Diff(z[i] ** 2, z[j]),
    hints=(
        r"The chain rule brings out $\partial z_i / \partial z_j$.",
        r"What is that for $i = j$, and what for $i \ne j$?",
    ),
)

WEIGHTED_SQUARES = Exercise(
    name="notation-weighted-squares",
    chapter="notation",
    question=(
        r"Differentiate $\sum_k y_k z_k^2$ by $z_j$, line by line. The $y_k$ do not depend "
        "on $z$."
    ),
    asks=Diff(Sum(y[k] * z[k] ** 2, (k, 1, K)), z[j]),
    hints=(
        "The derivative of a sum is the sum of the derivatives.",
        r"$\partial z_k / \partial z_j = \delta_{jk}$: it contracts the sum.",
    ),
    mistakes=(
        Mistake(
            "delta not contracted",
            Sum(2 * y[k] * z[k], (k, 1, K)),
            (
                r"$\partial z_k / \partial z_j$ is $\delta_{jk}$, not 1: the other terms do not "
                "move "
                "with $z_j$."
            ),
        ),
    ),
    by_steps=True,
)
