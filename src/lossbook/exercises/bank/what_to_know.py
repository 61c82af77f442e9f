"""The self-test of the page on what a reader should know."""

from sympy import S, Symbol, exp, log

from ...expr.nodes import Diff, Sum
from ...notation import K, k, p
from ..exercise import Exercise
from ..mistakes import Mistake

A, B, X = (Symbol(name, real=True) for name in "abx")

CHAIN = Exercise(
    name="know-chain",
    chapter="what_to_know",
    question=r"Differentiate $e^{-x^2}$ with respect to $x$.",
    asks=Diff(exp(-(X**2)), X),
    hints=(
        "The outer function is the exponential, the inner one is $-x^2$.",
        "The exponential is its own derivative. Multiply by the derivative of $-x^2$.",
    ),
    mistakes=(
        Mistake(
            "inner derivative forgotten",
            exp(-(X**2)),
            "The inner function $-x^2$ has a derivative too, and the chain rule multiplies by it.",
        ),
        Mistake(
            "treated as a power",
            -(X**2) * exp(-(X**2) - 1),
            "The rule that lowers an exponent by 1 is for powers of $x$. Here $x$ is in the "
            "exponent.",
        ),
    ),
    letters=(X,),
)

LOGARITHM = Exercise(
    name="know-logarithm",
    chapter="what_to_know",
    question=(
        r"Let $0 < x < 1$ and $\log \frac{x}{1 - x} = a$. What is $x$, as a formula with $a$?"
    ),
    asks=exp(A) / (1 + exp(A)),
    solution=exp(A) / (1 + exp(A)),
    hints=(
        "Apply the exponential to both sides: it undoes the logarithm.",
        r"From $x / (1 - x) = e^a$ follows $x = e^a (1 - x)$. Collect the terms with $x$.",
    ),
    mistakes=(
        Mistake(
            "the odds",
            exp(A),
            r"$e^a$ is $x / (1 - x)$. One more step is needed to find $x$ itself.",
        ),
        Mistake(
            "a sign when collecting",
            exp(A) / (1 - exp(A)),
            r"From $x = e^a - x e^a$, the term $x e^a$ goes to the other side with a plus.",
        ),
        Mistake(
            "the logarithm of a quotient",
            exp(A) * (1 - exp(A)),
            r"$\log \frac{x}{1 - x}$ is $\log x - \log (1 - x)$, and the exponential of a "
            "difference is a quotient.",
        ),
        Mistake(
            "1 - x instead of x",
            1 / (1 + exp(A)),
            r"This is $1 - x$. Check with $a = 0$ and a large $a$: $x$ has to grow with $a$.",
        ),
    ),
    letters=(A,),
)

SUM = Exercise(
    name="know-sum",
    chapter="what_to_know",
    question=(
        r"The numbers $p_1, \dots, p_K$ add up to 1. Write $\sum_{k=1}^K (a \, p_k + b)$ without a "
        "sum."
    ),
    asks=Sum(A * p(k) + B, (k, 1, K)),
    solution=A + K * B,
    hints=(
        r"Split it into $\sum_k a \, p_k$ and $\sum_k b$.",
        "A constant factor moves in front of a sum. And how many terms does the second sum have?",
    ),
    mistakes=(
        Mistake(
            "the constant counted once",
            A + B,
            "$b$ stands in every one of the $K$ terms, so it is added $K$ times.",
        ),
        Mistake(
            "the factor counted K times",
            K * A + K * B,
            r"$a$ is a factor, not a term: $\sum_k a \, p_k = a \sum_k p_k$, and this sum is 1.",
        ),
    ),
    letters=(A, B),
    without=(Sum,),
)

GRADIENT = Exercise(
    name="know-gradient",
    chapter="what_to_know",
    question=r"Let $f(a, b) = \log(e^a + e^b)$. What is $\partial f / \partial a$?",
    asks=Diff(log(exp(A) + exp(B)), A),
    hints=(
        r"The outer function is the logarithm, with derivative $1/u$.",
        r"The inner one is $u = e^a + e^b$. The variable is $a$, so $e^b$ is a constant.",
    ),
    mistakes=(
        Mistake(
            "inner derivative forgotten",
            1 / (exp(A) + exp(B)),
            r"The derivative of $\log u$ is $1/u$ times the derivative of $u$.",
        ),
        Mistake(
            "the result is 1",
            S.One,
            r"This would follow if $\log(e^a + e^b)$ were $a + b$, or if $e^b$ varied as well. "
            r"The logarithm of a sum does not split up, and only $a$ varies.",
        ),
    ),
    letters=(A, B),
)

PROBABILITY = Exercise(
    name="know-probability",
    chapter="what_to_know",
    question=(
        r"It rains with probability $a$ on Saturday and, independently, with the same probability "
        r"on Sunday. What is the probability that exactly one of the two days is wet?"
    ),
    asks=2 * A * (1 - A),
    solution=2 * A * (1 - A),
    hints=(
        r"What is the probability that Saturday is wet and Sunday is dry?",
        r"It is $a \, (1 - a)$. The other way round, Sunday is the wet day.",
    ),
    mistakes=(
        Mistake(
            "one order only",
            A * (1 - A),
            "This is the probability that Saturday is wet and Sunday is dry. It may also be the "
            "other way round.",
        ),
        Mistake(
            "at least one",
            1 - (1 - A) ** 2,
            "This is the probability of at least one wet day. It counts the case that both are "
            "wet.",
        ),
        Mistake(
            "both",
            A**2,
            "This is the probability that both days are wet.",
        ),
        Mistake(
            "the expected number",
            2 * A,
            "This is the expected number of wet days. Check with $a = 1$: then both days are wet, "
            "never just one.",
        ),
    ),
    letters=(A,),
)
