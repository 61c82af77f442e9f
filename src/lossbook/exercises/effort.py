"""How much work the zero test would have with an expression: what is too large is compared by numbers alone.

Nothing here may take long on any formula that can be typed, and there is no clock: the same formula gets the same
verdict on every machine.
"""

from __future__ import annotations

from math import prod

from sympy import Abs, Add, Expr, KroneckerDelta, Mul, Pow, exp, log, tanh

from ..expr.nodes import Diff, Sum, Vec, bound_indices, sigmoid, softplus

MAX_TERMS = 4000  # of a numerator or a denominator, multiplied out
MAX_FACTORED = 60  # terms of the argument of a logarithm or a symbolic power, which is factored
MAX_CASES = 8  # free deltas and absolute values: each doubles the work
CEILING = 10**9


def too_large(*exprs: Expr) -> bool:
    """Whether the zero test would take too long on the difference of these."""
    cases = {
        d
        for e in exprs
        for d in e.atoms(KroneckerDelta, Abs)
        if not d.free_symbols & bound_indices(e)
    }
    return len(cases) > MAX_CASES or max(_terms(Add(*exprs, evaluate=False))) > MAX_TERMS


def _terms(e: Expr) -> tuple[int, int]:
    """A bound on the number of terms of numerator and denominator of `e` as a ratio of polynomials in its atoms."""
    above, below = _unbounded_terms(e)
    return min(above, CEILING), min(below, CEILING)


def _unbounded_terms(e: Expr) -> tuple[int, int]:
    if not e.args:
        return 1, 1
    if isinstance(e, Add):
        parts = [_terms(a) for a in e.args]
        below = prod(b for _, b in parts)
        return sum(a * (below // b) for a, b in parts), below
    if isinstance(e, Mul):
        parts = [_terms(a) for a in e.args]
        return prod(a for a, _ in parts), prod(b for _, b in parts)
    if isinstance(e, Pow) and not isinstance(e, exp):
        above, below = _terms(e.base)
        if e.exp.is_Integer:
            n = abs(int(e.exp))
            return (above**n, below**n) if e.exp > 0 else (below**n, above**n)
        return _factored(above, below) if max(_terms(e.exp)) <= MAX_FACTORED else (CEILING, 1)
    if isinstance(e, (log, softplus)):
        return _factored(*_terms(e.args[0]))
    if isinstance(e, Diff):
        above, below = _terms(e.expr)
        return 3 * above * below, below**2
    if isinstance(e, (Sum, Vec)):
        return _terms(e.args[0])
    inner = max(max(_terms(a)) for a in e.args)
    if isinstance(e, (sigmoid, tanh)):
        return (1, 2) if inner <= MAX_FACTORED else (CEILING, 1)
    return (1, 1) if inner <= MAX_TERMS else (CEILING, 1)


def _factored(above: int, below: int) -> tuple[int, int]:
    return (2, 1) if max(above, below) <= MAX_FACTORED else (CEILING, 1)
