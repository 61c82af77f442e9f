"""The exercise of the chapter on classes that are spread over machines."""

from sympy import Symbol, exp, log

from ..exercise import Exercise
from ..mistakes import Mistake

M, N = Symbol("m", real=True), Symbol("n", real=True)
R, S = Symbol("r", positive=True), Symbol("s", positive=True)

PARTS = Exercise(
    name="memory-bus-parts",
    chapter="classes_over_machines",
    question=(
        r"One part of a row's classes has the maximum $m$ and the sum $s = \sum e^{z_k - m}$ "
        "over its classes; the other part has $n$ "
        r"and $r = \sum e^{z_k - n}$. Write the log-sum-exp of the whole row with these four "
        "numbers."
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
