"""A loss by a compiled kernel: what both array libraries do to find one, to lay out its inputs and to call it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import inf, prod
from typing import Any, NamedTuple

import numpy as np

from ..native import kernel
from ..native.kernels import SUMS, Kernel
from .backend import Backend
from .call import Call, check_targets

NO_CHECK, EACH_TARGET = 0, 1  # beside SUMS: what a kernel checks of the targets while it computes


class KernelCall(NamedTuple):
    """The inputs of a kernel, ready to be passed.

    Attributes:
        kernel: the compiled loss.
        axis: the class axis of the logits, None for a loss of single outputs.
        index: int64 class indices, or None.
        arrays: targets in the dtype and layout of the logits; empty where there is an `index`.
        weights: arrays of float64 that the caller gave, or copies of them.
        packed: weights and scalar parameters as the kernel takes them, by addresses, and what these point to.
        ignore_index: the class of rows that do not count.
    """

    kernel: Kernel
    axis: int | None
    index: Any
    arrays: tuple
    weights: tuple
    packed: tuple
    ignore_index: int

    def permuted(self, xp: Backend, order: Sequence[int]) -> KernelCall:
        """The same call for logits whose axes come in another order."""
        rows = without_axis(order, self.axis)
        index = self.index
        return self._replace(
            axis=None if self.axis is None else order.index(self.axis),
            index=None if index is None else xp.dense(xp.permute(index, rows)),
            arrays=tuple(xp.dense(xp.permute(a, order)) for a in self.arrays),
        )

    def run(self, xp: Backend, logits: Any, **outputs) -> float | None:
        """The sum of the losses of all rows; see `Kernel.run` for the outputs. Logits are dense."""
        return self.kernel.run(
            _shape(logits.shape, self.axis),
            xp.address(logits),
            self.packed[0],
            arrays=[xp.address(a) for a in self.arrays],
            index=None if self.index is None else xp.address(self.index),
            ignored=self.ignore_index,
            threads=xp.threads(),
            **outputs,
        )


def kernel_call(xp: Backend, call: Call, logits: Any) -> KernelCall | None:
    """The call of a kernel that computes a loss; None where there is no kernel for it."""
    dtype = xp.dtype_name(logits)
    if dtype is None or logits.ndim == 0 or _number(call.scale) is None:
        return None
    found = kernel(call.code.name, dtype, call.precision == "fast", call.one_hot)
    if found is None:
        return None
    weight_names, number_names = _parameter_names(found)
    numbers = tuple(_number(call.parameters[name]) for name in number_names)
    if None in numbers:
        return None
    weights = tuple(call.parameters[name] for name in weight_names)
    if all(isinstance(w, float) for w in weights):
        packed, weights = _pack_uniform(weights, call.classes, numbers), ()
    else:
        weights = tuple(
            xp.double(xp.full(call.classes, w, logits) if isinstance(w, float) else w)
            for w in weights
        )
        if not all(bool((w < inf).all()) for w in weights):
            return None
        packed = Kernel.fixed([xp.address(w) for w in weights], numbers), weights
    index, arrays = None, ()
    if call.by_index:
        index = xp.dense(call.targets)
    else:
        arrays = (xp.dense(call.targets, logits),)
        if arrays[0] is not call.targets and not bool((arrays[0] == call.targets).all()):
            return None  # the dtype of the logits does not hold these targets
    return KernelCall(found, call.axis, index, arrays, weights, packed, call.ignore_index)


def evaluate(
    xp: Backend,
    call: Call,
    logits: Any,
    execute: Callable[[KernelCall, float, int], Any],
    *,
    overwrites: bool,
):
    """The result of `execute(kernel call, divisor, check)`; None where no kernel can compute the loss.

    Targets are checked in the pass that computes the loss, where that pass can be repeated: `execute` returns None
    where it meets a target that is ignored, or wrong. Then, and where the gradient `overwrites` the logits, they are
    checked and counted before.

    Raises:
        ValueError: a target is wrong.
    """
    rows = prod(logits.shape) // call.classes
    found = kernel_call(xp, call, logits) if rows else None
    if found is None:
        return None
    mean = call.reduction == "mean"
    weight = 1.0 if call.mean_weights is None or not mean else call.mean_weights
    if not overwrites and isinstance(weight, float):
        check = NO_CHECK
        if call.by_index or call.probabilities:
            check = SUMS if call.normalised and not call.by_index else EACH_TARGET
        divisor = rows * weight if mean else 1.0
        result = execute(found, divisor, check) if divisor > 0 else None
        if result is not None:
            return result
    if not call.by_index:
        check_targets(xp, call)
        return execute(found, rows if mean else 1.0, NO_CHECK)
    weights = None if isinstance(weight, float) else xp.double(weight)
    bad, count, total = found.kernel.check(
        xp.address(found.index),
        rows,
        call.classes,
        call.ignore_index,
        None if weights is None else xp.address(weights),
        xp.threads(),
    )
    if bad >= 0:
        check_targets(xp, call)
    divisor = (count * weight if weights is None else total) if mean else 1.0
    if bad >= 0 or count == 0 or not divisor > 0:
        return None  # the mean over no rows is not a kernel's business
    return execute(found, divisor, NO_CHECK)


def placed(
    xp: Backend, found: KernelCall, logits: Any
) -> tuple[Any, KernelCall, Sequence[int] | None]:
    """Dense logits, the call for them, and the order in which they have the axes, None for the caller's order.

    Logits of any dense layout, such as channels-last images, are used where they are. Others are copied.
    """
    if xp.is_dense(logits):
        return logits, found, None
    order = memory_order(xp.strides(logits))
    x = xp.permute(logits, order)
    if xp.is_dense(x):
        return x, found.permuted(xp, order), order
    return xp.dense(logits), found, None


def memory_order(strides: Sequence[int]) -> list[int]:
    """The axes of an array in the order in which they lie in memory, the largest stride first."""
    return sorted(range(len(strides)), key=lambda axis: -strides[axis])


def inverse(order: Sequence[int]) -> list[int]:
    """The permutation that undoes another one."""
    return sorted(range(len(order)), key=order.__getitem__)


def without_axis(order: Sequence[int], axis: int | None) -> list[int]:
    """A permutation of the axes of the logits as one of the axes of their rows."""
    return [k - (axis is not None and k > axis) for k in order if k != axis]


def row_shape(shape: Sequence[int], axis: int | None) -> list[int]:
    """The shape of the logits without the class axis."""
    return [n for k, n in enumerate(shape) if k != axis]


def _shape(shape: Sequence[int], axis: int | None) -> tuple[int, int, int]:
    """outer x classes x inner of dense logits."""
    if axis is None:
        return 1, 1, prod(shape)
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


@lru_cache(maxsize=256)
def _parameter_names(found: Kernel) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of a kernel's weights of classes and of its scalar parameters, in its order."""
    weights = tuple(name for name, role in found.inputs if role == "per class")
    return weights, tuple(name for name, role in found.inputs if role == "scalar")


@lru_cache(maxsize=64)
def _pack_uniform(weights: tuple[float, ...], classes: int, numbers: tuple[float, ...]) -> tuple:
    """One weight for all classes, as a kernel takes it, and the arrays that hold it."""
    arrays = tuple(np.full(classes, w) for w in weights)
    return Kernel.fixed([a.ctypes.data for a in arrays], numbers), arrays


def _number(value: Any) -> float | None:
    """A float, or an array that holds one; None for more."""
    if isinstance(value, float):
        return value
    return float(value.reshape(-1)[0]) if prod(value.shape) == 1 else None
