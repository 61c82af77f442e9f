"""The compiled kernels as an operator of PyTorch, `torch.ops.lossbook.loss`: what torch.compile sees in the place of Python.

It returns the value and the gradient of the whole. Its backward pass multiplies the second by what comes in; differentiated
again it is the generated Hessian-vector product.
"""

from __future__ import annotations

from importlib import import_module

import torch
from torch import Tensor

from ..api import arguments
from ..native import kernel
from . import kernels as native

torch.library.define(
    "lossbook::loss",
    "(Tensor logits, Tensor? index, Tensor[] arrays, Tensor[] weights, Tensor? divisor, float[] numbers, str name, "
    "int? axis, float scale, str reduction, str precision, bool slope) -> (Tensor, Tensor)",
)


@torch.compiler.assume_constant_result
def _inputs(name: str, dtype: str, precision: str) -> tuple | None:
    """The inputs of a kernel by name and role; None where there is none. Asked when a graph is traced."""
    found = kernel(name, dtype, precision == "fast")
    return None if found is None else found.inputs


def loss(
    code, logits: Tensor, tensors, reduction, counts, divisor, scale, precision
) -> Tensor | None:
    """The loss for the arguments of `_torch_rows.run`, in a graph; None where no kernel is for them."""
    if (
        logits.dtype not in native.DTYPES
        or logits.device.type != "cpu"
        or isinstance(scale, Tensor)
    ):
        return None
    name = code.module.__name__.rsplit(".", 1)[-1]
    inputs = _inputs(name, native.DTYPES[logits.dtype], precision)
    if inputs is None:
        return None
    by_role = {
        role: [n for n, found in inputs if found == role]
        for role in ("class index", "per class", "scalar")
    }
    named = dict(zip(code.names, tensors[code.arrays :], strict=True))
    numbers = dict(code.numbers)
    if any(n not in numbers for n in by_role["scalar"]):
        return None  # a tensor in the place of a number
    index, arrays = None, []
    if by_role["class index"]:
        index = tensors[0] if counts is None else torch.where(counts, tensors[0], native.IGNORED)
    elif counts is not None or any(t.dtype != logits.dtype for t in tensors[: code.arrays]):
        return None  # whether a narrower dtype holds them cannot be asked in a graph
    else:
        arrays = list(tensors[: code.arrays])
    if isinstance(divisor, (int, float)):
        divisor = torch.tensor(float(divisor), dtype=torch.float64)
    return torch.ops.lossbook.loss(
        logits,
        index,
        arrays,
        [named[n] for n in by_role["per class"]],
        divisor if reduction == "mean" else None,
        [float(numbers[n]) for n in by_role["scalar"]],
        name,
        code.axis,
        1.0 if scale is None else float(scale),
        reduction,
        precision,
        reduction != "none",
    )[0]


@torch.library.impl("lossbook::loss", "cpu")
def _computed(
    logits, index, arrays, weights, divisor, numbers, name, axis, scale, reduction, precision, slope
):
    found = kernel(name, native.DTYPES[logits.dtype], precision == "fast")
    x, arrays = logits.contiguous(), tuple(a.contiguous() for a in arrays)
    weights = tuple(w.to(torch.float64).contiguous() for w in weights)
    if index is not None:
        index = index.contiguous()
        bad, _, _ = found.check(
            index.data_ptr(),
            index.numel(),
            x.shape[axis],
            native.IGNORED,
            threads=torch.get_num_threads(),
        )
        if bad >= 0:
            got = f"is {index.reshape(-1)[bad]} at position {bad} of all rows"
            raise arguments.wrong(
                name, "targets", got, f"class indices from 0 to {x.shape[axis] - 1}"
            )
    if reduction == "none":
        by = None
    elif reduction == "sum":
        by = 1.0
    else:
        rows = x.numel() if axis is None else x.numel() // x.shape[axis]
        by = float(rows if divisor is None else divisor)
    fixed = found.fixed([w.data_ptr() for w in weights], numbers)
    call = native.Call(found, axis, index, arrays, fixed, weights, scale, by, None)
    if by is None:
        values = x.new_empty([n for k, n in enumerate(x.shape) if k != axis])
        call.run(x, None, values)
        return values * scale, x.new_empty(0)
    gradient = native.buffer(x) if slope else None
    if by == 0:
        return x.new_full((), torch.nan), x.new_empty(0) if gradient is None else gradient.zero_()
    total = call.run(x, gradient, None, factor=call.factor)
    return x.new_full((), total * call.factor), x.new_empty(0) if gradient is None else gradient


@torch.library.register_fake("lossbook::loss")
def _shapes(
    logits, index, arrays, weights, divisor, numbers, name, axis, scale, reduction, precision, slope
):
    rows = [n for k, n in enumerate(logits.shape) if k != axis]
    gradient = (
        torch.empty_like(logits, memory_format=torch.contiguous_format)
        if slope
        else logits.new_empty(0)
    )
    return logits.new_empty(rows if reduction == "none" else []), gradient


def _saved(ctx, inputs, output):
    logits, index, arrays, weights, divisor, numbers, name, axis, scale, reduction, *_ = inputs
    ctx.set_materialize_grads(False)
    ctx.several = len(arrays)
    ctx.facts = (numbers, name, axis, scale, reduction)
    tensors = (index,) if index is not None else tuple(arrays)
    ctx.tensors = len(tensors)
    ctx.save_for_backward(logits, output[1], divisor, *tensors, *weights)


def _backward(ctx, grad_value, grad_gradient):
    from . import autograd as rows  # it imports this module

    numbers, name, axis, scale, reduction = ctx.facts
    logits, gradient, divisor, *tensors = ctx.saved_tensors
    result = None
    if grad_value is not None and reduction != "none":
        result = gradient * grad_value
    twice = reduction == "none" and grad_value is not None
    if twice or grad_gradient is not None:
        module = import_module(f"lossbook.generated.torch.{name}")
        inputs = _inputs(name, native.DTYPES[logits.dtype], "exact")
        named = {
            role: [n for n, found in inputs if found == role] for role in ("per class", "scalar")
        }
        code = rows.Code(
            module,
            ctx.tensors,
            tuple(named["per class"]),
            tuple(zip(named["scalar"], numbers, strict=True)),
            axis,
        )
        counts = None
        if tensors and not tensors[0].is_floating_point():
            counts = tensors[0] != native.IGNORED
            tensors[0] = torch.where(counts, tensors[0], 0)
        whole = rows.Whole(code, tuple(tensors), counts, scale, reduction, divisor)
        if twice:
            result = whole.gradient(logits, grad_value)
        else:
            bent = whole.bent(logits, grad_gradient)
            result = bent if result is None else result + bent
    arrays, weights = [None] * ctx.several, [None] * (len(tensors) - ctx.tensors)
    return (result, None, arrays, weights, None, None if numbers else [], *[None] * 6)


torch.library.register_autograd("lossbook::loss", _backward, setup_context=_saved)


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
