"""Rewrites of powers (1 - p)**(γ - n), which overflow where p is 1.

Each pattern is 0 times infinity where 1 - p is 0. Its replacement takes n factors 1 - p from what
the power is multiplied by, and is the limit there.
"""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Add, Dummy, Eq, Expr, Mul, Piecewise, Pow, S, cancel, exp, log

from ...expr.nodes import Sum, Vec, sigmoid, softmax
from ...notation import K, i, k, v
from ..nodes import EACH, Closed, Grouped, log_ratio, nonzero
from .match import Match, node
from .rewrite import Failure, Rewrite, a, b, p, r, u, x


def _lowered_powers(e: Expr) -> Iterator[tuple[Expr, Expr, Expr]]:
    """Each factor q**(c - n) of a product, n = 1, 2, ...: q, the exponent, the other factors."""
    if not isinstance(e, Mul):
        return
    for f in e.args:
        if (
            isinstance(f, Pow)
            and not isinstance(f, exp)
            and f.exp.free_symbols
            and f.exp.as_coeff_Add()[0].is_negative
        ):
            yield f.base, f.exp, Mul(*(other for other in e.args if other is not f))


def _one_power(e: Expr, given) -> Match | None:
    for base, exponent, others in _lowered_powers(e):
        for f in Mul.make_args(others):
            inner, power = f.as_base_exp()
            sign = next((s for s in (S.One, S.NegativeOne) if inner == s * base), None)
            if sign is not None and power.is_Integer and power.is_positive:
                return Match({p: base, r: exponent + 1, a: others * sign / inner})
    return None


def _beside_log(e: Expr, given) -> Match | None:
    for base, exponent, others in _lowered_powers(e):
        prob = 1 - base
        if not isinstance(prob, (softmax, sigmoid)):
            continue
        for f in (f for f in Mul.make_args(others) if f.has(log(prob)) and isinstance(f, Add)):
            number, logarithm = Dummy("p"), Dummy("log")
            terms = f.xreplace({log(prob): logarithm, prob: number})
            coefficient = terms.diff(logarithm)
            rest = cancel(terms.xreplace({logarithm: S.Zero}) / (1 - number))
            back = {number: prob}
            if not coefficient.has(logarithm) and not rest.as_numer_denom()[1].has(number):
                letters = {
                    p: prob,
                    r: exponent + 1,
                    a: rest.xreplace(back),
                    b: coefficient.xreplace(back),
                }
                return Match(letters | {u: others / f})
    return None


def _beside_mean(e: Expr, given) -> Match | None:
    for base, exponent, others in _lowered_powers(e):
        prob = 1 - base
        if (
            not isinstance(prob, softmax) or prob.index == EACH
        ):  # for every class at once, the mean would be a K x K array
            continue
        for f in (f for f in Mul.make_args(others) if isinstance(f, Add) and len(f.args) == 2):
            for mean, own in (f.args, f.args[::-1]):
                sign = S.NegativeOne if mean.could_extract_minus_sign() else S.One
                if not isinstance(sign * mean, Sum):
                    continue
                vec = (sign * mean).vec
                values = Vec(vec.body / softmax(prob.vec, vec.index), vec.index, vec.size)
                if not values.body.has(softmax) and own == -sign * values.at(prob.index):
                    return Match(
                        {
                            r: exponent + 1,
                            x: prob.vec,
                            v: values,
                            i: prob.index,
                            a: -sign * others / f,
                        }
                    )
    return None


ONE_POWER = Rewrite(
    "one power",
    a * p * p ** (r - 1),
    a * p**r,
    "p > 0; at 0 the right side, for r ≥ 0",
    "p to the power γ − 1 overflows where p is tiny and γ < 1",
    _one_power,
    fails=tuple(Failure({a: 1, p: at, r: 0}, limit=p) for at in (1e-40, 1e-320, 0)),
)
POWER_OF_COMPLEMENT = Rewrite(
    "logarithm beside a power",
    u * (1 - p) ** (r - 1) * (a * (1 - p) + b * log(p)),
    u * (1 - p) ** r * (a - b * log_ratio(p)),
    "0 < p < 1; at 1 the right side, for r ≥ 0",
    "log p goes to 0 with 1 − p; their ratio stays finite where the power does not",
    _beside_log,
    fails=(
        Failure({u: 1, p: 50, r: 0.5, a: 1, b: -0.5}, where={p: sigmoid(p)}),
        Failure({u: 1, p: 2000, r: 0, a: 1, b: -2}, where={p: sigmoid(p)}),
    ),
)
MEAN_OF_OTHERS = Rewrite(
    "mean of the others",
    a * (1 - softmax(x, i)) ** (r - 1) * (v[i] - Sum(softmax(x, k) * v[k], (k, 1, K))),
    a
    * (1 - softmax(x, i)) ** r
    * Sum(softmax(x, k) * Grouped(v[i] - v[k]), (k, 1, K))
    / nonzero(1 - softmax(x, i)),
    "every v, one i in each row; the mean is taken as 0 where 1 − p is 0",
    "a value minus a mean that it dominates goes to 0 with 1 − p; "
    "their ratio stays finite where the power does not",
    _beside_mean,
    fails=tuple(Failure({a: 1, r: 0.5, x: (top, 0, 0), v: (1, 2, 3), i: 1}) for top in (50, 2000)),
)
LOG_RATIO = Rewrite(
    "ratio of logarithm and complement",
    log_ratio(p),
    Piecewise((S.One, Eq(Closed(1 - p), 0)), (-log(p), True)) / nonzero(1 - p),
    "0 < p < 1; at p = 1 the limit, 1",
    "0 / 0 is not a number",
    node(log_ratio, p),
    kind="limit",
    fails=(Failure({p: 1}, limit=p),),
)
NONZERO = Rewrite(
    "divisor that is not 0",
    nonzero(u),
    Piecewise((S.One, Eq(Closed(u), 0)), (u, True)),
    "u not 0; at 0 it divides what is the limit already, 0 or 1",
    "0 / 0 is not a number",
    node(nonzero, u),
    kind="guard",
)
