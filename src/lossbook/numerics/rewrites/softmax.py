"""Rewrites of softmax, its logarithm, log-sum-exp, and sums over classes.

Where a pattern has a letter s, the equality holds for every class; s is then taken as the class of
the largest logit, for which no exponential exceeds 1.
"""

from __future__ import annotations

from collections.abc import Callable

from sympy import Eq, Expr, KroneckerDelta, Piecewise, S, Symbol, exp, log

from ...expr.nodes import Sum, Vec, bound_index, logsumexp, softmax
from ...notation import K, i, j, k, v
from ..nodes import EACH, ArgMax, Grouped, log1p
from . import match
from .rewrite import TINY, Failure, Rewrite, c, r, s, u, x


def _others(body: Callable[[Symbol], Expr], index: Expr) -> Expr:
    """The sum over all classes but one."""
    n = bound_index()
    return Sum(Vec((1 - KroneckerDelta(n, index)) * body(n), n, K))


def _above(n: Expr) -> Expr:
    return exp(Grouped(x[n] - x[s]))


SHIFT = Rewrite(
    "shift by the largest",
    softmax(x, i),
    exp(Grouped(x[i] - x[s])) / Sum(_above(k), (k, 1, K)),
    "every s; taken at the largest component",
    "no exponential exceeds 1, so none overflows",
    match.softmax_node(x, i, s),
    source="blanchard2021",
    fails=(Failure({x: (1000, 999, 0), i: 1}),),
)
LOG_SOFTMAX = Rewrite(
    "log of softmax",
    log(softmax(x, i)),
    Grouped(x[i] - x[s]) - log1p(_others(_above, s)),
    "every s; taken at the largest component",
    "no probability underflows before its logarithm; both terms have the same sign; "
    "log1p keeps a small loss",
    match.log_softmax(x, i, s),
    source="blanchard2021",
    fails=(Failure({x: (0, -1000), i: 2}), Failure({x: (50, 0), i: 1})),
)
LOGSUMEXP = Rewrite(
    "log-sum-exp by the largest",
    logsumexp(x),
    x[s] + log1p(_others(_above, s)),
    "every s; taken at the largest component",
    "no exponential overflows",
    match.logsumexp_node(x, s),
    source="blanchard2021",
    fails=(Failure({x: (1000, 999)}),),
)
COMPLEMENT = Rewrite(
    "complement of a probability",
    r - r * softmax(x, i),
    r * _others(lambda n: softmax(x, n), i),
    "every i",
    "1 − p cancels where p is near 1; the other probabilities are only added",
    match.complement_of_softmax(r, x, i),
    fails=(Failure({r: 1, x: (50, 0), i: 1}),),
)
BALANCE = Rewrite(
    "balance of classes",
    r * softmax(x, i) * Sum(c) - r * c[i],
    r * (softmax(x, i) * _others(lambda n: c[n], i) - c[i] * _others(lambda n: softmax(x, n), i)),
    "every i, every c",
    "the difference cancels where c and p are both concentrated on nearly one class",
    match.balance(r, x, c, i),
    fails=(Failure({r: 1, x: (50, 0), c: (1, TINY), EACH: 1}, where={i: EACH}),),
)
CENTRE = Rewrite(
    "centre at the largest",
    r * v[i] - r * Sum(softmax(x, k) * v[k], (k, 1, K)),
    r * (Grouped(v[i] - v[s]) - Sum(softmax(x, k) * Grouped(v[k] - v[s]), (k, 1, K))),
    "every i, s; taken at the largest component",
    "a value minus a mean that one class dominates cancels; the mean of differences does not",
    match.centre(r, x, v, i, s),
    fails=(Failure({r: 1, x: (50, 0, 0), v: (1, 2, 3), i: 1}),),
)
_top = ArgMax(x)
_leads = 2 * softmax(x, i) >= softmax(x, _top)
CENTRE_OF_NOTHING = Rewrite(
    "centre of what sums to nothing",
    r * v[i]
    - r * Sum(softmax(x, k) * v[k], (k, 1, K))
    + r * Piecewise((S.Zero, _leads), (softmax(x, _top) * Sum(v), True)),
    r
    * Piecewise(
        (Grouped(v[i] - v[_top]) - Sum(softmax(x, k) * Grouped(v[k] - v[_top]), (k, 1, K)), _leads),
        (Grouped(v[i] - Sum(v[k] * Grouped(softmax(x, k) - softmax(x, _top)), (k, 1, K))), True),
    ),
    "every i, and any class in the place of the largest; used for v whose sum is 0",
    "where some classes share the lead, their parts of the mean of another class cancel; "
    "the difference of their probabilities is exactly 0",
    match.centre_of_nothing(r, x, v, i),
    fails=(Failure({r: 1, x: (0, 0, 0, -25), v: (-0.7, 0.3, 0.4, 1e-11), i: 4}),),
)
ALL_BUT_ONE = Rewrite(
    "all but one, for every class at once",
    _others(lambda n: c[n], i),
    KroneckerDelta(i, s) * _others(lambda n: c[n], s)
    + (1 - KroneckerDelta(i, s)) * Grouped(Sum(c) - c[i]),
    "every i, s; taken at the largest component",
    "a sum for each class takes K × K terms; the sum of all less one takes K, "
    "and cancels for the largest only",
    match.all_but_one(c, i, s),
)
CASES = Rewrite(
    "one class apart",
    r + u * KroneckerDelta(j, i),
    Piecewise((r + u, Eq(j, i)), (r, True)),
    "every i, j",
    "the component of one class and those of the others need different rewrites",
    lambda e, given: None,
)
ZERO_TIMES_LOG = Rewrite(
    "nothing times a logarithm",
    u * log(r),
    Grouped(u) * Piecewise((S.Zero, Eq(Grouped(u), 0)), (log(r), True)),
    "u not 0, r > 0; at u = 0 the limit for r to 0, which is 0",
    "0 times minus infinity is not a number",
    match.product_with_log(u, r),
    kind="limit",
    fails=(Failure({u: 0, r: 0}, limit=r),),
)

# For bounded logits: so near 0 that no exponential, sum or quotient of exponentials overflows or
# underflows. A kernel checks the bound for each row, and uses the rewrites for all logits
# elsewhere.
SOFTMAX_BOUNDED = Rewrite(
    "softmax within reach",
    softmax(x, i),
    exp(x[i]) / Sum(exp(x[k]), (k, 1, K)),
    "|x| so small that nothing overflows; a kernel tests that for each row",
    "without the largest, one pass over the logits is enough",
    match.softmax_node(x, i, s),
)
LOG_SOFTMAX_BOUNDED = Rewrite(
    "log of softmax within reach",
    log(softmax(x, i)),
    -log1p(_others(lambda n: exp(x[n]), i) / exp(x[i])),
    "|x| so small that nothing overflows; a kernel tests that for each row",
    "without the largest, one pass over the logits is enough; log1p keeps a small loss",
    match.log_softmax(x, i, s),
)
