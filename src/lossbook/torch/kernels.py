"""PyTorch losses by compiled kernels, which compute the gradient together with the value.

For plain float64, float32, float16 and bfloat16 tensors on a CPU. Others, and transforms that look
inside (vmap, forward mode), take the generated PyTorch code, and so do second derivatives.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function, forward_ad

from ..api.arguments import wrong
from ..api.arrays import inputs_of
from ..api.call import Call
from ..api.kernels import (
    KernelCall,
    evaluate,
    inverse,
    memory_order,
    placed,
    row_shape,
    without_axis,
)
from ..native import pool
from ..native.kernels import TargetCheck
from .autograd import ReducedLoss
from .backend import KERNEL_DTYPES, TORCH

_thread = threading.local()


@contextmanager
def switched_off() -> Iterator[None]:
    """Within this context and thread, everything is computed by generated code."""
    before = getattr(_thread, "off", False)
    _thread.off = True
    try:
        yield
    finally:
        _thread.off = before


def suits(logits: Tensor) -> bool:
    """Whether a kernel may read and differentiate these logits."""
    return (
        type(logits) in (Tensor, torch.nn.Parameter)
        and logits.dtype in KERNEL_DTYPES
        and logits.is_cpu
        and logits.layout == torch.strided
        and not getattr(_thread, "off", False)
        and not torch.compiler.is_compiling()
        and torch._C._functorch.peek_interpreter_stack() is None
        and forward_ad._current_level < 0
        and not logits.is_neg()
    )


def loss(call: Call, logits: Tensor, inplace: bool = False) -> Tensor | None:
    """The reduced loss in the dtype of the logits; None where no kernel can compute it.

    Args:
        call: the checked call.
        logits: what it is differentiated with respect to.
        inplace: whether the gradient overwrites the logits, where there is one.

    Raises:
        ValueError: a target is wrong.
    """
    if not suits(logits) or not _readable(call.targets):
        return None
    if call.parameters is not call.plan.parameters and not all(
        map(_readable, call.parameters.values())
    ):
        return None
    wanted = logits.requires_grad and torch.is_grad_enabled()

    def execute(found: KernelCall, divisor: float, check: TargetCheck) -> Tensor | None:
        run = _Run(call, found, found.scale / divisor, check, wanted, inplace and wanted)
        # `Function.apply` would ask again what `suits` has asked
        return super(Function, _KernelLoss).apply(logits, run)

    value = evaluate(TORCH, call, logits, execute, overwrites=inplace)
    if inplace and wanted and value is not None:
        torch.autograd.graph.increment_version(logits)
    return value


def check_inplace(function: str, logits: Tensor, reduction: str) -> None:
    """Raise `ValueError` where the gradient may not overwrite the logits."""
    base = logits if logits._base is None else logits._base
    dense = logits.permute(memory_order(logits.stride())).is_contiguous()
    reasons = {
        "torch.compile": torch.compiler.is_compiling(),
        "torch.func": torch._C._functorch.peek_interpreter_stack() is not None,
        # the gradient is not known before the backward pass
        "reduction 'none'": reduction == "none",
        "logits that have gaps in memory": not dense,
        "a leaf that requires grad": base.is_leaf
        and base.requires_grad
        and torch.is_grad_enabled(),
    }
    for reason, holds in reasons.items():
        if holds:
            raise wrong(function, "inplace", f"is True with {reason}", "inplace=False there")


def buffer(like: Tensor) -> Tensor:
    """An empty contiguous tensor like another one; a large one comes from the pool."""
    size = like.numel() * like.element_size()
    if size < pool.LEAST or not pool.limit():
        return torch.empty_like(like, memory_format=torch.contiguous_format)
    return torch.frombuffer(pool.lease(size), dtype=like.dtype).view(like.shape)


def generated(call: Call, logits: Tensor) -> ReducedLoss:
    """The same loss by generated code."""
    return ReducedLoss.of(call, inputs_of(TORCH, call, logits))


class _Run(NamedTuple):
    """One evaluation by a kernel.

    Attributes:
        call, found: the checked call, and that of the kernel.
        factor: what the loss and the gradient of each row are multiplied by.
        check: what the kernel checks of the targets.
        wanted: whether a gradient is wanted.
        inplace: whether it overwrites the logits.
    """

    call: Call
    found: KernelCall
    factor: float
    check: TargetCheck
    wanted: bool
    inplace: bool

    def inputs(self) -> Iterator[Tensor]:
        """All tensors of the caller that are read beside the logits."""
        yield self.call.targets
        if self.call.parameters is not self.call.plan.parameters:
            for value in (*self.call.parameters.values(), *self.found.weights):
                if isinstance(value, Tensor):
                    yield value
        if isinstance(self.call.scale, Tensor):
            yield self.call.scale

    def gradient(
        self, logits: Tensor, factor: float, rows: Tensor | None = None, out: Tensor | None = None
    ) -> Tensor:
        """The gradient times a factor, and times a float64 number for each row."""
        x, found, order = placed(TORCH, self.found, logits.detach())
        grad = buffer(x)
        factors = None
        if rows is not None:
            if order is not None:
                rows = rows.permute(without_axis(order, self.found.axis))
            rows = rows.contiguous()
            factors = rows.data_ptr()
        found.run(TORCH, x, gradient=grad.data_ptr(), factor=factor, factors=factors)
        return _in_order(grad, order)


class _KernelLoss(Function):
    @staticmethod
    def forward(ctx, logits, run):
        ctx.run, ctx.gradient = run, None
        # autograd notices if one of these is overwritten before a backward pass that needs it
        call = run.call
        if call.parameters is call.plan.parameters and type(call.scale) is float:
            ctx.save_for_backward(logits, call.targets)
        else:
            ctx.save_for_backward(logits, *run.inputs())
        x, found, order = placed(TORCH, run.found, logits)
        if run.call.plan.reduction == "none":
            values = x.new_empty(row_shape(x.shape, found.axis))
            if found.run(TORCH, x, values=values.data_ptr(), target_check=run.check) is None:
                return None
            if order is not None:
                values = values.permute(inverse(without_axis(order, run.found.axis)))
            return values.mul_(run.factor) if run.factor != 1 else values
        grad = None
        if run.wanted:
            grad = x.detach() if run.inplace else buffer(x)
            ctx.gradient = _in_order(grad, order)
        total = found.run(
            TORCH,
            x,
            gradient=None if grad is None else grad.data_ptr(),
            factor=run.factor,
            target_check=run.check,
        )
        return None if total is None else x.new_full((), total * run.factor)

    @staticmethod
    def backward(ctx, grad_output):
        run = ctx.run
        if torch.is_grad_enabled():  # the gradient is to be differentiated again
            logits = ctx.saved_tensors[0]
            return generated(run.call, logits).gradient(logits, grad_output), None
        if run.call.plan.reduction == "none":
            rows = grad_output.to(torch.float64)
            return run.gradient(ctx.saved_tensors[0], run.factor, rows), None
        factor = grad_output.item()
        # given away once, for the receiver may write to it
        grad, ctx.gradient = ctx.gradient, None
        if grad is None:
            grad = run.gradient(ctx.saved_tensors[0], run.factor * factor)
        elif factor != 1:
            grad.mul_(factor)
        return grad, None


def _readable(value: Tensor | float) -> bool:
    """Whether a kernel may read a tensor of the call; floats are passed by value."""
    if isinstance(value, float):
        return True
    return type(value) in (Tensor, torch.nn.Parameter) and value.is_cpu and not value.is_neg()


def _in_order(placed: Tensor, order: list[int] | None) -> Tensor:
    """A tensor of the shape of placed logits, with the axes as the caller has them."""
    return placed if order is None else placed.permute(inverse(order))
