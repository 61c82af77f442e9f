"""A loss by its generated array code: what both array libraries do around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .backend import Backend
from .call import Call
from .double_double import at_infinity, run_in_pairs


class CodeInputs(NamedTuple):
    """What the generated code of a call takes beside the logits.

    Attributes:
        targets: numbers of the shape of the logits, or a class index for each row.
        counted: which rows count, None for all.
        divisor: what "mean" divides by.
        parameters: arrays of K numbers, arrays that broadcast with the logits, and floats, by name.
    """

    targets: Any
    counted: Any
    divisor: Any
    parameters: dict[str, Any]


def inputs_of(xp: Backend, call: Call, logits: Any) -> CodeInputs:
    """The inputs of the generated code of a call."""
    plan = call.plan

    def upcast(name: str, value: Any) -> Any:
        if not isinstance(value, float):
            return xp.upcast(value)
        return xp.full(plan.classes, value, logits) if name in plan.code.per_class else value

    parameters = {name: upcast(name, call.parameters[name]) for name in plan.code.parameters}
    if not plan.by_index:
        return CodeInputs(xp.upcast(call.targets), None, plan.rows, parameters)
    counted = call.targets != plan.ignore_index
    index = xp.where(counted, call.targets, 0)
    weights = call.mean_weights
    if weights is None or isinstance(weights, float):
        divisor = xp.upcast(counted.sum()) * (1.0 if weights is None else weights)
    else:  # one axis more, for an index without axes would leave `torch.func.vmap`
        divisor = xp.where(counted, xp.upcast(weights)[index[None]][0], 0).sum()
    if xp.values_known(counted) and bool(counted.all()):
        counted = None
    targets = xp.one_hot(index, plan.classes, plan.axis) if plan.one_hot else index
    return CodeInputs(targets, counted, divisor, parameters)


def compute(
    xp: Backend,
    function: Callable,
    logits: Any,
    arrays: tuple = (),
    parameters: dict[str, Any] | None = None,
    axis: int | None = None,
) -> Any:
    """Evaluate a generated function in pairs of float64 for float64 logits, else in float64.

    Args:
        xp: the array library.
        function: `value`, `gradient` or another function of a generated module.
        logits: of any float dtype.
        arrays: its other positional arguments, upcast.
        parameters: its parameters by name, upcast.
        axis: the class axis, None for single outputs.
    """
    parameters = parameters or {}
    in_pairs = xp.in_pairs(logits, *arrays)
    along = {} if axis is None else {"axis": axis}

    def result(x: Any) -> Any:
        if in_pairs:
            return run_in_pairs(function, x, arrays, parameters, axis)
        return function(x, *arrays, **parameters, **along)

    return at_infinity(result, xp.upcast(logits)) if axis is None else result(xp.upcast(logits))
