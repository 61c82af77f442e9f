"""The compiled kernels as an operator, `torch.ops.lossbook.loss`, for `torch.compile`.

It returns the value and the gradient of the reduced loss. Its backward pass multiplies the gradient
by what comes in; differentiated again, it is the generated Hessian-vector product.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..api.arguments import wrong
from ..api.arrays import inputs_of
from ..api.call import Call
from ..api.kernels import KernelCall, memory_shape, row_shape
from ..api.signature import Code
from ..native import kernel
from ..native.kernels import Kernel
from .autograd import GeneratedCode, ReducedLoss
from .backend import KERNEL_DTYPES, TORCH
from .kernels import buffer

IGNORED = -(2**63)  # the class index of rows that do not count, in a graph

torch.library.define(
    "lossbook::loss",
    "(Tensor logits, Tensor? index, Tensor[] arrays, Tensor[] weights, Tensor? divisor, "
    "float[] numbers, str name, int? axis, float scale, str reduction, str precision, "
    "bool with_grad) -> (Tensor, Tensor)",
)
_codes: dict[str, Code] = {}  # the generated code by the name of the loss, for the backward pass


def register(code: Code) -> None:
    """Make the generated code of a loss known, for second derivatives of the operator."""
    _codes[code.name] = code


def _has_kernel(name: str, dtype: str, precision: str) -> bool:
    """Whether there is a kernel. Asked while a graph is traced."""
    return kernel(name, dtype, precision == "fast") is not None


# what `torch.compiler.assume_constant_result` does, which would import the whole compiler at once
_has_kernel._dynamo_marked_constant = True  # type: ignore[attr-defined]


def loss(call: Call, logits: Tensor) -> Tensor | None:
    """The loss of a checked call in a graph; None where no kernel can compute it."""
    plan, dtype = call.plan, TORCH.dtype_name(logits)
    if dtype is None or logits.device.type != "cpu" or isinstance(call.scale, Tensor):
        return None
    if plan.one_hot or not _has_kernel(plan.code.name, dtype, plan.precision):
        return None
    inputs = inputs_of(TORCH, call, logits)
    numbers = [inputs.parameters[name] for name in plan.code.scalars]
    if any(isinstance(number, Tensor) for number in numbers):
        return None
    index, arrays, divisor = None, [], None
    if plan.by_index:
        index = torch.where(call.targets != plan.ignore_index, call.targets, IGNORED)
    elif call.targets.dtype != logits.dtype:
        return None  # whether a narrower dtype holds them cannot be asked in a graph
    else:
        arrays = [call.targets]
    if plan.reduction == "mean":
        divisor = torch.as_tensor(inputs.divisor, dtype=torch.float64)
    return torch.ops.lossbook.loss(
        logits,
        index,
        arrays,
        [inputs.parameters[name] for name in plan.code.per_class],
        divisor,
        numbers,
        plan.code.name,
        plan.axis,
        float(call.scale),
        plan.reduction,
        plan.precision,
        plan.reduction != "none",
    )[0]


@torch.library.impl("lossbook::loss", "cpu")
def _computed(
    logits,
    index,
    arrays,
    weights,
    divisor,
    numbers,
    name,
    axis,
    scale,
    reduction,
    precision,
    with_grad,
):
    compiled = kernel(name, KERNEL_DTYPES[logits.dtype], precision == "fast")
    x, arrays = logits.contiguous(), tuple(a.contiguous() for a in arrays)
    weights = tuple(map(TORCH.double, weights))
    if index is not None:
        index = index.contiguous()
        _check_index(name, compiled, index, x.shape[axis])
    packed = Kernel.pack_parameters([w.data_ptr() for w in weights], numbers)
    shape = memory_shape(x.shape, axis)
    found = KernelCall(compiled, axis, shape, index, arrays, packed, weights, IGNORED)
    if reduction == "none":
        values = x.new_empty(row_shape(x.shape, axis))
        found.run(TORCH, x, values=values.data_ptr())
        return values * scale, x.new_empty(0)
    by = 1.0
    if reduction == "mean":
        rows = x.numel() if axis is None else x.numel() // x.shape[axis]
        by = float(rows if divisor is None else divisor)
    grad = buffer(x) if with_grad else None
    if by == 0:
        empty = x.new_empty(0) if grad is None else grad.zero_()
        return x.new_full((), torch.nan), empty
    address = None if grad is None else grad.data_ptr()
    total = found.run(TORCH, x, gradient=address, factor=scale / by)
    value = x.new_full((), total * (scale / by))
    return value, x.new_empty(0) if grad is None else grad


def _check_index(name: str, compiled: Kernel, index: Tensor, classes: int) -> None:
    address, count, threads = index.data_ptr(), index.numel(), torch.get_num_threads()
    bad, _, _ = compiled.check(address, count, classes, IGNORED, threads=threads)
    if bad >= 0:
        got = f"is {index.reshape(-1)[bad]} at position {bad} of all rows"
        raise wrong(name, "targets", got, f"class indices from 0 to {classes - 1}")


@torch.library.register_fake("lossbook::loss")
def _shapes(
    logits,
    index,
    arrays,
    weights,
    divisor,
    numbers,
    name,
    axis,
    scale,
    reduction,
    precision,
    with_grad,
):
    value = logits.new_empty(row_shape(logits.shape, axis) if reduction == "none" else [])
    if not with_grad:
        return value, logits.new_empty(0)
    return value, torch.empty_like(logits, memory_format=torch.contiguous_format)


def _save(ctx, inputs, output):
    logits, index, arrays, weights, divisor, numbers, name, axis, scale, reduction, *_ = inputs
    ctx.set_materialize_grads(False)
    ctx.array_count, ctx.weight_count = len(arrays), len(weights)
    ctx.options = (numbers, name, axis, scale, reduction)
    targets = arrays[0] if index is None else index
    ctx.save_for_backward(logits, output[1], divisor, targets, *weights)


def _backward(ctx, grad_value, grad_gradient):
    numbers, name, axis, scale, reduction = ctx.options
    logits, gradient, divisor, targets, *weights = ctx.saved_tensors
    by_value = None
    if grad_value is not None and reduction != "none":
        by_value = gradient * grad_value
    twice = reduction == "none" and grad_value is not None
    result = by_value
    if twice or grad_gradient is not None:
        code, counted = _codes[name], None
        if not targets.is_floating_point():
            counted = targets != IGNORED
            targets = torch.where(counted, targets, 0)
        else:
            targets = TORCH.upcast(targets)
        scalars = tuple(zip(code.scalars, numbers, strict=True))
        options = GeneratedCode(code.module, axis, code.per_class, scalars)
        tensors = (targets, *map(TORCH.upcast, weights))
        whole = ReducedLoss(options, tensors, counted, scale, reduction, divisor)
        if twice:
            result = whole.gradient(logits, grad_value)
        else:
            hvp = whole.hvp(logits, grad_gradient)
            result = hvp if by_value is None else by_value + hvp
    no_grads = [None] * 6
    return (
        result,
        None,
        [None] * ctx.array_count,
        [None] * ctx.weight_count,
        None,
        None if numbers else [],
        *no_grads,
    )


torch.library.register_autograd("lossbook::loss", _backward, setup_context=_save)


@torch.library.register_vmap("lossbook::loss")
def _mapped(info, in_dims, *inputs):
    """One call after the other."""

    def part(value, dim, n):
        if isinstance(value, (list, tuple)) and isinstance(dim, (list, tuple)):
            return [part(v, d, n) for v, d in zip(value, dim, strict=True)]
        return value.select(dim, n) if isinstance(value, Tensor) and dim is not None else value

    calls = [
        torch.ops.lossbook.loss(*(part(v, d, n) for v, d in zip(inputs, in_dims, strict=True)))
        for n in range(info.batch_size)
    ]
    return tuple(torch.stack(parts) for parts in zip(*calls, strict=True)), (0, 0)
