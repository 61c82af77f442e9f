"""NumPy losses by compiled kernels, for float32 logits; all others are computed by the generated NumPy code."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from ._native_calls import lie, roles
from .native import kernel
from .native.kernels import processors

IGNORED = -(2**63)


def run(
    code: ModuleType,
    logits: np.ndarray,
    arrays: tuple[np.ndarray, ...],
    *,
    reduction: str,
    counts: np.ndarray | None,
    divisor: float | None,
    scale: np.ndarray | float,
    axis: int | None,
    gradient: bool | np.ndarray,
    parameters: dict,
):
    """The result of `_numpy_rows.run` with the same arguments; None where no kernel can take them."""
    if logits.dtype != np.float32 or not logits.ndim or (found := kernel(code.__name__.rsplit(".", 1)[-1])) is None:
        return None
    by_index = bool(roles(found, "class index"))
    numbers = [parameters[name] for name in roles(found, "scalar")]
    if (counts is not None and not by_index) or any(np.size(n) != 1 for n in (scale, *numbers)):
        return None
    index = None
    if by_index:
        index = np.ascontiguousarray(arrays[0] if counts is None else np.where(counts, arrays[0], IGNORED), np.int64)
        arrays = ()
    narrow = [np.ascontiguousarray(a, np.float32) for a in arrays]
    if not all(a is b or np.array_equal(a, b) for a, b in zip(narrow, arrays, strict=True)):
        return None  # targets that float32 does not hold
    x = np.ascontiguousarray(logits)
    shape = [n for k, n in enumerate(x.shape) if k != axis]
    values = np.empty(shape, np.float32) if reduction == "none" else None
    slope = None
    if gradient is not False:
        fits = isinstance(gradient, np.ndarray) and gradient.flags.c_contiguous
        slope = gradient if fits else np.empty(x.shape, np.float32)
    if divisor is None:
        divisor = np.prod(shape) if counts is None else np.count_nonzero(counts)
    if reduction == "mean" and not divisor > 0:
        return None
    factor = float(np.reshape(scale, -1)[0]) / (divisor if reduction == "mean" else 1)
    weights = [np.ascontiguousarray(parameters[name], np.float64) for name in roles(found, "per class")]
    total = found.run(
        lie(x.shape, axis),
        x.ctypes.data,
        arrays=[a.ctypes.data for a in narrow],
        index=None if index is None else index.ctypes.data,
        weights=[a.ctypes.data for a in weights],
        numbers=[float(np.reshape(n, -1)[0]) for n in numbers],
        gradient=None if slope is None else slope.ctypes.data,
        values=None if values is None else values.ctypes.data,
        factor=factor,
        ignored=IGNORED,
        threads=processors(),
    )
    if values is None:
        values = np.float32(total * factor)
    elif factor != 1:
        values *= np.float32(factor)
    values = values[()]
    if slope is None:
        return values
    if isinstance(gradient, np.ndarray) and slope is not gradient:
        gradient[...] = slope
        slope = gradient
    return values, slope
