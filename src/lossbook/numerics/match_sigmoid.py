"""Recognising the patterns of `stabilise.py` that are about sigmoids; see `find.py`."""

from __future__ import annotations

from sympy import Add, Expr, Mul, Pow, S, Symbol, log

from ..expr.nodes import sigmoid
from .match import Finder, Match, cancelling, factors_of


def log_sigmoid(u) -> Finder:
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


def _opened(e: Expr) -> Expr:
    """Brackets with the square of a sigmoid multiplied out: it may cancel against a term outside."""

    def square(term):
        return any(isinstance(f, Pow) and isinstance(f.base, sigmoid) for f in Mul.make_args(term))

    def opened(term):
        brackets = [
            f for f in Mul.make_args(term) if isinstance(f, Add) and any(map(square, f.args))
        ]
        return Add(*(part * term / brackets[0] for part in brackets[0].args)) if brackets else term

    return Add(*map(opened, e.args)) if isinstance(e, Add) else e


def complement_of_sigmoid(r, u) -> Finder:
    """r - r sigmoid(u)."""

    def find(e, given):
        found = cancelling(_opened(e), sigmoid, S.One)
        return Match({r: -found[1], u: found[0].args[0]}, found[2]) if found else None

    return find


def twice_sigmoid(r, u) -> Finder:
    """r - 2 r sigmoid(u)."""

    def find(e, given):
        found = cancelling(e, sigmoid, S.Half)
        return Match({r: -found[1] / 2, u: found[0].args[0]}, found[2]) if found else None

    return find


def error_of_sigmoid(r, u, b) -> Finder:
    """r sigmoid(u) - r b, b a symbol such as a target, for the whole of a sum."""

    def find(e, given):
        if not (isinstance(e, Add) and len(e.args) == 2):
            return None
        for factor, others, (rest,) in factors_of(e, sigmoid):
            if isinstance(-rest / others, Symbol):
                return Match({r: others, u: factor.args[0], b: -rest / others})
        return None

    return find
