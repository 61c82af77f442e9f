"""Running generated PyTorch code under autograd: first and second derivatives are generated too, never traced.

A third derivative is autograd's, through the generated code of the second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from ..api import arguments
from ..api.double_double import at_infinity, run_in_pairs
from . import custom_op as ops
from . import kernels as native


def kind(tensor: Tensor) -> str:
    """What `_arguments.check_kind` asks for."""
    if tensor.is_floating_point():
        return "float"
    return "other" if tensor.dtype == torch.bool or tensor.is_complex() else "integer"


def real(tensor: Tensor) -> Tensor:
    """In float64: narrower results are then rounded once, at the end. Apple's GPUs have no float64; float32 there."""
    return tensor.to(torch.float32 if tensor.device.type == "mps" else torch.float64)


def wide(tensor: Tensor) -> Tensor:
    """`real`, but class numbers stay as they are."""
    return real(tensor) if tensor.is_floating_point() else tensor


def has_values(*tensors: Tensor | None) -> bool:
    """Whether the values can be looked at: not in a graph, on the meta device, or while `torch.func.vmap` maps over them."""
    if torch.compiler.is_compiling():
        return False
    return not any(t is not None and (t.is_meta or _mapped(t)) for t in tensors)


def _mapped(tensor: Tensor) -> bool:
    layers = torch._C._functorch
    while layers.is_functorch_wrapped_tensor(tensor) and not layers.is_batchedtensor(tensor):
        tensor = layers.get_unwrapped(tensor)
    return layers.is_batchedtensor(tensor)


@dataclass(frozen=True)
class Code:
    """A generated module with its options. arrays: how many tensors beside the logits go by position; names: the names
    of the others; numbers: scalar parameters; axis: None for a loss of single outputs.
    """

    module: ModuleType
    arrays: int = 0
    names: tuple[str, ...] = ()
    numbers: tuple[tuple[str, float], ...] = ()
    axis: int | None = None

    def call(self, name: str, logits: Tensor, tensors: tuple[Tensor, ...], *more: Tensor) -> Tensor:
        """The generated function of that name, in wide arithmetic."""
        tensors = tuple(map(wide, tensors))
        options = dict(zip(self.names, tensors[self.arrays :], strict=True)) | dict(self.numbers)
        function, arrays = getattr(self.module, name), (*tensors[: self.arrays], *map(wide, more))
        in_pairs = logits.dtype == torch.float64 and has_values(logits, *arrays)

        def result(x):
            if in_pairs:
                return run_in_pairs(function, x, arrays, options, self.axis)
            return function(
                x, *arrays, **options, **({} if self.axis is None else {"axis": self.axis})
            )

        return at_infinity(result, wide(logits)) if self.axis is None else result(wide(logits))

    def spread(self, rows: Tensor) -> Tensor:
        """One number for each row, laid over the classes."""
        return rows if self.axis is None else rows.unsqueeze(self.axis)

    def dot(self, a: Tensor, b: Tensor) -> Tensor:
        """The inner product over the classes."""
        return a * b if self.axis is None else (a * b).sum(self.axis)


class _Value(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(logits, code, *tensors):
        return code.call("value", logits, tensors)

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
        return (code.spread(grad_rows) * code.call("gradient", logits, tensors)).to(logits.dtype)

    @staticmethod
    def setup_context(ctx, inputs, output):
        grad_rows, logits, ctx.code, *tensors = inputs
        ctx.save_for_backward(grad_rows, logits, *tensors)

    @staticmethod
    def backward(ctx, tangent):
        grad_rows, logits, *tensors = ctx.saved_tensors
        code, tensors = ctx.code, tuple(tensors)
        to_rows = code.dot(wide(tangent), code.call("gradient", logits, tensors))
        to_logits = (code.spread(grad_rows) * code.call("hvp", logits, tensors, tangent)).to(
            logits.dtype
        )
        return (to_rows, to_logits, None, *(None for _ in tensors))


class _ValueInGraph(Function):
    """`_Value` as torch.compile can trace it."""

    @staticmethod
    def forward(ctx, logits, code, *tensors):
        ctx.code = code
        ctx.save_for_backward(logits, *tensors)
        return code.call("value", logits, tensors)

    @staticmethod
    def backward(ctx, grad_rows):
        logits, *tensors = ctx.saved_tensors
        code = ctx.code
        slope = code.spread(grad_rows) * code.call("gradient", logits, tuple(tensors))
        return (slope.to(logits.dtype), None, *(None for _ in tensors))


class Activation(Function):
    """An activation; apply to (logits, Code)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(logits, code):
        return code.call("value", logits, ()).to(logits.dtype)

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
        return code.call("vjp", logits, (), grad_output).to(logits.dtype)

    @staticmethod
    def setup_context(ctx, inputs, output):
        logits, grad_output, ctx.code = inputs
        ctx.save_for_backward(logits, grad_output)

    @staticmethod
    def backward(ctx, tangent):
        logits, grad_output = ctx.saved_tensors
        code, dtype = ctx.code, logits.dtype
        to_logits = code.call("vjp_vjp", logits, (), grad_output, tangent).to(dtype)
        return to_logits, code.call("jvp", logits, (), tangent).to(dtype), None


def check_shares(function: str, targets: Tensor) -> None:
    """Targets of a sigmoid, from 0 to 1."""
    arguments.check_shares(function, targets, *(targets.aminmax() if targets.numel() else ()))


def check_constants(function: str, **tensors: Tensor | None) -> None:
    """No tensor may want the gradient that it would not get."""
    for name, tensor in tensors.items():
        if tensor is not None and tensor.requires_grad and torch.is_grad_enabled():
            raise arguments.wrong(function, name, "requires grad", "a constant: detach() it")


@dataclass(frozen=True)
class Whole:
    """A reduced loss, by its parts: see `run`."""

    code: Code
    tensors: tuple[Tensor, ...]
    counts: Tensor | None
    scale: Tensor | float
    reduction: str
    divisor: Tensor | float | None

    def masked(self, x: Tensor) -> Tensor:
        """So that nothing in a row that does not count, NaN included, can reach a result."""
        return x if self.counts is None else torch.where(self.code.spread(self.counts), x, 0)

    def gradient(self, logits: Tensor, grad_output: Tensor) -> Tensor:
        """Its gradient times a number, or times one for each row, by code that can be differentiated."""
        shape = [n for k, n in enumerate(logits.shape) if k != self.code.axis]
        rows = real(grad_output) * self.scale
        if self.reduction == "mean":
            divisor = math.prod(shape) if self.divisor is None else self.divisor
            divisor = torch.as_tensor(divisor, device=rows.device)
            rows = torch.where(divisor == 0, 0, rows / torch.where(divisor == 0, 1, divisor))
        rows = rows.expand(shape)
        rows = rows if self.counts is None else torch.where(self.counts, rows, 0)
        return self.masked(_Gradient.apply(rows, self.masked(logits), self.code, *self.tensors))

    def bent(self, logits: Tensor, tangent: Tensor) -> Tensor:
        """Its Hessian times a vector."""
        rows = [n for k, n in enumerate(logits.shape) if k != self.code.axis]
        one = logits.new_ones(rows if self.reduction == "none" else [])
        with torch.enable_grad():
            x = logits if logits.requires_grad else logits.detach().requires_grad_()
            (result,) = torch.autograd.grad(self.gradient(x, one), x, tangent, create_graph=True)
        return result


class Overwritten(Function):
    """A value whose gradient has taken the place of the logits; apply to (logits, value, gradient)."""

    @staticmethod
    def forward(ctx, logits, value, gradient):
        ctx.gradient = logits.detach().copy_(
            gradient
        )  # what was saved of the logits is seen to have changed
        return value.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        return ctx.gradient * grad_output, None, None  # a second pass finds it as it was


def run(
    code: Code,
    logits: Tensor,
    tensors: tuple[Tensor, ...] = (),
    *,
    reduction: str,
    counts: Tensor | None = None,
    divisor: Tensor | float | None = None,
    scale: Tensor | float | None = None,
    function: str,
    precision: str = "exact",
    inplace: bool = False,
) -> Tensor:
    """The reduced loss in the dtype of the logits.

    tensors: arrays, targets first, then the parameters that `code` names. counts: which rows (elements, where there is
    no class axis) count, None for all. divisor: what "mean" divides by, None for the number of all rows. scale: what
    each element's loss is multiplied by, where there is no class axis.
    function: the name that errors give. precision: of a kernel; generated PyTorch code is exact. inplace: whether the
    gradient is written over the logits.
    """
    check_constants(function, **dict(zip(("targets", *code.names), tensors, strict=False)))
    if inplace:
        native.check_overwritten(function, logits, reduction)

    whole = Whole(code, tensors, counts, 1 if scale is None else scale, reduction, divisor)
    if torch.compiler.is_compiling():
        found = ops.loss(code, logits, tensors, reduction, counts, divisor, scale, precision)
        if found is not None:
            return found
    call = native.prepared(
        code, logits, tensors, reduction, counts, divisor, scale, whole.gradient, precision
    )
    if call is not None:
        return native.loss(logits, call, inplace)
    if inplace and logits.requires_grad and torch.is_grad_enabled():
        x = logits.detach().requires_grad_()
        value = run(
            code,
            x,
            tensors,
            reduction=reduction,
            counts=counts,
            divisor=divisor,
            scale=scale,
            function=function,
        )
        return Overwritten.apply(logits, value.detach(), torch.autograd.grad(value, x)[0])
    function = _ValueInGraph if torch.compiler.is_compiling() else _Value
    values = function.apply(whole.masked(logits), code, *tensors)
    if scale is not None:
        values = values * scale
    if counts is not None:
        values = torch.where(counts, values, 0)
    if reduction == "none":
        return values.to(logits.dtype)
    total = values.sum()
    if reduction == "mean":
        divisor = torch.as_tensor(
            values.numel() if divisor is None else divisor, device=total.device
        )
        total = torch.where(divisor == 0, torch.nan, total / torch.where(divisor == 0, 1, divisor))
    return total.to(logits.dtype)
