"""What both fronts need to call a kernel: its inputs by their roles, and how the logits lie in memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ..native.kernels import Kernel


def roles(kernel: Kernel, role: str) -> list[str]:
    """The names of the inputs in that role, in the kernel's order."""
    return [name for name, found in kernel.inputs if found == role]


def in_memory(strides: Sequence[int]) -> list[int]:
    """The axes of an array in the order in which they lie in memory, the widest step first."""
    return sorted(range(len(strides)), key=lambda k: -strides[k])


def back(order: Sequence[int]) -> list[int]:
    """What undoes a permutation."""
    return sorted(range(len(order)), key=order.__getitem__)


def rows_of(order: Sequence[int], axis: int | None) -> list[int]:
    """The same permutation without the class axis."""
    return [k - (axis is not None and k > axis) for k in order if k != axis]


def lie(shape: Sequence[int], axis: int | None) -> tuple[int, int, int]:
    """outer x classes x inner of contiguous logits."""
    if axis is None:
        return 1, 1, prod(shape)
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])
