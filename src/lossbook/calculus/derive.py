"""Deriving: which rule comes next. Any strategy may be used here, since every line it writes is judged by the prover."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sympy import Expr, Indexed, Symbol
from sympy.core import random

from .derivation import Derivation, Step
from .given import Given
from .nodes import Diff, free_indices, logsumexp, sigmoid, softmax, softplus
from .prove import prove_equal
from .rules import DIFFERENTIATION, FACTOR, SIMPLIFICATION, TIDY, definition_of, recognise

LIMIT = 60  # lines; a derivation that needs more is not one to print


def derive_expr(start: Expr, given: Iterable[Given] = ()) -> Derivation:
    """Carry out every derivative in `start`, one named rule per line, then bring the result into its best form."""
    derivation = Derivation(start, given=given)
    _run(derivation)
    derivation.apply(FACTOR)
    return derivation


def _run(derivation: Derivation) -> None:
    while len(derivation) < LIMIT:
        if derivation.result.has(Diff):
            if not any(derivation.apply(rule) for rule in DIFFERENTIATION):
                raise NotImplementedError(f"no rule differentiates {derivation.result}")
        elif not any(derivation.apply(rule) for rule in SIMPLIFICATION):
            return
    raise RuntimeError(f"the derivation did not end within {LIMIT} lines; it reached {derivation.result}")


class _Unread(Derivation):
    """Lines that no page shows: it is the last one that is proved to equal the first."""

    def append(self, expr, rule: str = "stated") -> Derivation:
        """Add a line."""
        self._steps.append(Step(expr, rule, None))
        return self


def derivative(start: Expr, given: Iterable[Given] = (), *, factored: bool = True) -> Expr:
    """The last line of `derive_expr`, proved once to equal `start`; factored=False leaves it as it comes."""
    lines = _Unread(start, given=given)
    while any(lines.apply(rule) for rule in (DIFFERENTIATION if lines.result.has(Diff) else SIMPLIFICATION)):
        pass
    if factored:
        random.seed(0)  # factoring tries random points: 3 seconds for lucky ones, 30 for others
        lines.apply(FACTOR)
    if lines.result.has(Diff):
        raise NotImplementedError(f"no rule differentiates {lines.result}")
    prove_equal(start, lines.result, given=given)
    return lines.result


@cache
def theorem(node: Expr, by: Expr) -> Derivation:
    """The derivative of a named function, from its definition in exponentials."""
    derivation = Derivation(Diff(node, by))
    derivation.apply(definition_of(node))
    _run(derivation)
    derivation.apply(recognise(node))
    derivation.apply(TIDY)
    derivation.apply(FACTOR)
    return derivation


def derive(loss, *, full: bool = False, order: int = 1) -> Derivation:
    """The gradient (order 1) or the Hessian (order 2) of a registered or a reader's own loss."""
    return _derive(loss, full, order).copy()  # made once; a reader may append to a copy


@cache
def _derive(loss, full: bool, order: int) -> Derivation:
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
    from ..notation import i, j, k

    if not isinstance(by, Indexed):
        return by
    taken = set(free_indices(gradient)) | by.free_symbols
    more = (Symbol(name, integer=True, positive=True) for name in "lmnqrsuv")
    unused = [index for index in (i, j, k, *more) if index not in taken]
    return by.base[tuple(unused[: len(by.indices)])]
