"""PyTorch losses by compiled kernels: the gradient is computed with the value, and handed on in the backward pass.

For plain float32 tensors on a CPU. All others, and whatever looks inside (vmap, forward mode, torch.compile), take the
generated PyTorch code, and so do second derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd import Function, forward_ad

from ._native_calls import lie, roles
from .native import kernel, pool
from .native.kernels import Kernel

IGNORED = -(2**63)


@dataclass(frozen=True)
class Call:
    """One call of a kernel. index, arrays, weights, numbers: its inputs; divisor: of the sum, None for no reduction;
    again: the same gradient, times a number for each row, by code that can be differentiated.
    """

    kernel: Kernel
    axis: int | None
    index: Tensor | None
    arrays: tuple[Tensor, ...]
    weights: tuple[Tensor, ...]
    numbers: tuple[float, ...]
    scale: float
    divisor: float | None
    again: object

    def run(self, logits: Tensor, gradient: Tensor | None, values: Tensor | None, **more) -> float:
        """The sum of the values; gradient and values are written."""
        return self.kernel.run(
            lie(logits.shape, self.axis),
            logits.data_ptr(),
            arrays=[a.data_ptr() for a in self.arrays],
            index=None if self.index is None else self.index.data_ptr(),
            weights=[a.data_ptr() for a in self.weights],
            numbers=self.numbers,
            gradient=None if gradient is None else gradient.data_ptr(),
            values=None if values is None else values.data_ptr(),
            ignored=IGNORED,
            threads=torch.get_num_threads(),
            **more,
        )

    @property
    def factor(self) -> float:
        """What the gradient of each row is multiplied by."""
        return self.scale / (1 if self.divisor is None else self.divisor)


def buffer(like: Tensor) -> Tensor:
    """An empty tensor of that shape; a large one from the pool."""
    size = like.numel() * like.element_size()
    if size < pool.LEAST or not pool.limit():
        return torch.empty_like(like, memory_format=torch.contiguous_format)
    return torch.frombuffer(pool.lease(size), dtype=like.dtype).view(like.shape)


class _Loss(Function):
    @staticmethod
    def forward(ctx, logits, call):
        ctx.call, ctx.gradient = call, None
        ctx.save_for_backward(logits)
        x = logits.detach().contiguous()
        if call.divisor is None:
            shape = [n for k, n in enumerate(x.shape) if k != call.axis]
            values = x.new_empty(shape)
            call.run(x, None, values)
            return values.mul_(call.scale) if call.scale != 1 else values
        if ctx.needs_input_grad[0]:
            ctx.gradient = buffer(x)
        total = call.run(x, ctx.gradient, None, factor=call.factor)
        return x.new_tensor(total * call.factor)

    @staticmethod
    def backward(ctx, grad_output):
        call = ctx.call
        if torch.is_grad_enabled():  # to be differentiated again
            (logits,) = ctx.saved_tensors
            return call.again(logits, grad_output), None
        if call.divisor is not None:
            factor = grad_output.item()
            gradient, ctx.gradient = ctx.gradient, None  # given away once: who gets it may write to it
            if gradient is None:
                gradient = _gradient(call, ctx.saved_tensors[0], factor=call.factor * factor)
            elif factor != 1:
                gradient.mul_(factor)
            return gradient, None
        rows = grad_output.to(torch.float64, memory_format=torch.contiguous_format).contiguous()
        return _gradient(call, ctx.saved_tensors[0], factor=call.scale, factors=rows.data_ptr()), None


def _gradient(call: Call, logits: Tensor, **more) -> Tensor:
    x = logits.detach().contiguous()
    gradient = buffer(x)
    call.run(x, gradient, None, **more)
    return gradient


def suits(logits: Tensor) -> bool:
    """Whether a kernel may take it."""
    return (
        type(logits) in (Tensor, torch.nn.Parameter)
        and logits.dtype == torch.float32
        and logits.device.type == "cpu"
        and logits.layout == torch.strided
        and not torch.compiler.is_compiling()
        and torch._C._functorch.peek_interpreter_stack() is None
        and forward_ad._current_level < 0
    )


def _narrow(tensor: Tensor) -> Tensor | None:
    """In float32, where that is exact."""
    if tensor.dtype == torch.float32:
        return tensor.contiguous()
    narrow = tensor.to(torch.float32)
    return narrow.contiguous() if bool((narrow == tensor).all()) else None


def prepared(code, logits, tensors, reduction, counts, divisor, scale, again) -> Call | None:
    """The call of a kernel for the arguments of `_torch_rows.run`; None where there is none for them."""
    if not suits(logits) or not all(type(t) in (Tensor, torch.nn.Parameter) for t in tensors):
        return None
    found = kernel(code.module.__name__.rsplit(".", 1)[-1])
    if found is None or any(t.device.type != "cpu" for t in tensors):
        return None
    by_index = bool(roles(found, "class index"))
    named = dict(zip(code.names, tensors[code.arrays :], strict=True))
    if (counts is not None and not by_index) or (isinstance(scale, Tensor) and scale.numel() != 1):
        return None
    numbers = dict(code.numbers) | {name: named[name] for name in roles(found, "scalar") if name in named}
    if any(isinstance(n, Tensor) and n.numel() != 1 for n in numbers.values()):
        return None
    index, arrays = None, ()
    if by_index:
        index = tensors[0] if counts is None else torch.where(counts, tensors[0], IGNORED)
        index = index.contiguous()
    else:
        arrays = tuple(map(_narrow, tensors[: code.arrays]))
        if any(a is None for a in arrays):
            return None
    if reduction == "none":
        divisor = None
    elif reduction == "sum":
        divisor = 1.0
    else:
        rows = logits.numel() if code.axis is None else logits.numel() // logits.shape[code.axis]
        divisor = float(rows if divisor is None else divisor)
        if not divisor > 0:
            return None
    weights = tuple(named[name].to(torch.float64).contiguous() for name in roles(found, "per class"))
    values = tuple(float(numbers[name]) for name in roles(found, "scalar"))
    return Call(found, code.axis, index, arrays, weights, values, float(1 if scale is None else scale), divisor, again)


def loss(logits: Tensor, call: Call) -> Tensor:
    """The reduced loss in the dtype of the logits."""
    return _Loss.apply(logits, call)
