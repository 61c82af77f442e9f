"""Exercises of the chapter on SymPy by hand: deltas and sums."""

from sympy import KroneckerDelta

from ...expr.nodes import Diff, Sum
from ...notation import K, i, j, k, p, y, z
from ..exercise import Exercise
from ..mistakes import Mistake

DELTA = Exercise(
    name="notation-delta",
    chapter="sympy_by_hand",
    question=r"Write $\sum_k (\delta_{jk} \, y_k - p_j)$ without a sum.",
    asks=Sum(KroneckerDelta(j, k) * y[k] - p(j), (k, 1, K)),
    hints=(
        "The sum of a difference is the difference of two sums.",
        r"In the first, only the term with $k = j$ is not 0.",
        r"In the second, $p_j$ does not depend on $k$. How many terms are there?",
    ),
    mistakes=(
        Mistake(
            "one term instead of K",
            y[j] - p(j),
            r"The delta is 0 in all terms but one, but $p_j$ is subtracted in every term.",
        ),
        Mistake(
            "the sum of the probabilities",
            y[j] - 1,
            r"You added up all probabilities, as if the term were $p_k$. It is $p_j$, the same "
            "number in each of the $K$ terms.",
        ),
    ),
    without=(Sum,),
)

SQUARE = Exercise(
    name="notation-square",
    chapter="sympy_by_hand",
    question=(
        r"Differentiate $z_i^2$ with respect to $z_j$. The result has to be correct for every "
        "pair $i$, $j$."
    ),
    asks=Diff(z[i] ** 2, z[j]),
    hints=(
        r"By the chain rule, $\partial z_i / \partial z_j$ is a factor of the result.",
        r"What is that factor for $i = j$, and what for $i \ne j$?",
    ),
)

WEIGHTED_SQUARES = Exercise(
    name="notation-weighted-squares",
    chapter="sympy_by_hand",
    question=(
        r"Differentiate $\sum_k y_k z_k^2$ with respect to $z_j$, line by line. The $y_k$ do not "
        "depend on $z$."
    ),
    asks=Diff(Sum(y[k] * z[k] ** 2, (k, 1, K)), z[j]),
    hints=(
        "The derivative of a sum is the sum of the derivatives.",
        r"$\partial z_k / \partial z_j = \delta_{jk}$, and this delta contracts the sum.",
    ),
    mistakes=(
        Mistake(
            "delta not contracted",
            Sum(2 * y[k] * z[k], (k, 1, K)),
            r"$\partial z_k / \partial z_j$ is $\delta_{jk}$, not 1: raising $z_j$ leaves all "
            "other terms as they are.",
        ),
    ),
    by_steps=True,
)
