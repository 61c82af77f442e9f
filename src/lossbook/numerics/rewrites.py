"""Rewrites from formulas that are true to formulas that are also accurate: one named object each.

`pattern` and `replacement` are equal for every vector x, c, v, every class i, s, every number u, r; that is what a proof
is asked for. `find` recognises the pattern in an expression and says what its letters stand for; s is then taken as
the largest class, for which no exponential exceeds 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sympy import Abs, Eq, Expr, KroneckerDelta, Piecewise, S, Symbol, exp, log, tanh
from sympy import Max as PairMax

from ..expr.hypotheses import Hypothesis
from ..expr.nodes import Sum, Vec, bound_index, logsumexp, sigmoid, softmax, softplus
from . import match, match_sigmoid
from .nodes import EACH, ArgMax, Grouped, expm1, log1p
from .powers import LOG_RATIO, MEAN_OF_OTHERS, NONZERO, ONE_POWER, POWER_OF_COMPLEMENT
from .rewrite import Applied, Failure, K, Rewrite, b, c, i, j, k, r, s, u, v, x


def _others(body: Callable[[Symbol], Expr], index: Expr) -> Expr:
    """The sum over all classes but one."""
    n = bound_index()
    return Sum(Vec((1 - KroneckerDelta(n, index)) * body(n), n, K))


def _above(n: Expr) -> Expr:
    return exp(Grouped(x[n] - x[s]))


TINY = 1e-20
_tail = exp(-Abs(u))

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
    "no probability underflows before its logarithm; both terms have the same sign; log1p keeps a small loss",
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
LOG_SIGMOID = Rewrite(
    "log of sigmoid",
    log(sigmoid(u)),
    -softplus(-u),
    "u real",
    "the sigmoid underflows, or rounds to 1, long before its logarithm loses meaning",
    match_sigmoid.log_sigmoid(u),
    source="maechler2012",
    fails=(Failure({u: -1000}), Failure({u: 50})),
)
SIGMOID = Rewrite(
    "sigmoid by the sign",
    sigmoid(u),
    Piecewise((S.One, u >= 0), (_tail, True)) / (1 + _tail),
    "u real",
    "the exponential is at most 1: it does not overflow where the probability is small, but not 0",
    match.node(sigmoid, u),
    fails=(Failure({u: -100}), Failure({u: -740})),
)
SOFTPLUS = Rewrite(
    "softplus by the sign",
    softplus(u),
    PairMax(u, 0) + log1p(_tail),
    "u real",
    "the exponential does not overflow and log1p keeps a small value",
    match.node(softplus, u),
    source="maechler2012",
    fails=(Failure({u: 1000}), Failure({u: -50})),
)
LOG1P = Rewrite(
    "log1p",
    log(1 + u),
    log1p(u),
    "u > -1",
    "1 + u would round a small u away",
    match.log_of_one_plus(u),
    source="goldberg1991",
    fails=(Failure({u: TINY}),),
)
COMPLEMENT_SIGMOID = Rewrite(
    "complement of sigmoid",
    r - r * sigmoid(u),
    r * sigmoid(-u),
    "u real",
    "1 - sigmoid cancels where the sigmoid is near 1",
    match_sigmoid.complement_of_sigmoid(r, u),
    fails=(Failure({r: 1, u: 50}),),
)
ERROR_SIGMOID = Rewrite(
    "error of a sigmoid",
    r * sigmoid(u) - r * b,
    r * ((1 - b) * sigmoid(u) - b * sigmoid(-u)),
    "every u, b",
    "sigmoid - 1 cancels where the target is 1 and the sigmoid near it",
    match_sigmoid.error_of_sigmoid(r, u, b),
    fails=(Failure({r: 1, u: 50, b: 1}),),
)
BALANCE_SIGMOID = Rewrite(
    "difference of the two sigmoids",
    r - 2 * r * sigmoid(u),
    -r * tanh(u / 2),
    "u real",
    "1 - 2 sigmoid cancels near 0",
    match_sigmoid.twice_sigmoid(r, u),
    fails=(Failure({r: 1, u: TINY}),),
)
EXPM1 = Rewrite(
    "expm1",
    r * exp(u) - r,
    r * expm1(u),
    "u real",
    "exp(u) - 1 cancels near 0",
    match.exp_less_one(r, u),
    source="higham2002",
    fails=(Failure({r: 1, u: TINY}),),
)
COMPLEMENT = Rewrite(
    "complement of a probability",
    r - r * softmax(x, i),
    r * _others(lambda n: softmax(x, n), i),
    "every i",
    "1 - p cancels where p is near 1; the other probabilities only add",
    match.complement_of_softmax(r, x, i),
    fails=(Failure({r: 1, x: (50, 0), i: 1}),),
)
BALANCE = Rewrite(
    "balance of classes",
    r * softmax(x, i) * Sum(c) - r * c[i],
    r * (softmax(x, i) * _others(lambda n: c[n], i) - c[i] * _others(lambda n: softmax(x, n), i)),
    "every i, every c",
    "where c is all but concentrated on one class and p too, p times the sum of c minus c cancels",
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
    "where classes share the lead, their parts of the mean cancel for the others: their probabilities are equal, and the "
    "difference 0",
    match.centre_of_nothing(r, x, v, i),
    fails=(Failure({r: 1, x: (0, 0, 0, -25), v: (-0.7, 0.3, 0.4, 1e-11), i: 4}),),
)
ALL_BUT_ONE = Rewrite(
    "all but one, for every class at once",
    _others(lambda n: c[n], i),
    KroneckerDelta(i, s) * _others(lambda n: c[n], s)
    + (1 - KroneckerDelta(i, s)) * Grouped(Sum(c) - c[i]),
    "every i, s; taken at the largest component",
    "a sum for each class takes K × K terms; the sum of all less one takes K, and cancels for the largest only",
    match.all_but_one(c, i, s),
)
CASES = Rewrite(
    "one class apart",
    r + u * KroneckerDelta(j, i),
    Piecewise((r + u, Eq(j, i)), (r, True)),
    "every i, j",
    "a class and the others are stabilised each on its own",
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

# For logits within reach: so near 0 that no exponential of one, and no sum or quotient of such, overflows or underflows.
# A kernel asks that of each row, and takes the others by the rewrites for all logits.
SOFTMAX_WITHIN_REACH = Rewrite(
    "softmax within reach",
    softmax(x, i),
    exp(x[i]) / Sum(exp(x[k]), (k, 1, K)),
    "|x| so small that nothing overflows; a kernel asks that of each row",
    "without the largest, one pass over the logits is enough",
    match.softmax_node(x, i, s),
)
LOG_SOFTMAX_WITHIN_REACH = Rewrite(
    "log of softmax within reach",
    log(softmax(x, i)),
    -log1p(_others(lambda n: exp(x[n]), i) / exp(x[i])),
    "|x| so small that nothing overflows; a kernel asks that of each row",
    "without the largest, one pass over the logits is enough; log1p keeps a small loss",
    match.log_softmax(x, i, s),
)
WITHIN_REACH = (LOG_SOFTMAX_WITHIN_REACH, SOFTMAX_WITHIN_REACH)

# In the order in which they are tried, the limits LOG_RATIO and NONZERO last. ZERO_TIMES_LOG is for terms of a sum over
# classes only; CASES is for a gradient, whose code takes every class at once.
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
ALL = (*REWRITES, LOG_RATIO, NONZERO, ZERO_TIMES_LOG, CASES, *WITHIN_REACH)


def stabilise(
    expr: Expr, given: Iterable[Hypothesis] = (), within_reach: bool = False
) -> Applied | None:
    """The first rewrite that applies to this node itself (not inside it) and what it gives, or None.

    within_reach: logits are known to be so near 0 that nothing overflows.
    """
    for rewrite in (*(WITHIN_REACH if within_reach else ()), *REWRITES, LOG_RATIO, NONZERO):
        result = rewrite.apply(expr, given)
        if result is not None:
            return Applied(rewrite, expr, result)
    return None


def stabilised(expr: Expr, *, without: Iterable[Rewrite] = ()) -> Expr:
    """The expression with every rewrite applied wherever it can be, inside too, except those left out."""
    for rewrite in (*REWRITES, LOG_RATIO, NONZERO, ZERO_TIMES_LOG):
        if rewrite not in without and (result := rewrite.apply(expr)) is not None:
            return stabilised(result, without=without)
    return expr.func(*(stabilised(a, without=without) for a in expr.args)) if expr.args else expr
