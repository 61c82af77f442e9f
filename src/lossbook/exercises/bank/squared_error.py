"""Exercises of the chapter on the squared error."""

from sympy import IndexedBase, Symbol, log

from ...expr.nodes import Diff, Sum
from ...notation import K, k, prediction, target, w, y
from ..exercise import Exercise
from ..mistakes import Mistake

A, C = (Symbol(name, real=True) for name in "ac")
S = Symbol("s", positive=True)
X = IndexedBase("x", shape=(K,), real=True)

SLOPE = Exercise(
    name="squared-error-slope",
    chapter="squared_error",
    question=(
        r"Differentiate $\sum_k (a x_k - y_k)^2$ with respect to the slope $a$. Hand in your lines."
    ),
    asks=Diff(Sum((A * X[k] - y[k]) ** 2, (k, 1, K)), A),
    hints=(
        "The derivative of a sum is the sum of the derivatives: take one term.",
        "The derivative of a square is twice what is squared, times the inner derivative.",
        "Inside stands $a x_k - y_k$. Its derivative with respect to $a$ is $x_k$.",
    ),
    mistakes=(
        Mistake(
            "inner derivative forgotten",
            Sum(2 * (A * X[k] - y[k]), (k, 1, K)),
            "The chain rule was cut short: the factor $x_k$, the derivative of what is squared, is "
            "missing.",
        ),
        Mistake(
            "the slope as the inner derivative",
            Sum(2 * A * (A * X[k] - y[k]), (k, 1, K)),
            "The factor $a$ is the derivative with respect to $x_k$. Which letter varies?",
        ),
    ),
    letters=(A, X),
    by_steps=True,
)

WEIGHTED = Exercise(
    name="squared-error-weighted",
    chapter="squared_error",
    question=r"Differentiate $\sum_k w_k (c - y_k)^2$ with respect to $c$.",
    asks=Diff(Sum(w[k] * (C - y[k]) ** 2, (k, 1, K)), C),
    hints=(
        "The weights are constants: each stays in front of its term.",
        "Write the result as two sums, and pull $c$ out of the first.",
    ),
    mistakes=(
        Mistake(
            "weights forgotten",
            Sum(2 * (C - y[k]), (k, 1, K)),
            "This is the result without weights. A constant factor stays when you differentiate.",
        ),
    ),
    letters=(C,),
)

NOISE = Exercise(
    name="squared-error-noise",
    chapter="squared_error",
    question=r"Differentiate $\frac{(x - y)^2}{2 s^2} + \log s$ with respect to $s$.",
    asks=Diff((prediction - target) ** 2 / (2 * S**2) + log(S), S),
    hints=(
        "The residual $x - y$ does not depend on $s$: it is a constant factor here.",
        "$1/s^2$ is $s^{-2}$, and its derivative is $-2 s^{-3}$.",
    ),
    mistakes=(
        Mistake(
            "the logarithm forgotten",
            -((prediction - target) ** 2) / S**3,
            r"The derivative of $\log s$ is missing.",
        ),
        Mistake(
            "wrong sign of the power rule",
            (prediction - target) ** 2 / S**3 + 1 / S,
            "The derivative of $s^{-2}$ has a minus sign.",
        ),
    ),
    letters=(S,),
)
