"""Calls of the PyTorch functions: by a kernel where there is one, else by generated PyTorch code."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from ..api import arguments
from ..api.call import check_targets, checked
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
    """The loss of a call, in the dtype of the logits; see `lossbook.api.call.checked` for the arguments.

    inplace: whether the gradient overwrites the logits.
    """
    for name, tensor in ((_first(signature), logits), ("targets", targets)):
        if not isinstance(tensor, Tensor):
            _refuse(signature.function, name, tensor)
    call = checked(TORCH, signature, logits, targets, values, options)
    if inplace:
        kernels.check_inplace(call.function, logits, call.reduction)
    if torch.compiler.is_compiling():
        found = custom_op.loss(call, logits)
        return kernels.generated(call, logits).value(logits) if found is None else found
    found = kernels.loss(call, logits, inplace)
    if found is not None:
        return found
    if TORCH.values_known(logits, call.targets):
        check_targets(TORCH, call)
    generated = kernels.generated(call, logits)
    if not (inplace and logits.requires_grad and torch.is_grad_enabled()):
        return generated.value(logits)
    x = logits.detach().requires_grad_()
    value = generated.value(x)
    return Overwritten.apply(logits, value.detach(), torch.autograd.grad(value, x)[0])


def activation(function: str, code: ModuleType, logits: Tensor, axis: int | None = None) -> Tensor:
    """An activation in the dtype and shape of the logits."""
    if not isinstance(logits, Tensor):
        _refuse(function, "logits", logits)
    arguments.check_kind(function, "logits", logits, TORCH.kind(logits), ("float",))
    axis = None if axis is None else arguments.check_axis(function, logits, axis)
    return Activation.apply(logits, GeneratedCode(code, axis, has_targets=False))


def _first(signature: Signature) -> str:
    return "logits" if signature.rows else "inputs"


def _refuse(function: str, name: str, value: Any) -> None:
    raise arguments.wrong(function, name, f"is {type(value).__name__}", "a tensor", TypeError)
