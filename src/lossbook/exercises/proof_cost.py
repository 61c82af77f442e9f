"""How much work the zero test would have with an expression.

Expressions for which it is too much are compared by numbers alone. Nothing may take long on any
formula that a reader can type. There is no time limit, so that the same formula gets the same
verdict on every machine; the number of terms is bounded instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from sympy import Abs, Add, Expr, KroneckerDelta, Mul, Pow, exp, log, tanh

from ..expr.dispatch import entry_for
from ..expr.nodes import Diff, Sum, Vec, bound_indices, sigmoid, softplus

MAX_TERMS = 4000  # of a numerator or a denominator, multiplied out
MAX_FACTORED = 60  # terms in the argument of a logarithm or a symbolic power, which is factored
MAX_CASES = 8  # free deltas and absolute values; each doubles the work
CEILING = 10**9

# A bound on the number of terms of numerator and denominator.
Terms = tuple[int, int]


def too_large(*exprs: Expr) -> bool:
    """Whether the zero test would take too long on the difference of these expressions."""
    cases = {
        d
        for e in exprs
        for d in e.atoms(KroneckerDelta, Abs)
        if not d.free_symbols & bound_indices(e)
    }
    return len(cases) > MAX_CASES or max(_terms(Add(*exprs, evaluate=False))) > MAX_TERMS


def _terms(e: Expr) -> Terms:
    """The bound for `e` as a ratio of polynomials in its atoms, or `CEILING` where it is larger."""
    if not e.args:
        return 1, 1
    above, below = (entry_for(e, TERMS) or _of_atom)(e)
    return min(above, CEILING), min(below, CEILING)


def _of_sum(e: Add) -> Terms:
    parts = [_terms(a) for a in e.args]
    below = prod(b for _, b in parts)
    return sum(a * (below // b) for a, b in parts), below


def _of_product(e: Mul) -> Terms:
    parts = [_terms(a) for a in e.args]
    return prod(a for a, _ in parts), prod(b for _, b in parts)


def _of_power(e: Pow) -> Terms:
    above, below = _terms(e.base)
    if e.exp.is_Integer:
        n = abs(int(e.exp))
        return (above**n, below**n) if e.exp > 0 else (below**n, above**n)
    return _factored(above, below) if max(_terms(e.exp)) <= MAX_FACTORED else (CEILING, 1)


def _of_logarithm(e: Expr) -> Terms:
    return _factored(*_terms(e.args[0]))


def _factored(above: int, below: int) -> Terms:
    return (2, 1) if max(above, below) <= MAX_FACTORED else (CEILING, 1)


def _of_derivative(e: Diff) -> Terms:
    above, below = _terms(e.expr)
    return 3 * above * below, below**2


def _of_vector(e: Expr) -> Terms:
    return _terms(e.args[0])


def _of_quotient(e: Expr) -> Terms:
    """A function that is unfolded to a quotient of exponentials."""
    return (1, 2) if _of_arguments(e) <= MAX_FACTORED else (CEILING, 1)


def _of_atom(e: Expr) -> Terms:
    return (1, 1) if _of_arguments(e) <= MAX_TERMS else (CEILING, 1)


def _of_arguments(e: Expr) -> int:
    return max(max(_terms(a)) for a in e.args)


TERMS: Mapping[type, Callable[..., Terms]] = {
    Add: _of_sum,
    Mul: _of_product,
    exp: _of_atom,
    Pow: _of_power,
    log: _of_logarithm,
    softplus: _of_logarithm,
    Diff: _of_derivative,
    Sum: _of_vector,
    Vec: _of_vector,
    sigmoid: _of_quotient,
    tanh: _of_quotient,
}
