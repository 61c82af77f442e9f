"""Generated PyTorch code under autograd, with generated first and second derivatives.

A third derivative is autograd's, through the generated code of the second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from ..api.arrays import CodeInputs, compute
from ..api.call import Call
from ..api.kernels import row_shape
from .backend import TORCH


@dataclass(frozen=True)
class GeneratedCode:
    """A generated module and how its functions are called with tensors in a fixed order.

    Attributes:
        module: a module of `lossbook.generated.torch`.
        axis: the class axis, None for a loss of single outputs.
        names: the parameters that are tensors. Tensors are the targets, if there are any, then
            these.
        numbers: the parameters that are floats.
        has_targets: False for an activation.
    """

    module: ModuleType
    axis: int | None = None
    names: tuple[str, ...] = ()
    numbers: tuple[tuple[str, float], ...] = ()
    has_targets: bool = True

    def compute(
        self, name: str, logits: Tensor, tensors: tuple[Tensor, ...], *more: Tensor
    ) -> Tensor:
        """The generated function of that name; `more` are its last positional arguments."""
        arrays = (*tensors[: self.has_targets], *map(TORCH.upcast, more))
        named = zip(self.names, tensors[self.has_targets :], strict=True)
        parameters = dict(named) | dict(self.numbers)
        return compute(TORCH, getattr(self.module, name), logits, arrays, parameters, self.axis)

    def broadcast_rows(self, rows: Tensor) -> Tensor:
        """One number for each row, as a factor of all its classes."""
        return rows if self.axis is None else rows.unsqueeze(self.axis)

    def dot(self, a: Tensor, b: Tensor) -> Tensor:
        """The inner product over the classes."""
        return a * b if self.axis is None else (a * b).sum(self.axis)


class _Value(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(logits, code, *tensors):
        return code.compute("value", logits, tensors)

    @staticmethod
    def setup_context(ctx, inputs, output):
        logits, ctx.code, *tensors = inputs
        ctx.save_for_backward(logits, *tensors)

    @staticmethod
    def backward(ctx, grad_rows):
        logits, *tensors = ctx.saved_tensors
        return (
            _Gradient.apply(grad_rows, logits, ctx.code, *tensors),
            None,
            *(None for _ in tensors),
        )


class _Gradient(Function):
    """The gradient of each row, times a number for each row."""

    generate_vmap_rule = True

    @staticmethod
    def forward(grad_rows, logits, code, *tensors):
        grad = code.broadcast_rows(grad_rows) * code.compute("gradient", logits, tensors)
        return grad.to(logits.dtype)

    @staticmethod
    def setup_context(ctx, inputs, output):
        grad_rows, logits, ctx.code, *tensors = inputs
        ctx.save_for_backward(grad_rows, logits, *tensors)

    @staticmethod
    def backward(ctx, tangent):
        grad_rows, logits, *tensors = ctx.saved_tensors
        code, tensors = ctx.code, tuple(tensors)
        to_rows = code.dot(TORCH.upcast(tangent), code.compute("gradient", logits, tensors))
        hvp = code.compute("hvp", logits, tensors, tangent)
        to_logits = (code.broadcast_rows(grad_rows) * hvp).to(logits.dtype)
        return (to_rows, to_logits, None, *(None for _ in tensors))


class _ValueInGraph(Function):
    """`_Value` as `torch.compile` can trace it."""

    @staticmethod
    def forward(ctx, logits, code, *tensors):
        ctx.code = code
        ctx.save_for_backward(logits, *tensors)
        return code.compute("value", logits, tensors)

    @staticmethod
    def backward(ctx, grad_rows):
        logits, *tensors = ctx.saved_tensors
        code = ctx.code
        grad = code.broadcast_rows(grad_rows) * code.compute("gradient", logits, tuple(tensors))
        return (grad.to(logits.dtype), None, *(None for _ in tensors))


class Activation(Function):
    """An activation; apply to (logits, GeneratedCode)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(logits, code):
        return code.compute("value", logits, ()).to(logits.dtype)

    @staticmethod
    def setup_context(ctx, inputs, output):
        logits, ctx.code = inputs
        ctx.save_for_backward(logits)

    @staticmethod
    def backward(ctx, grad_output):
        return _Vjp.apply(ctx.saved_tensors[0], grad_output, ctx.code), None


class _Vjp(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(logits, grad_output, code):
        return code.compute("vjp", logits, (), grad_output).to(logits.dtype)

    @staticmethod
    def setup_context(ctx, inputs, output):
        logits, grad_output, ctx.code = inputs
        ctx.save_for_backward(logits, grad_output)

    @staticmethod
    def backward(ctx, tangent):
        logits, grad_output = ctx.saved_tensors
        code, dtype = ctx.code, logits.dtype
        to_logits = code.compute("vjp_vjp", logits, (), grad_output, tangent).to(dtype)
        return to_logits, code.compute("jvp", logits, (), tangent).to(dtype), None


@dataclass(frozen=True)
class ReducedLoss:
    """A reduced loss of logits, by generated code.

    Attributes:
        code: the generated module with its options.
        tensors: targets, then the parameters that `code` names.
        counted: which rows count, None for all.
        scale: what the loss of each element is multiplied by.
        reduction: "mean", "sum" or "none".
        divisor: what "mean" divides by.
    """

    code: GeneratedCode
    tensors: tuple[Tensor, ...]
    counted: Tensor | None
    scale: Any
    reduction: str
    divisor: Any

    @classmethod
    def of(cls, call: Call, inputs: CodeInputs) -> ReducedLoss:
        """The loss of a checked call with its inputs."""
        named = {n: a for n, a in inputs.parameters.items() if isinstance(a, Tensor)}
        numbers = tuple((n, a) for n, a in inputs.parameters.items() if n not in named)
        plan = call.plan
        code = GeneratedCode(plan.code.module, plan.axis, tuple(named), numbers)
        tensors = (inputs.targets, *named.values())
        return cls(code, tensors, inputs.counted, call.scale, plan.reduction, inputs.divisor)

    def masked(self, x: Tensor) -> Tensor:
        """Zero in rows that do not count, so that no NaN in them reaches a result."""
        if self.counted is None:
            return x
        return torch.where(self.code.broadcast_rows(self.counted), x, 0)

    def value(self, logits: Tensor) -> Tensor:
        """The loss in the dtype of the logits."""
        function = _ValueInGraph if torch.compiler.is_compiling() else _Value
        values = function.apply(self.masked(logits), self.code, *self.tensors)
        if not isinstance(self.scale, float) or self.scale != 1:
            values = values * self.scale
        if self.counted is not None:
            values = torch.where(self.counted, values, 0)
        if self.reduction == "none":
            return values.to(logits.dtype)
        total = values.sum()
        if self.reduction == "mean":
            divisor = torch.as_tensor(self.divisor, device=total.device)
            quotient = total / torch.where(divisor == 0, 1, divisor)
            total = torch.where(divisor == 0, torch.nan, quotient)
        return total.to(logits.dtype)

    def gradient(self, logits: Tensor, grad_output: Tensor) -> Tensor:
        """Its gradient times a number, or one for each row, by differentiable code."""
        shape = row_shape(logits.shape, self.code.axis)
        rows = TORCH.upcast(grad_output) * self.scale
        if self.reduction == "mean":
            divisor = math.prod(shape) if self.divisor is None else self.divisor
            divisor = torch.as_tensor(divisor, device=rows.device)
            rows = torch.where(divisor == 0, 0, rows / torch.where(divisor == 0, 1, divisor))
        rows = rows.expand(shape)
        rows = rows if self.counted is None else torch.where(self.counted, rows, 0)
        return self.masked(_Gradient.apply(rows, self.masked(logits), self.code, *self.tensors))

    def hvp(self, logits: Tensor, tangent: Tensor) -> Tensor:
        """Its Hessian times a vector."""
        rows = row_shape(logits.shape, self.code.axis)
        one = logits.new_ones(rows if self.reduction == "none" else [])
        with torch.enable_grad():
            x = logits if logits.requires_grad else logits.detach().requires_grad_()
            (result,) = torch.autograd.grad(self.gradient(x, one), x, tangent, create_graph=True)
        return result


class Overwritten(Function):
    """A value whose gradient has replaced the logits; apply to (logits, value, gradient)."""

    @staticmethod
    def forward(ctx, logits, value, gradient):
        # by `copy_`, autograd notices where the logits were saved for another backward pass
        ctx.gradient = logits.detach().copy_(gradient)
        return value.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        return ctx.gradient * grad_output, None, None  # unchanged for a second backward pass
