"""A loss by a compiled kernel: finding one, laying out its inputs and calling it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import inf, prod
from typing import Any, NamedTuple

import numpy as np

from ..native import kernel
from ..native.kernels import Kernel, TargetCheck
from .backend import Backend
from .call import Call, Plan, check_values


class KernelCall(NamedTuple):
    """The inputs of a kernel, ready to be passed.

    Attributes:
        kernel: the compiled loss.
        axis: the class axis of the logits, None for a loss of single outputs.
        shape: (outer, classes, inner), the shape of the logits in memory.
        index: int64 class indices, or None.
        arrays: targets in the dtype and layout of the logits; empty where there is an `index`.
        scale: what the loss of each element is multiplied by.
        packed: weights and scalar parameters as the kernel takes them, by addresses.
        weights: the arrays that `packed` points to.
        ignore_index: the class of rows that do not count.
    """

    kernel: Kernel
    axis: int | None
    shape: tuple[int, int, int]
    index: Any
    arrays: tuple
    packed: tuple
    weights: tuple
    ignore_index: int
    scale: float = 1.0

    def permuted(self, xp: Backend, order: Sequence[int], shape: Sequence[int]) -> KernelCall:
        """The same call for logits with the axes in that order, which then have that shape."""
        rows, axis, index = without_axis(order, self.axis), self.axis, self.index
        axis = None if axis is None else order.index(axis)
        return self._replace(
            axis=axis,
            shape=memory_shape(shape, axis),
            index=None if index is None else xp.dense(xp.permute(index, rows)),
            arrays=tuple(xp.dense(xp.permute(a, order)) for a in self.arrays),
        )

    def run(self, xp: Backend, logits: Any, **outputs) -> float | None:
        """The sum of the losses of all rows; see `Kernel.run` for the outputs. Logits are dense."""
        return self.kernel.run(
            self.shape,
            xp.address(logits),
            self.packed,
            arrays=[xp.address(a) for a in self.arrays],
            index=None if self.index is None else xp.address(self.index),
            ignored=self.ignore_index,
            threads=xp.threads(),
            **outputs,
        )


def kernel_call(xp: Backend, call: Call, logits: Any) -> KernelCall | None:
    """The call of a kernel that computes a loss; None where there is no kernel for it."""
    plan, dtype = call.plan, xp.dtype_name(logits)
    if dtype is None or logits.ndim == 0:
        return None
    found, scale = _kernel_of(plan, dtype), _number(call.scale)
    if found is None or scale is None:
        return None
    if call.parameters is plan.parameters:
        prepared = _prepared(plan)
    else:
        prepared = _prepared_with_arrays(xp, call, logits)
    if prepared is None:
        return None
    index, arrays = None, ()
    if plan.by_index:
        index = xp.dense(call.targets)
    else:
        arrays = (xp.dense(call.targets, logits),)
        if arrays[0] is not call.targets and not bool(
            (xp.upcast(arrays[0]) == xp.upcast(call.targets)).all()
        ):
            return None  # the dtype of the logits does not hold these targets
    shape = plan.outer, plan.classes, plan.inner
    ignored = plan.ignore_index
    return KernelCall(found, plan.axis, shape, index, arrays, *prepared, ignored, scale)


def _kernel_of(plan: Plan, dtype: str) -> Kernel | None:
    code, fast = plan.code, plan.precision == "fast"
    return kernel(code.name, dtype, fast, plan.one_hot, code.kernels)


@lru_cache(maxsize=512)
def _prepared(plan: Plan) -> tuple[tuple, tuple]:
    """The packed parameters of a plan without arrays, and what holds them."""
    numbers = [plan.parameters[name] for name in plan.code.scalars]
    weights = tuple(_uniform(plan.classes, plan.parameters[name]) for name in plan.code.per_class)
    return Kernel.pack_parameters([a.ctypes.data for a in weights], numbers), weights


@lru_cache(maxsize=16)
def _uniform(classes: int, weight: float) -> np.ndarray:
    """One weight for all classes; plans that differ in the number of rows share it."""
    return np.full(classes, weight)


def _prepared_with_arrays(xp: Backend, call: Call, logits: Any) -> tuple[tuple, tuple] | None:
    """The same with the arrays of a call; None where the kernel does not take them."""
    plan = call.plan
    numbers = [_number(call.parameters[name]) for name in plan.code.scalars]
    if None in numbers:
        return None
    weights = tuple(
        xp.double(xp.full(plan.classes, w, logits) if type(w) is float else w)
        for w in (call.parameters[name] for name in plan.code.per_class)
    )
    if not all(bool(((w >= 0) & (w < inf)).all()) for w in weights):
        return None  # a kernel multiplies by them before it knows which rows count
    return Kernel.pack_parameters([xp.address(w) for w in weights], numbers), weights


def evaluate(
    xp: Backend,
    call: Call,
    logits: Any,
    execute: Callable[[KernelCall, float, TargetCheck], Any],
    *,
    overwrites: bool,
):
    """Compute a loss by `execute(kernel call, divisor, check)`; None where no kernel can.

    Targets are checked in the pass that computes the loss, where that pass can be repeated:
    `execute` returns None where it meets a target that is ignored, or wrong. Then, and where the
    gradient `overwrites` the logits, they are checked and counted before.

    Raises:
        ValueError: a target is wrong.
    """
    plan = call.plan
    found = kernel_call(xp, call, logits) if plan.rows else None
    if found is None:
        return None
    mean, weight = plan.reduction == "mean", 1.0
    if mean and plan.mean_weights is not None:
        weight = call.mean_weights
    if not overwrites and type(weight) is float:
        divisor = plan.rows * weight if mean else 1.0
        check = _target_check(plan)
        result = execute(found, divisor, check) if divisor > 0 else None
        if result is not None:
            return result
    if not plan.by_index:
        check_values(xp, call)
        return execute(found, plan.rows if mean else 1.0, TargetCheck.NONE)
    weights = None
    if type(weight) is not float:
        weights = found.weights[plan.code.per_class.index(plan.mean_weights)]
    bad, count, total = found.kernel.check(
        xp.address(found.index),
        plan.rows,
        plan.classes,
        plan.ignore_index,
        None if weights is None else xp.address(weights),
        xp.threads(),
    )
    if bad >= 0:
        check_values(xp, call)
    divisor = (count * weight if weights is None else total) if mean else 1.0
    if bad >= 0 or count == 0 or not divisor > 0:
        return None  # the mean over no rows is not a kernel's business
    return execute(found, divisor, TargetCheck.NONE)


def _target_check(plan: Plan) -> TargetCheck:
    """What a kernel has to check of the targets."""
    if plan.target_sums:
        return TargetCheck.SUMS
    return TargetCheck.RANGE if plan.each_target else TargetCheck.NONE


def placed(
    xp: Backend, found: KernelCall, logits: Any
) -> tuple[Any, KernelCall, Sequence[int] | None]:
    """Dense logits, the call for them, and the order of their axes (None: the caller's).

    Logits of any dense layout, such as channels-last images, are used where they are. Others are
    copied.
    """
    if xp.is_dense(logits):
        return logits, found, None
    order = memory_order(xp.strides(logits))
    x = xp.permute(logits, order)
    if xp.is_dense(x):
        return x, found.permuted(xp, order, x.shape), order
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


def memory_shape(shape: Sequence[int], axis: int | None) -> tuple[int, int, int]:
    """Outer x classes x inner of dense logits."""
    if axis is None:
        return 1, 1, prod(shape)
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


def _number(value: Any) -> float | None:
    """The one finite number that is not negative in an array; None for other arrays."""
    if type(value) is float:
        return value
    number = float(value.reshape(-1)[0]) if prod(value.shape) == 1 else -1.0
    return number if 0 <= number < inf else None
