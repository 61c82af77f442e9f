"""Rewrites of the sigmoid and of softplus, each with the function that recognises its pattern."""

from __future__ import annotations

from sympy import Abs, Add, Expr, Mul, Piecewise, Pow, S, Symbol, exp, log, tanh
from sympy import Max as PairMax

from ...expr.nodes import sigmoid, softplus
from ..nodes import log1p
from . import match
from .match import Finder, Match, cancelling, factors_of
from .rewrite import TINY, Failure, Rewrite, b, r, u


def _log_sigmoid(u) -> Finder:
    """The logarithm of a sigmoid, or of one minus a sigmoid."""

    def find(e, given):
        if not isinstance(e, log):
            return None
        inside = e.args[0]
        if isinstance(inside, sigmoid):
            return Match({u: inside.args[0]})
        other = 1 - inside
        return Match({u: -other.args[0]}) if isinstance(other, sigmoid) else None

    return find


def _multiplied_out(e: Expr) -> Expr:
    """The sum with those brackets multiplied out that hold the square of a sigmoid.

    The square may cancel against a term outside the bracket.
    """

    def square(term):
        return any(isinstance(f, Pow) and isinstance(f.base, sigmoid) for f in Mul.make_args(term))

    def multiplied_out(term):
        brackets = [
            f for f in Mul.make_args(term) if isinstance(f, Add) and any(map(square, f.args))
        ]
        return Add(*(part * term / brackets[0] for part in brackets[0].args)) if brackets else term

    return Add(*map(multiplied_out, e.args)) if isinstance(e, Add) else e


def _complement_of_sigmoid(r, u) -> Finder:
    """The pattern r - r sigmoid(u)."""

    def find(e, given):
        found = cancelling(_multiplied_out(e), sigmoid, S.One)
        return Match({r: -found[1], u: found[0].args[0]}, found[2]) if found else None

    return find


def _twice_sigmoid(r, u) -> Finder:
    """The pattern r - 2 r sigmoid(u)."""

    def find(e, given):
        found = cancelling(e, sigmoid, S.Half)
        return Match({r: -found[1] / 2, u: found[0].args[0]}, found[2]) if found else None

    return find


def _error_of_sigmoid(r, u, b) -> Finder:
    """The pattern r sigmoid(u) - r b, b a symbol such as a target, if it is the whole of a sum."""

    def find(e, given):
        if not (isinstance(e, Add) and len(e.args) == 2):
            return None
        for factor, others, (rest,) in factors_of(e, sigmoid):
            if isinstance(-rest / others, Symbol):
                return Match({r: others, u: factor.args[0], b: -rest / others})
        return None

    return find


_tail = exp(-Abs(u))

LOG_SIGMOID = Rewrite(
    "log of sigmoid",
    log(sigmoid(u)),
    -softplus(-u),
    "u real",
    "σ(u) underflows, or rounds to 1, where its logarithm is still an ordinary number",
    _log_sigmoid(u),
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
COMPLEMENT_SIGMOID = Rewrite(
    "complement of sigmoid",
    r - r * sigmoid(u),
    r * sigmoid(-u),
    "u real",
    "1 − σ(u) cancels where σ(u) is near 1",
    _complement_of_sigmoid(r, u),
    fails=(Failure({r: 1, u: 50}),),
)
ERROR_SIGMOID = Rewrite(
    "error of a sigmoid",
    r * sigmoid(u) - r * b,
    r * ((1 - b) * sigmoid(u) - b * sigmoid(-u)),
    "every u, b",
    "σ(u) − 1 cancels where the target is 1 and σ(u) is near it",
    _error_of_sigmoid(r, u, b),
    fails=(Failure({r: 1, u: 50, b: 1}),),
)
BALANCE_SIGMOID = Rewrite(
    "difference of the two sigmoids",
    r - 2 * r * sigmoid(u),
    -r * tanh(u / 2),
    "u real",
    "1 − 2 σ(u) cancels where u is near 0",
    _twice_sigmoid(r, u),
    fails=(Failure({r: 1, u: TINY}),),
)
