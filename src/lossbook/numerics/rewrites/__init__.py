"""Rewrites from formulas that are true to formulas that are also accurate: one named object each.

A rewrite (`rewrite.py`) has a `pattern` and a `replacement` that are equal for all values of their
letters; its proof is asked for that. Its `find` (`match.py`) recognises the pattern in an
expression and says what the letters stand for. The objects are in `softmax.py`, `sigmoid.py`,
`powers.py` and `elementary.py`; this file says in which order they are tried.
"""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Expr

from ...expr.hypotheses import Hypothesis
from .elementary import EXPM1, LOG1P
from .powers import LOG_RATIO, MEAN_OF_OTHERS, NONZERO, ONE_POWER, POWER_OF_COMPLEMENT
from .rewrite import Applied, Failure, Rewrite
from .sigmoid import (
    BALANCE_SIGMOID,
    COMPLEMENT_SIGMOID,
    ERROR_SIGMOID,
    LOG_SIGMOID,
    SIGMOID,
    SOFTPLUS,
)
from .softmax import (
    ALL_BUT_ONE,
    BALANCE,
    CASES,
    CENTRE,
    CENTRE_OF_NOTHING,
    COMPLEMENT,
    LOG_SOFTMAX,
    LOG_SOFTMAX_BOUNDED,
    LOGSUMEXP,
    SHIFT,
    SOFTMAX_BOUNDED,
    ZERO_TIMES_LOG,
)

__all__ = [
    "ALL",
    "ALL_BUT_ONE",
    "BALANCE",
    "BALANCE_SIGMOID",
    "BOUNDED",
    "CASES",
    "CENTRE",
    "CENTRE_OF_NOTHING",
    "COMPLEMENT",
    "COMPLEMENT_SIGMOID",
    "ERROR_SIGMOID",
    "EXPM1",
    "LOG1P",
    "LOGSUMEXP",
    "LOG_RATIO",
    "LOG_SIGMOID",
    "LOG_SOFTMAX",
    "LOG_SOFTMAX_BOUNDED",
    "MEAN_OF_OTHERS",
    "NONZERO",
    "ONE_POWER",
    "POWER_OF_COMPLEMENT",
    "REWRITES",
    "SHIFT",
    "SIGMOID",
    "SOFTMAX_BOUNDED",
    "SOFTPLUS",
    "ZERO_TIMES_LOG",
    "Applied",
    "Failure",
    "Rewrite",
    "first_rewrite",
    "stabilised",
]

BOUNDED = (LOG_SOFTMAX_BOUNDED, SOFTMAX_BOUNDED)

# In the order in which they are tried; LOG_RATIO and NONZERO come after them. ZERO_TIMES_LOG is for
# terms of a sum over classes only, and CASES for gradients, whose code computes every class at
# once.
REWRITES = (
    ONE_POWER,
    POWER_OF_COMPLEMENT,
    MEAN_OF_OTHERS,
    ERROR_SIGMOID,
    COMPLEMENT_SIGMOID,
    BALANCE_SIGMOID,
    EXPM1,
    COMPLEMENT,
    BALANCE,
    CENTRE_OF_NOTHING,
    CENTRE,
    ALL_BUT_ONE,
    LOG_SOFTMAX,
    LOG_SIGMOID,
    LOG1P,
    LOGSUMEXP,
    SHIFT,
    SIGMOID,
    SOFTPLUS,
)
ALL = (*REWRITES, LOG_RATIO, NONZERO, ZERO_TIMES_LOG, CASES, *BOUNDED)


def first_rewrite(
    expr: Expr, given: Iterable[Hypothesis] = (), bounded: bool = False
) -> Applied | None:
    """The first rewrite that applies to this node itself, not inside it; None where there is none.

    bounded: whether logits are known to be so near 0 that nothing overflows.
    """
    for rewrite in (*(BOUNDED if bounded else ()), *REWRITES, LOG_RATIO, NONZERO):
        result = rewrite.apply(expr, given)
        if result is not None:
            return Applied(rewrite, expr, result)
    return None


def stabilised(expr: Expr, *, without: Iterable[Rewrite] = ()) -> Expr:
    """The expression after every rewrite, at every node, except those left out by `without`."""
    for rewrite in (*REWRITES, LOG_RATIO, NONZERO, ZERO_TIMES_LOG):
        if rewrite not in without and (result := rewrite.apply(expr)) is not None:
            return stabilised(result, without=without)
    return expr.func(*(stabilised(a, without=without) for a in expr.args)) if expr.args else expr
