"""Calls of the NumPy functions: by a kernel where there is one, else by generated NumPy code."""

from __future__ import annotations

from math import nan
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from ..api import arguments
from ..api.arrays import compute, inputs_of
from ..api.call import Call, check_values, checked
from ..api.kernels import KernelCall, evaluate, inverse, placed, row_shape, without_axis
from ..api.signature import Options, Signature
from ..native.kernels import TargetCheck
from .backend import NUMPY


class _Gradient(NamedTuple):
    """Whether a gradient is wanted, and the array that it is written to, None for a new one."""

    wanted: bool = False
    out: np.ndarray | None = None


def loss(signature: Signature, logits: Any, targets: Any, values: tuple, options: Options):
    """The loss of a call, in the dtype of the logits; for the arguments see `checked`."""
    logits, targets = NUMPY.array(logits), NUMPY.array(targets)
    call = checked(NUMPY, signature, (logits, targets), values, options)
    return _evaluated(call, logits, _Gradient())


def loss_with_grad(
    signature: Signature,
    logits: Any,
    targets: Any,
    values: tuple,
    options: Options,
    out: np.ndarray | None,
):
    """(loss, gradient); the gradient is written to `out` where it is given."""
    logits, targets = NUMPY.array(logits), NUMPY.array(targets)
    call = checked(NUMPY, signature, (logits, targets), values, options, "_with_grad")
    if out is not None:
        arguments.check_out(call.plan.function, out, logits, targets)
    return _evaluated(call, logits, _Gradient(True, out))


def activation(function: str, code: ModuleType, logits: Any, axis: int | None = None) -> np.ndarray:
    """An activation in the dtype and shape of the logits."""
    logits = NUMPY.array(logits)
    arguments.check_kind(function, "logits", logits, NUMPY.kind(logits.dtype), ("float",))
    axis = None if axis is None else arguments.check_axis(function, logits, axis)
    with np.errstate(all="ignore"):
        return compute(NUMPY, code.value, logits, axis=axis).astype(logits.dtype)


def _evaluated(call: Call, logits: np.ndarray, gradient: _Gradient):
    """The loss, or (loss, gradient) where a gradient is wanted."""

    def execute(found: KernelCall, divisor: float, check: TargetCheck):
        return _by_kernel(call, found, logits, divisor, check, gradient)

    overwrites = gradient.out is not None and np.may_share_memory(gradient.out, logits)
    result = evaluate(NUMPY, call, logits, execute, overwrites=overwrites)
    return _by_arrays(call, logits, gradient) if result is None else result


def _by_kernel(
    call: Call,
    found: KernelCall,
    logits: np.ndarray,
    divisor: float,
    check: TargetCheck,
    gradient: _Gradient,
):
    """The result; None where the kernel meets a target that is ignored, or wrong."""
    plan, out = call.plan, gradient.out
    factor = found.scale / divisor
    x, found, order = placed(NUMPY, found, logits)
    values = grad = target = None
    if plan.reduction == "none":
        values = np.empty(row_shape(x.shape, found.axis), x.dtype)
    if gradient.wanted:
        target = out if out is None or order is None else out.transpose(order)
        fits = target is not None and target.dtype == x.dtype and NUMPY.is_dense(target)
        grad = target if fits else np.empty(x.shape, x.dtype)
    total = found.run(
        NUMPY,
        x,
        gradient=None if grad is None else grad.ctypes.data,
        values=None if values is None else values.ctypes.data,
        factor=factor,
        target_check=check,
    )
    if total is None:
        return None
    if values is None:
        value = x.dtype.type(total * factor)
    else:
        if factor != 1:
            values *= x.dtype.type(factor)
        if order is not None:
            values = values.transpose(inverse(without_axis(order, plan.axis)))
        value = values[()]
    if grad is None:
        return value
    if out is None:
        return value, grad if order is None else grad.transpose(inverse(order))
    if grad is not target:
        target[...] = grad
    return value, out


def _by_arrays(call: Call, logits: np.ndarray, gradient: _Gradient):
    """The result by generated NumPy code."""
    plan, out = call.plan, gradient.out
    check_values(NUMPY, call)
    inputs = inputs_of(NUMPY, call, logits)
    counted, code, arrays = inputs.counted, plan.code.module, (inputs.targets,)
    x, mask = logits, None
    if counted is not None:  # nothing in a row that does not count, such as NaN, reaches a result
        mask = np.expand_dims(counted, plan.axis)
        x = np.where(mask, x, 0)
    with np.errstate(all="ignore"):
        values = compute(NUMPY, code.value, x, arrays, inputs.parameters, plan.axis) * call.scale
        values = values if counted is None else np.where(counted, values, 0)
        reduced = np.asarray(_reduced(values, plan.reduction, inputs.divisor))
        value = reduced.astype(logits.dtype)[()]
        if not gradient.wanted:
            return value
        grad = compute(NUMPY, code.gradient, x, arrays, inputs.parameters, plan.axis) * call.scale
        grad = grad if mask is None else np.where(mask, grad, 0)
        if plan.reduction == "mean":
            grad = grad / inputs.divisor if inputs.divisor else np.zeros_like(grad)
        if out is None:
            return value, grad.astype(logits.dtype)
        np.copyto(out, grad, casting="same_kind")
        return value, out


def _reduced(values: np.ndarray, reduction: str, divisor: float):
    if reduction == "none":
        return values
    total = np.sum(values)
    if reduction == "sum":
        return total
    return total / divisor if divisor else nan
