"""Exercises of the chapter on memory traffic."""

from sympy import Symbol, exp, log

from ...expr.nodes import Diff, Sum
from ...notation import K, j, k, p, z
from ..exercise import Exercise
from ..mistakes import Mistake

M, N = Symbol("m", real=True), Symbol("n", real=True)
READS, WRITES, SIZE = (Symbol(name, positive=True) for name in ("r", "w", "b"))

COPIES = Exercise(
    name="memory-bus-copies",
    chapter="memory_bus",
    question=(
        "A loss is limited by memory alone. It reads $r$ arrays as large as its logits and "
        "writes $w$ of them, with $b$ bytes per number. How many times as long as a copy of the "
        "logits does it take? Write the answer with $r$ and $w$."
    ),
    asks=(READS * SIZE + WRITES * SIZE) / (2 * SIZE),
    solution=(READS + WRITES) / 2,
    hints=(
        "How many bytes does it move per logit?",
        "A copy reads one array and writes one, which is $2b$ bytes per logit.",
    ),
    mistakes=(
        Mistake(
            "a copy taken as one pass",
            READS + WRITES,
            "A copy both reads and writes: it moves every number twice.",
        ),
        Mistake(
            "the bytes themselves",
            SIZE * (READS + WRITES),
            "These are the bytes per logit. Divide them by those of a copy.",
        ),
    ),
    letters=(READS, WRITES, SIZE),
)

RESCALE = Exercise(
    name="memory-bus-rescale",
    chapter="memory_bus",
    question=(
        r"A running sum is $\sum_k e^{z_k - m}$. A larger logit arrives, and the maximum changes "
        "from $m$ to $n$. "
        "By which factor must the sum be multiplied to be relative to $n$?"
    ),
    asks=Sum(exp(z[k] - N), (k, 1, K)) / Sum(exp(z[k] - M), (k, 1, K)),
    solution=exp(M - N),
    hints=(
        "Divide the sum that you want by the sum that you have.",
        r"$e^{z_k - n} = e^{z_k - m} \, e^{m - n}$, and the second factor does not depend on $k$.",
    ),
    mistakes=(
        Mistake(
            "the other way round",
            exp(N - M),
            (
                "This factor is more than 1, and the terms must become smaller: each is now "
                "relative to a larger maximum."
            ),
        ),
        Mistake(
            "the difference itself", M - N, "Exponents are added where exponentials are multiplied."
        ),
    ),
    letters=(M, N),
    without=(Diff, Sum),
)

SHIFTED = Exercise(
    name="memory-bus-shifted",
    chapter="memory_bus",
    question=(
        r"Take $m$ as a fixed number, and differentiate $m + \log \sum_k e^{z_k - m}$ with "
        "respect to $z_j$. Write the result with $p$, line by line."
    ),
    asks=Diff(M + log(Sum(exp(z[k] - M), (k, 1, K))), z[j]),
    solution=p(j),
    hints=(
        "The derivative of the logarithm is 1 over its argument, times the derivative of that.",
        r"Of the sum, one term is left: $e^{z_j - m}$.",
        "The shift is in the numerator and in the denominator, so it cancels.",
    ),
    mistakes=(
        Mistake(
            "a derivative of the shift",
            1 + p(j),
            "$m$ is a fixed number: its derivative is 0.",
        ),
    ),
    letters=(M,),
    by_steps=True,
)
