"""Calls of the PyTorch functions: by a kernel where there is one, else by generated code."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from ..api import arguments
from ..api.call import check_values, checked
from ..api.signature import Options, Signature
from . import custom_op, kernels
from .autograd import Activation, GeneratedCode, Overwritten
from .backend import TORCH


def loss(
    signature: Signature,
    logits: Tensor,
    targets: Tensor,
    values: tuple,
    options: Options,
    inplace: bool = False,
) -> Tensor:
    """The loss of a call, in the dtype of the logits; for the arguments see `checked`.

    inplace: whether the gradient overwrites the logits.
    """
    if not (isinstance(logits, Tensor) and isinstance(targets, Tensor)):
        _refuse(signature, logits, targets)
    call = checked(TORCH, signature, (logits, targets), values, options)
    if inplace:
        kernels.check_inplace(call.plan.function, logits, call.plan.reduction)
    if torch.compiler.is_compiling():
        found = custom_op.loss(call, logits)
        return kernels.generated(call, logits).value(logits) if found is None else found
    found = kernels.loss(call, logits, inplace)
    if found is not None:
        return found
    if TORCH.values_known(call.targets, call.scale, *call.parameters.values()):
        check_values(TORCH, call)
    generated = kernels.generated(call, logits)
    if not (inplace and logits.requires_grad and torch.is_grad_enabled()):
        return generated.value(logits)
    x = logits.detach().requires_grad_()
    value = generated.value(x)
    return Overwritten.apply(logits, value.detach(), torch.autograd.grad(value, x)[0])


def activation(function: str, code: ModuleType, logits: Tensor, axis: int | None = None) -> Tensor:
    """An activation in the dtype and shape of the logits."""
    if not isinstance(logits, Tensor):
        raise _not_a_tensor(function, "logits", logits)
    arguments.check_kind(function, "logits", logits, TORCH.kind(logits.dtype), ("float",))
    axis = None if axis is None else arguments.check_axis(function, logits, axis)
    return Activation.apply(logits, GeneratedCode(code, axis, has_targets=False))


def _refuse(signature: Signature, logits: Any, targets: Any) -> None:
    if isinstance(logits, Tensor):
        raise _not_a_tensor(signature.function, "targets", targets)
    name = "logits" if signature.rows else "inputs"
    raise _not_a_tensor(signature.function, name, logits)


def _not_a_tensor(function: str, name: str, value: Any) -> Exception:
    return arguments.wrong(function, name, f"is {type(value).__name__}", "a tensor", TypeError)
