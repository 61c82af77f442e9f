"""PyTorch losses by compiled kernels: the gradient is computed with the value, and handed on in the backward pass.

For plain float64, float32, float16 and bfloat16 tensors on a CPU. All others, and whatever looks inside (vmap, forward mode), take
the generated PyTorch code, and so do second derivatives.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor
from torch.autograd import Function, forward_ad

from ..api import arguments
from ..api.layout import back, in_memory, lie, roles, rows_of
from ..native import kernel, pool
from ..native.kernels import Kernel

IGNORED = -(2**63)
DTYPES = {
    torch.float64: "float64",
    torch.float32: "float32",
    torch.float16: "float16",
    torch.bfloat16: "bfloat16",
}
_here = threading.local()


@contextmanager
def switched_off() -> Iterator[None]:
    """For this thread, everything by generated code."""
    before = getattr(_here, "off", False)
    _here.off = True
    try:
        yield
    finally:
        _here.off = before


@dataclass(slots=True)
class Call:
    """One call of a kernel. index, arrays, fixed: its inputs; kept: what must live as long as it; divisor: of the sum, None for no reduction;
    again: the gradient, of the logits and of what the loss is multiplied by, by code that can be differentiated; look:
    whether the kernel has still to look at the targets, of which each is to be a class that counts, or a share.
    """

    kernel: Kernel
    axis: int | None
    index: Tensor | None
    arrays: tuple[Tensor, ...]
    fixed: tuple
    kept: tuple[Tensor, ...]
    scale: float
    divisor: float | None
    again: Callable[[Tensor, Tensor], Tensor]
    ignored: int = IGNORED
    look: int = False

    def run(
        self, logits: Tensor, gradient: Tensor | None, values: Tensor | None, **more
    ) -> float | None:
        """The sum of the values; gradient and values are written. None where `look` has found other targets."""
        return self.kernel.run(
            lie(logits.shape, self.axis),
            logits.data_ptr(),
            self.fixed,
            arrays=[a.data_ptr() for a in self.arrays],
            index=None if self.index is None else self.index.data_ptr(),
            gradient=None if gradient is None else gradient.data_ptr(),
            values=None if values is None else values.data_ptr(),
            ignored=self.ignored,
            threads=torch.get_num_threads(),
            **more,
        )

    def laid(self, order: list[int]) -> Call:
        """The same call for logits whose axes come in that order."""
        rows = rows_of(order, self.axis)
        return replace(
            self,
            axis=None if self.axis is None else order.index(self.axis),
            index=None if self.index is None else self.index.permute(rows).contiguous(),
            arrays=tuple(a.permute(order).contiguous() for a in self.arrays),
        )

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All that is read beside the logits."""
        return (*self.arrays, *self.kept, *([] if self.index is None else [self.index]))

    @property
    def factor(self) -> float:
        """What the gradient of each row is multiplied by."""
        return self.scale if self.divisor is None else self.scale / self.divisor


def buffer(like: Tensor) -> Tensor:
    """An empty tensor of that shape; a large one from the pool."""
    size = like.numel() * like.element_size()
    if size < pool.LEAST or not pool.limit():
        return torch.empty_like(like, memory_format=torch.contiguous_format)
    return torch.frombuffer(pool.lease(size), dtype=like.dtype).view(like.shape)


def _in_order(logits: Tensor) -> tuple[list[int], Tensor]:
    """The axes as they lie in memory, and the logits so: contiguous, unless there are gaps."""
    order = in_memory(logits.stride())
    return order, logits.permute(order)


def _placed(logits: Tensor, call: Call) -> tuple[Tensor, Call, list[int] | None]:
    """Contiguous logits, the call for them, and in which order they have the axes, None for the same: the memory of dense
    logits of any layout is used as it is.
    """
    if logits.is_contiguous():
        return logits, call, None
    order, x = _in_order(logits)
    return (x, call.laid(order), order) if x.is_contiguous() else (logits.contiguous(), call, None)


def _given(tensor: Tensor, order: list[int] | None) -> Tensor:
    """A tensor of the shape of placed logits, with the axes of the given ones."""
    return tensor if order is None else tensor.permute(back(order))


class _Loss(Function):
    @staticmethod
    def forward(ctx, logits, call, wanted, inplace):
        ctx.call, ctx.gradient = call, None
        ctx.save_for_backward(
            logits, *call.tensors
        )  # that one was overwritten is seen where it is needed again
        x, placed, order = _placed(logits, call)
        if call.divisor is None:
            values = x.new_empty([n for k, n in enumerate(x.shape) if k != placed.axis])
            if placed.run(x, None, values, look=call.look) is None:
                return None
            values = values if order is None else values.permute(back(rows_of(order, call.axis)))
            return values.mul_(call.scale) if call.scale != 1 else values
        gradient = None
        if wanted:
            gradient = x.detach() if inplace else buffer(x)
            ctx.gradient = _given(gradient, order)
        total = placed.run(x, gradient, None, factor=call.factor, look=call.look)
        return None if total is None else x.new_full((), total * call.factor)

    @staticmethod
    def backward(ctx, grad_output):
        call = ctx.call
        if torch.is_grad_enabled():  # to be differentiated again
            return call.again(ctx.saved_tensors[0], grad_output), None, None, None
        if call.divisor is not None:
            factor = grad_output.item()
            gradient, ctx.gradient = (
                ctx.gradient,
                None,
            )  # given away once: who gets it may write to it
            if gradient is None:
                gradient = _gradient(call, ctx.saved_tensors[0], factor=call.factor * factor)
            elif factor != 1:
                gradient.mul_(factor)
            return gradient, None, None, None
        gradient = _gradient(
            call, ctx.saved_tensors[0], grad_output.to(torch.float64), factor=call.scale
        )
        return gradient, None, None, None


def _gradient(call: Call, logits: Tensor, rows: Tensor | None = None, *, factor: float) -> Tensor:
    """rows: float64, what the gradient of each row is multiplied by beside the factor."""
    x, placed, order = _placed(logits.detach(), call)
    gradient, factors = buffer(x), None
    if rows is not None:
        rows = (rows if order is None else rows.permute(rows_of(order, call.axis))).contiguous()
        factors = rows.data_ptr()
    placed.run(x, gradient, None, factor=factor, factors=factors)
    return _given(gradient, order)


def suits(logits: Tensor) -> bool:
    """Whether a kernel may take it."""
    return (
        type(logits) in (Tensor, torch.nn.Parameter)
        and logits.dtype in DTYPES
        and logits.is_cpu
        and logits.layout == torch.strided
        and not getattr(_here, "off", False)
        and not torch.compiler.is_compiling()
        and torch._C._functorch.peek_interpreter_stack() is None
        and forward_ad._current_level < 0
        and not logits.is_neg()  # nor asked in a graph
    )


def _narrow(tensor: Tensor, dtype: torch.dtype) -> Tensor | None:
    """In the dtype of the logits, where that is exact."""
    if tensor.dtype == dtype:
        return tensor.contiguous()
    narrow = tensor.to(dtype)
    return narrow.contiguous() if bool((narrow == tensor).all()) else None


def prepared(
    code, logits, tensors, reduction, counts, divisor, scale, again, precision
) -> Call | None:
    """The call of a kernel for the arguments of `_torch_rows.run`; None where there is none for them."""
    if not suits(logits) or not all(type(t) in (Tensor, torch.nn.Parameter) for t in tensors):
        return None
    found = kernel(
        code.module.__name__.rsplit(".", 1)[-1], DTYPES[logits.dtype], precision == "fast"
    )
    if found is None or any(t.device.type != "cpu" or t.is_neg() for t in tensors):
        return None
    by_index = bool(roles(found, "class index"))
    named = dict(zip(code.names, tensors[code.arrays :], strict=True))
    if (counts is not None and not by_index) or (isinstance(scale, Tensor) and scale.numel() != 1):
        return None
    numbers = dict(code.numbers) | {
        name: named[name] for name in roles(found, "scalar") if name in named
    }
    if any(isinstance(n, Tensor) and n.numel() != 1 for n in numbers.values()):
        return None
    index, arrays = None, ()
    if by_index:
        index = tensors[0] if counts is None else torch.where(counts, tensors[0], IGNORED)
        index = index.contiguous()
    else:
        arrays = tuple(_narrow(t, logits.dtype) for t in tensors[: code.arrays])
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
    weights = tuple(
        named[name].to(torch.float64).contiguous() for name in roles(found, "per class")
    )
    values = tuple(float(numbers[name]) for name in roles(found, "scalar"))
    fixed = found.fixed([w.data_ptr() for w in weights], values)
    factor = float(1 if scale is None else scale)
    return Call(found, code.axis, index, arrays, fixed, weights, factor, divisor, again)


@lru_cache(maxsize=64)
def _same(weight: float, classes: int, numbers: tuple[float, ...]) -> tuple:
    """One weight for all classes, as a kernel takes it, and the tensor that holds it."""
    whole = torch.full(
        (classes,), weight, dtype=torch.float64, device="cpu"
    )  # whatever the default is
    return Kernel.fixed([whole.data_ptr()], numbers), whole


def _weighed(weight: float | Tensor, classes: int, numbers: tuple[float, ...]) -> tuple | None:
    """Weights of classes and numbers as a kernel takes them, and the tensor that holds them; None for weights that it does
    not take.
    """
    if not isinstance(weight, Tensor):
        return _same(weight, classes, numbers)
    if (
        weight.shape != (classes,)
        or not weight.is_floating_point()
        or not weight.is_cpu
        or weight.requires_grad
    ):
        return None
    if weight.is_neg():
        return None
    whole = weight.detach().to(torch.float64).contiguous()
    if not bool(((whole >= 0) & (whole < torch.inf)).all()):
        return None
    return Kernel.fixed([whole.data_ptr()], numbers), whole


def check_overwritten(function: str, logits: Tensor, reduction: str) -> None:
    """Whether the gradient may be written over the logits."""
    whole = logits if logits._base is None else logits._base
    reasons = {
        "torch.compile": torch.compiler.is_compiling(),
        "torch.func": torch._C._functorch.peek_interpreter_stack() is not None,
        "reduction 'none'": reduction
        == "none",  # the gradient is not known before the backward pass
        "logits that have gaps in memory": not _in_order(logits)[1].is_contiguous(),
        "a leaf that requires grad": whole.is_leaf
        and whole.requires_grad
        and torch.is_grad_enabled(),
    }
    for reason, holds in reasons.items():
        if holds:
            raise arguments.wrong(
                function, "inplace", f"is True with {reason}", "inplace=False there"
            )


def _ordinary(
    logits: Tensor, targets: Tensor, reduction: str, precision: str, inplace: bool
) -> bool:
    """Whether a kernel can take a call without more ado, but for its shapes and dtypes."""
    return (
        suits(logits)
        and type(targets) is Tensor
        and targets.is_cpu
        and targets.is_contiguous()
        and not targets.is_neg()
        and reduction in arguments.REDUCTIONS
        and precision in ("exact", "fast")
        and type(inplace) is bool
    )


def _again(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The gradient of a loss of logits, by code that can be differentiated."""

    def again(x, grad_output):
        with switched_off():
            return torch.autograd.grad(function(x), x, grad_output, create_graph=True)[0]

    return again


def of_index(
    name: str,
    function: Callable[[Tensor], Tensor],
    logits: Tensor,
    targets: Tensor,
    *,
    weight: float | Tensor = 1.0,
    numbers: tuple[float, ...] = (),
    by_weight: bool,
    one_hot: bool = False,
    ignore_index: int,
    reduction: str,
    axis: int,
    precision: str,
    inplace: bool,
) -> Tensor | None:
    """The loss of an ordinary call, in as few steps as can be: a call on few rows costs what its checks cost. None for
    any other call, and for a wrong one: then the way through all checks finds what is wrong.

    function: the same loss of logits, for second derivatives. weight: of all classes, or of each. by_weight: whether "mean" divides by the weights.
    one_hot: for a loss whose targets are shares of classes.
    """
    if not (
        _ordinary(logits, targets, reduction, precision, inplace)
        and targets.dtype is torch.int64
        and type(axis) is int
        and type(ignore_index) is int
        and arguments.in_64_bits(ignore_index)
    ):
        return None
    shape, kinds = logits.shape, logits.dim()
    if kinds < 2 or not -kinds <= axis < kinds:
        return None
    axis %= kinds
    classes = shape[axis]
    if classes == 0 or targets.shape != shape[:axis] + shape[axis + 1 :]:
        return None
    found = kernel(name, DTYPES[logits.dtype], precision == "fast", one_hot)
    weighed = found and _weighed(weight, classes, numbers)
    if not weighed:
        return None
    fixed, whole = weighed
    weights = whole.data_ptr() if by_weight and isinstance(weight, Tensor) else None
    divisor = None if reduction == "none" else 1.0
    call = Call(
        found, axis, targets, (), fixed, (whole,), 1.0, divisor, _again(function), ignore_index
    )

    def divided(count: float, total: float) -> bool:
        if reduction == "mean":
            call.divisor = float(count) if not by_weight else total if weights else count * weight
        return count > 0 and (call.divisor is None or call.divisor > 0)

    rows = targets.numel()
    if not inplace and not weights and divided(rows, rows):
        call.look = True  # in the pass that computes, which can be done again
        value = loss(logits, call)
        if value is not None:
            return value
        call.look = False
    bad, count, total = found.check(
        targets.data_ptr(), rows, classes, ignore_index, weights, torch.get_num_threads()
    )
    if bad >= 0 or not divided(count, total):
        return None
    if inplace:
        check_overwritten(function.__qualname__.partition(".")[0], logits, reduction)
    return loss(logits, call, inplace)


def of_shares(
    name: str,
    function: Callable[[Tensor], Tensor],
    logits: Tensor,
    targets: Tensor,
    *,
    weight: float | Tensor = 1.0,
    numbers: tuple[float, ...] = (),
    scale: float = 1.0,
    look: int = True,
    reduction: str,
    axis: int | None = None,
    precision: str,
    inplace: bool,
) -> Tensor | None:
    """The loss of shares in an ordinary call, whose kernel looks at the targets on the way; None for any other call, and
    for a wrong one. function: the same loss of logits, for second derivatives.
    """
    if not (
        not inplace  # targets are looked at before anything is lost
        and _ordinary(logits, targets, reduction, precision, inplace)
        and targets.dtype is logits.dtype
        and targets.shape == logits.shape
        and targets.numel()
        and not targets.requires_grad
        and (
            axis is None
            or (type(axis) is int and logits.dim() > 1 and -logits.dim() <= axis < logits.dim())
        )
    ):
        return None
    axis = None if axis is None else axis % logits.dim()
    classes = 1 if axis is None else logits.shape[axis]
    found = kernel(name, DTYPES[logits.dtype], precision == "fast")
    weighed = found and _weighed(weight, classes, numbers)
    if not weighed:
        return None
    fixed, whole = weighed
    divisor = {"mean": float(targets.numel() // classes), "sum": 1.0, "none": None}[reduction]
    call = Call(
        found, axis, None, (targets,), fixed, (whole,), scale, divisor, _again(function), look=look
    )
    return loss(logits, call)


def loss(logits: Tensor, call: Call, inplace: bool = False) -> Tensor | None:
    """The reduced loss in the dtype of the logits, None where `call.look` has found other targets; inplace: the gradient
    is written over them, where there is one.
    """
    wanted = logits.requires_grad and torch.is_grad_enabled()
    inplace = inplace and wanted
    # past Function.apply, for `suits` has asked already what it asks
    value = super(Function, _Loss).apply(logits, call, wanted, inplace)
    if inplace:
        torch.autograd.graph.increment_version(logits)
    return value
