"""Exercises of the chapter on softmax."""

from sympy import Symbol, exp, log

from ... import losses
from ...expr.nodes import Diff, Sum, Vec, softmax
from ...notation import K, i, j, k, p, z
from ..exercise import Exercise
from ..mistakes import Mistake

TAU = Symbol("tau", positive=True)
SOFTMAX = losses.get("softmax")

JACOBIAN = Exercise(
    name="softmax-jacobian",
    chapter="softmax",
    question=(
        r"Derive $\partial p_i / \partial z_j$ from $p_i = e^{z_i} / \sum_k e^{z_k}$, and write "
        "the result by $p$. "
        "Hand in your lines."
    ),
    asks=Diff(exp(z[i]) / Sum(exp(z[k]), (k, 1, K)), z[j]),
    solution=lambda: SOFTMAX.derivation().result,
    hints=(
        "The quotient rule. Both the numerator and the sum below depend on $z_j$.",
        (
            r"$\partial e^{z_i} / \partial z_j = e^{z_i} \delta_{ij}$, and the sum below has the "
            "derivative $e^{z_j}$."
        ),
        r"Divide by the sum twice: each exponential over the sum is a probability.",
    ),
    by_steps=True,
)

LOGARITHM = Exercise(
    name="softmax-log",
    chapter="softmax",
    question=r"Differentiate $\log p_i$ by $z_j$.",
    asks=Diff(log(p(i)), z[j]),
    hints=(r"$\log p_i = z_i - \log \sum_k e^{z_k}$.", r"Or divide the softmax Jacobian by $p_i$."),
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
        r"Let $q = \operatorname{softmax}(z / \tau)$. Differentiate $q_i$ by $z_j$. (Type "
        "$q_i$ as `softmax(z/tau)[i]`.)"
    ),
    asks=Diff(softmax(Vec(z[k] / TAU, k, K), i), z[j]),
    hints=("The chain rule: softmax sees $z / \\tau$.", r"The inner derivative is $1 / \tau$."),
    mistakes=(
        Mistake(
            "multiplied by the temperature",
            TAU**2 * Diff(softmax(Vec(z[k] / TAU, k, K), i), z[j]),
            (
                r"The inner derivative is $1 / \tau$, not $\tau$: a low temperature makes "
                "gradients "
                "larger."
            ),
        ),
    ),
    letters=(TAU,),
)

ENTROPY = Exercise(
    name="softmax-entropy",
    chapter="softmax",
    question=(
        r"The entropy of the prediction is $H = -\sum_k p_k \log p_k$. Differentiate it by "
        "$z_j$."
    ),
    asks=Diff(-Sum(p(k) * log(p(k)), (k, 1, K)), z[j]),
    hints=(
        r"The product rule gives $\log p_k + 1$ as the derivative of $p_k \log p_k$ by $p_k$.",
        r"The part with the 1 vanishes, since $\sum_k \partial p_k / \partial z_j = 0$.",
    ),
)
