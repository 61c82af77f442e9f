"""Exercises of the chapter on the speed of memory."""

from sympy import Symbol, exp, log

from ...expr.nodes import Diff, Sum
from ...notation import K, j, k, p, z
from ..exercise import Exercise
from ..mistakes import Mistake

M, N = Symbol("m", real=True), Symbol("n", real=True)
R, S = Symbol("r", positive=True), Symbol("s", positive=True)
READS, WRITES, SIZE = (Symbol(name, positive=True) for name in ("r", "w", "b"))

COPIES = Exercise(
    name="memory-bus-copies",
    chapter="memory_bus",
    question=(
        "A loss reads $r$ arrays as large as its logits and writes $w$ of them, $b$ bytes for "
        "each number, and waits for memory "
        "alone. How many times as long as a copy of the logits does it take? Write it by $r$ and "
        "$w$."
    ),
    asks=(READS * SIZE + WRITES * SIZE) / (2 * SIZE),
    solution=(READS + WRITES) / 2,
    hints=(
        "How many bytes does it move for each logit?",
        "A copy reads one array and writes one: $2b$ bytes for each logit.",
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
            "These are the bytes for each logit. Divide them by those of a copy.",
        ),
    ),
    letters=(READS, WRITES, SIZE),
)

RESCALE = Exercise(
    name="memory-bus-rescale",
    chapter="memory_bus",
    question=(
        r"A running sum holds $\sum_k e^{z_k - m}$. A larger logit comes, and the maximum moves "
        "from $m$ to $n$. "
        "By which factor is the sum multiplied, so that it is relative to $n$?"
    ),
    asks=Sum(exp(z[k] - N), (k, 1, K)) / Sum(exp(z[k] - M), (k, 1, K)),
    solution=exp(M - N),
    hints=(
        "Divide the sum that is wanted by the sum that is there.",
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

PARTS = Exercise(
    name="memory-bus-parts",
    chapter="memory_bus",
    question=(
        r"One part of a row's classes has the maximum $m$ and the sum $s = \sum e^{z_k - m}$ "
        "over its classes; the other part has $n$ "
        r"and $r = \sum e^{z_k - n}$. What is the log-sum-exp of the whole row, by these four "
        "numbers?"
    ),
    asks=M + log(S + R * exp(N - M)),
    solution=log(S * exp(M) + R * exp(N)),
    hints=(
        "What is the sum of the exponentials of the first part, with nothing subtracted?",
        r"The sums of exponentials of the parts are $s \, e^m$ and $r \, e^n$.",
    ),
    mistakes=(
        Mistake(
            "sums added as they are",
            M + log(S + R),
            "The two sums are relative to different maxima. One of them has to be rescaled first.",
        ),
        Mistake(
            "log-sum-exps added",
            M + log(S) + N + log(R),
            "The exponentials of the parts are added, not multiplied.",
        ),
    ),
    letters=(M, N, R, S),
)

SHIFTED = Exercise(
    name="memory-bus-shifted",
    chapter="memory_bus",
    question=(
        r"Take $m$ for a fixed number, and differentiate $m + \log \sum_k e^{z_k - m}$ by $z_j$. "
        "Write the result by $p$. Hand in your lines."
    ),
    asks=Diff(M + log(Sum(exp(z[k] - M), (k, 1, K))), z[j]),
    solution=p(j),
    hints=(
        "The derivative of the logarithm is 1 over its argument, times the derivative of that.",
        r"Of the sum one term is left: $e^{z_j - m}$.",
        "The shift is in the numerator and in the denominator.",
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
