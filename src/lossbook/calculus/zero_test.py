"""The zero test: is an expression identically zero, for every number of classes?

An expression is unfolded to exponentials, logarithms and sums, differentiated (`definitions.py`),
and written as a rational function of atoms (`normal_form.py`): an exponential, a logarithm, a
symbolic power, a sum over classes, ... If that rational function is zero as a polynomial in the
atoms, the expression is zero wherever it is defined. The test never needs the atoms to be
independent, so it can miss a true identity but cannot prove a false one. The rules that write a
derivation (`rules.py`) are not used here: this is the second, independent path that judges them.
"""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Expr, KroneckerDelta, Not, Piecewise, S, Symbol

from ..expr.hypotheses import Hypothesis
from ..expr.nodes import bound_indices, nodes_of
from .definitions import Unsupported, carry_out, unfold
from .normal_form import normal_form


def is_zero(expr: Expr, given: Iterable[Hypothesis] = ()) -> bool:
    """Whether `expr` is proved to be zero for all sizes, indices and values that `given` allows.

    False means that no proof was found, not that the expression differs from zero.
    """
    try:
        return _is_zero(expr, tuple(given), frozenset())
    except (Unsupported, RecursionError):
        return False


def _is_zero(expr: Expr, given: tuple[Hypothesis, ...], distinct: frozenset) -> bool:
    # Derivatives come first: a hypothesis holds at a point, not along a derivative.
    expr = carry_out(unfold(expr))
    for assumption in given:
        expr = assumption.apply(expr)
    value = normal_form(expr, given, distinct)
    if value == 0:
        return True
    delta = _first(value, KroneckerDelta)
    if delta is not None:  # both cases: the two indices agree, or they do not
        a, b = delta.args
        if not isinstance(b, Symbol):
            a, b = b, a
        return _is_zero(expr.xreplace({b: a}), given, _renamed(distinct, b, a)) and _is_zero(
            expr, given, distinct | {frozenset((a, b))}
        )
    piecewise = _first(value, Piecewise)
    if piecewise is not None:
        condition = next(c for _, c in piecewise.args if c is not S.true)
        return all(
            _is_zero(_decide(value, condition, truth), given, distinct)
            for truth in (S.true, S.false)
        )
    return False


def _first(expr: Expr, kind):
    """The first free node of a kind, in a fixed order.

    A node that mentions a bound index cannot be split into cases.
    """
    bound = bound_indices(expr)
    found = [a for a in nodes_of(expr, kind) if not a.free_symbols & bound]
    return min(found, key=str, default=None)


def _renamed(distinct: frozenset, old, new) -> frozenset:
    """Pairs of distinct indices after one index has been replaced."""
    return frozenset(frozenset(new if s == old else s for s in pair) for pair in distinct)


def _decide(expr: Expr, condition, truth) -> Expr:
    """An expression whose cases know whether a condition holds."""
    opposite = {condition: truth, Not(condition): S.true if truth is S.false else S.false}

    def decide(e):
        branches = []
        for value, c in e.args:
            c = c.xreplace(opposite)
            if c is not S.false:
                branches.append((value, c))
            if c is S.true:
                break
        return Piecewise(*branches) if branches else S.NaN

    return expr.replace(
        lambda e: isinstance(e, Piecewise) and any(c in opposite for _, c in e.args), decide
    )
