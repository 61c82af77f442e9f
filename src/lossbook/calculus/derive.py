"""Deriving gradients and Hessians, line by line or only the result."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sympy import Expr, Indexed, Symbol

from ..expr.hypotheses import Hypothesis
from ..expr.importing import import_sympy
from ..expr.indices import free_indices
from ..expr.nodes import Diff, logsumexp, sigmoid, softmax, softplus
from ..losses import Loss
from ..notation import i, j, k
from .derivation import Derivation, next_line
from .prove import prove_equal
from .rules import FACTOR, SIMPLIFICATION
from .theorems import DIFFERENTIATION, finish, theorem


def derive_expr(start: Expr, given: Iterable[Hypothesis] = ()) -> Derivation:
    """Carry out every derivative in an expression, one named rule per line, and factor the result.

    Args:
        start: The expression, such as `Diff(-log(p(t)), z[j])`.
        given: The hypotheses that the lines may use, such as `Simplex(y)`.

    Returns:
        The derivation, whose first line is `start`.

    Raises:
        NotImplementedError: No rule differentiates what is left.
        StepError: A line does not equal the line before: a rule is wrong.

    Example:
        >>> from sympy import log
        >>> from lossbook.expr.nodes import Diff
        >>> from lossbook.notation import p, t, z, j
        >>> print(derive_expr(Diff(log(p(t)), z[j])).result)
        KroneckerDelta(j, t) - p[j]
    """
    derivation = Derivation(start, given=given)
    finish(derivation)
    derivation.apply(FACTOR)
    return derivation


def derivative(start: Expr, given: Iterable[Hypothesis] = (), *, factored: bool = True) -> Expr:
    """Return the last line of `derive_expr`, proved once to equal `start`.

    With `factored=False` the result is left as the rules give it.
    """
    line, given = import_sympy(start), tuple(given)
    while True:
        rules = DIFFERENTIATION if line.has(Diff) else SIMPLIFICATION
        after = next(
            (after for rule in rules if (after := next_line(line, rule, given)) is not None), None
        )
        if after is None:
            break
        line = after
    if line.has(Diff):
        raise NotImplementedError(f"no rule differentiates {line}")
    if factored:
        line = next_line(line, FACTOR, given) or line
    prove_equal(start, line, given=given)
    return line


def derive(loss: Loss, *, full: bool = False, order: int = 1) -> Derivation:
    """The gradient (order 1) or the Hessian (order 2) of a registered or a reader's own loss."""
    return _derive(loss, full, order).copy()  # the cached one must not change when a reader appends


@cache
def _derive(loss: Loss, full: bool, order: int) -> Derivation:
    expr = loss.expr if full else loss.plain
    by = loss.wrt
    if order == 1:
        if isinstance(expr, (softmax, sigmoid, softplus, logsumexp)):
            return theorem(expr, by)
        return derive_expr(Diff(expr, by), loss.given)
    if order == 2:
        gradient = _derive(loss, full, 1).result
        return derive_expr(Diff(gradient, _second(gradient, by)), loss.given)
    raise ValueError(f"derivation(order={order}): order must be 1 (gradient) or 2 (Hessian)")


def _second(gradient: Expr, by: Expr) -> Expr:
    """The variable of the second derivative: another component of the same vector."""
    if not isinstance(by, Indexed):
        return by
    taken = set(free_indices(gradient)) | by.free_symbols
    more = (Symbol(name, integer=True, positive=True) for name in "lmnqrsuv")
    unused = [index for index in (i, j, k, *more) if index not in taken]
    return by.base[tuple(unused[: len(by.indices)])]
