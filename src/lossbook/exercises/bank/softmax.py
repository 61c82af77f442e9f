"""Exercises of the chapter on softmax."""

from sympy import Symbol, exp, log

from ... import losses
from ...expr.nodes import Diff, Sum, Vec, softmax
from ...notation import K, i, j, k, p, z
from ..exercise import Exercise
from ..mistakes import Mistake

T = Symbol("T", positive=True)
SOFTMAX = losses.get("softmax")

JACOBIAN = Exercise(
    name="softmax-jacobian",
    chapter="softmax",
    question=(
        r"Derive $\partial p_i / \partial z_j$ from $p_i = e^{z_i} / \sum_k e^{z_k}$, and write "
        "the result with $p$. Hand in your lines."
    ),
    asks=Diff(exp(z[i]) / Sum(exp(z[k]), (k, 1, K)), z[j]),
    solution=lambda: SOFTMAX.derivation().result,
    hints=(
        "Use the quotient rule. Both the numerator and the sum below it depend on $z_j$.",
        (
            r"$\partial e^{z_i} / \partial z_j = e^{z_i} \delta_{ij}$, and the sum has the "
            "derivative $e^{z_j}$."
        ),
        "Divide each exponential by the sum: it becomes a probability.",
    ),
    by_steps=True,
)

LOGARITHM = Exercise(
    name="softmax-log",
    chapter="softmax",
    question=r"Differentiate $\log p_i$ with respect to $z_j$.",
    asks=Diff(log(p(i)), z[j]),
    hints=(
        r"$\log p_i = z_i - \log \sum_k e^{z_k}$.",
        "Or divide the Jacobian of softmax by $p_i$.",
    ),
    mistakes=(
        Mistake(
            "Jacobian of softmax itself",
            Diff(p(i), z[j]),
            r"This is the derivative of $p_i$. That of $\log p_i$ is divided by $p_i$.",
        ),
    ),
)

TEMPERATURE = Exercise(
    name="softmax-by-temperature",
    chapter="softmax",
    question=(
        r"Let $q = \operatorname{softmax}(z / T)$. Differentiate $q_i$ with respect to $z_j$. "
        "(Type $q_i$ as `softmax(z/T)[i]`.)"
    ),
    asks=Diff(softmax(Vec(z[k] / T, k, K), i), z[j]),
    hints=(
        "Use the chain rule: what softmax receives is $z / T$.",
        "The inner derivative is $1 / T$.",
    ),
    mistakes=(
        Mistake(
            "multiplied by the temperature",
            T**2 * Diff(softmax(Vec(z[k] / T, k, K), i), z[j]),
            "The inner derivative is that of $z_j / T$: it is $1 / T$, not $T$.",
        ),
    ),
    letters=(T,),
)
