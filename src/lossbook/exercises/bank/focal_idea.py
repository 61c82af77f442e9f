"""Exercises of the chapter on the idea of focal loss."""

from sympy import Symbol, log

from ... import losses
from ...expr.hypotheses import Share
from ...expr.nodes import Diff
from ...notation import gamma, p, t
from ..exercise import Exercise
from ..mistakes import Mistake

P, Q = (Symbol(name, positive=True) for name in "pq")
FOCAL = losses.get("softmax_focal")
CROSS_ENTROPY = losses.get("cross_entropy_index")

FACTOR = Exercise(
    name="focal-factor",
    chapter="focal_idea",
    question=(
        r"By which factor does focal loss differ from cross entropy, $-\log p_t$? (Without "
        "class weights.)"
    ),
    asks=lambda: FOCAL.plain / CROSS_ENTROPY.plain,
    hints=("Divide one loss by the other.",),
    mistakes=(
        Mistake(
            "p_t instead of 1 - p_t",
            p(t) ** gamma,
            r"With $p_t^\gamma$ the easy examples would count most.",
        ),
    ),
)

SLOPE = Exercise(
    name="focal-slope-by-probability",
    chapter="focal_idea",
    question=(
        "Take the probability $p$ of the true class as a free number. Differentiate "
        r"$-(1-p)^\gamma \log p$ with respect to $p$, line by line."
    ),
    asks=Diff(-((1 - P) ** gamma) * log(P), P),
    hints=(
        "The product rule: two terms.",
        r"The inner derivative of $(1-p)^\gamma$ is $-1$, so its sign turns.",
    ),
    given=(Share(P),),
    letters=(P,),
    by_steps=True,
)

BIAS = Exercise(
    name="focal-prior-bias",
    chapter="focal_idea",
    question=(
        r"At which bias $b$ is $\sigma(b) = q$, for a probability $q$ that you choose? Give "
        "$b$ in terms of $q$."
    ),
    asks=log(Q / (1 - Q)),
    hints=(r"Solve $1 / (1 + e^{-b}) = q$ for $e^{-b}$ first.", "It is called the log-odds."),
    mistakes=(
        Mistake(
            "odds without the logarithm",
            Q / (1 - Q),
            "These are the odds. The bias is their logarithm.",
        ),
    ),
    given=(Share(Q),),
    letters=(Q,),
)
