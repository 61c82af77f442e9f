"""The truth of a case, from the oracle, cached: an audit asks for it again in every dtype."""

from __future__ import annotations

from functools import lru_cache

from ..losses import Loss
from ..numerics.oracle import oracle
from .batches import Case

Parameters = tuple[tuple[str, object], ...]


@lru_cache(maxsize=100_000)
def value(loss: Loss, case: Case, parameters: Parameters = ()):
    """The loss of the case; of an activation the output that `case.target` names."""
    found = oracle(loss).value(case.logits, *_targets(loss, case), **dict(parameters))
    return found[case.target] if isinstance(found, list) else found


@lru_cache(maxsize=100_000)
def gradient(loss: Loss, case: Case, parameters: Parameters = ()) -> tuple:
    """The gradient with respect to the logits, always a tuple."""
    if loss.is_activation:
        outputs = 1 if case.classes is None else _one_hot(case)
        found = oracle(loss).vjp(case.logits, outputs, **dict(parameters))
    else:
        found = oracle(loss).gradient(case.logits, *_targets(loss, case), **dict(parameters))
    return tuple(found) if isinstance(found, list) else (found,)


@lru_cache(maxsize=10_000)
def hvp(
    loss: Loss, case: Case, tangent: tuple[float, ...] | float, parameters: Parameters = ()
) -> tuple:
    """The Hessian times the tangent, always a tuple."""
    found = oracle(loss).hvp(case.logits, *_targets(loss, case), tangent, **dict(parameters))
    return tuple(found) if isinstance(found, list) else (found,)


def _targets(loss: Loss, case: Case) -> tuple:
    if loss.is_activation:
        return ()
    if loss.target == "probabilities" and isinstance(case.target, int):
        return (_one_hot(case),)
    return (case.target,)


def _one_hot(case: Case) -> tuple[float, ...]:
    return tuple(float(k == case.target) for k in range(case.classes))
