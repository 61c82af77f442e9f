"""NumPy losses by compiled kernels, for float64, float32 and float16 logits."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import numpy as np

from ..api.layout import back, in_memory, lie, roles, rows_of
from ..native import kernel
from ..native.kernels import Kernel, processors

IGNORED = -(2**63)
DTYPES = {np.dtype(name): name for name in ("float64", "float32", "float16")}
MANY = 1 << 16  # numbers of which NumPy finds the least and the most more slowly


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
    precision: str,
    look: int = False,
):
    """The result of `_numpy_rows.run` with the same arguments; None where no kernel can take them.

    look: whether the kernel has still to look at the targets, and their SUMS; None then too where it may not, for the
    logits are overwritten, or where they are not as they should be.
    """
    if look and _overwrites(gradient, logits):
        return None
    if (
        not logits.ndim
        or (found := _kernel(code.__name__.rsplit(".", 1)[-1], logits, precision)) is None
    ):
        return None
    by_index = bool(roles(found, "class index"))
    numbers = [parameters[name] for name in roles(found, "scalar")]
    if (counts is not None and not by_index) or any(np.size(n) != 1 for n in (scale, *numbers)):
        return None
    index = None
    if by_index:
        index = np.ascontiguousarray(
            arrays[0] if counts is None else np.where(counts, arrays[0], IGNORED), np.int64
        )
        arrays = ()
    narrow = [np.require(a, logits.dtype, "CA") for a in arrays]
    if not all(a is b or np.array_equal(a, b) for a, b in zip(narrow, arrays, strict=True)):
        return None  # targets that the dtype of the logits does not hold
    if divisor is None:
        divisor = logits.size // (1 if axis is None else logits.shape[axis])
        divisor = divisor if counts is None else np.count_nonzero(counts)
    if reduction == "mean" and not divisor > 0:
        return None
    weights = [parameters[name] for name in roles(found, "per class")]
    numbers = [float(np.reshape(n, -1)[0]) for n in numbers]
    inputs = {"index": index, "arrays": narrow, "weights": weights, "numbers": numbers}
    factor = float(np.reshape(scale, -1)[0]) / (divisor if reduction == "mean" else 1)
    return _computed(found, logits, axis, inputs, reduction, factor, gradient, look)


def of_index(
    name: str,
    logits: np.ndarray,
    targets: np.ndarray,
    *,
    weight: np.ndarray,
    numbers: tuple[float, ...] = (),
    by_weight: bool,
    one_hot: bool = False,
    ignore_index: int,
    reduction: str,
    axis: int,
    gradient: bool | np.ndarray,
    precision: str,
):
    """The loss of class numbers that are as a kernel takes them: looked at on its way, or else checked and counted in one
    pass before. None for any others, and where one is out of range. by_weight: whether "mean" divides by the weights.
    one_hot: for a loss whose targets are shares of classes.
    """
    if targets.dtype != np.int64 or not _plain(targets) or targets.size == 0:
        return None
    if (found := _kernel(name, logits, precision, one_hot)) is None:
        return None
    weight = np.ascontiguousarray(weight, np.float64)
    inputs = {
        "index": targets,
        "arrays": (),
        "weights": [weight],
        "numbers": numbers,
        "ignored": ignore_index,
    }
    if not by_weight and not _overwrites(
        gradient, logits
    ):  # the pass that computes can be done again
        factor = 1 / targets.size if reduction == "mean" else 1
        done = _computed(found, logits, axis, inputs, reduction, factor, gradient, look=True)
        if done is not None:
            return done
    bad, count, total = found.check(
        targets.ctypes.data,
        targets.size,
        logits.shape[axis],
        ignore_index,
        weight.ctypes.data if by_weight else None,
        processors(),
    )
    divisor = {"mean": total if by_weight else count}.get(reduction, 1)
    if bad >= 0 or not divisor > 0:
        return None
    return _computed(found, logits, axis, inputs, reduction, 1 / divisor, gradient)


def extremes(code: ModuleType, targets: np.ndarray, precision: str) -> tuple[float, float] | None:
    """The least and the most of many targets, in one pass; None where that is not known."""
    if targets.size < MANY or not _plain(targets):
        return None
    found = _kernel(code.__name__.rsplit(".", 1)[-1], targets, precision)
    return (
        None if found is None else found.extremes(targets.ctypes.data, targets.size, processors())
    )


def _kernel(name: str, logits: np.ndarray, precision: str, one_hot: bool = False) -> Kernel | None:
    dtype = DTYPES.get(logits.dtype)
    return None if dtype is None else kernel(name, dtype, precision == "fast", one_hot)


def _plain(array: np.ndarray) -> bool:
    return array.flags.c_contiguous and array.flags.aligned


def _computed(
    found: Kernel,
    logits: np.ndarray,
    axis: int | None,
    inputs: dict,
    reduction: str,
    factor: float,
    gradient: bool | np.ndarray,
    look: int = False,
):
    """The value, or (value, gradient); None where `look` has found targets that are not usual."""
    if not _plain(logits):
        order = in_memory(logits.strides)
        if _plain(logits.transpose(order)):
            return _laid(order, found, logits, axis, inputs, reduction, factor, gradient, look)
    x = logits if _plain(logits) else np.require(logits, requirements="CA")
    values = None
    if reduction == "none":
        values = np.empty([n for k, n in enumerate(x.shape) if k != axis], x.dtype)
    slope = None
    if gradient is not False:
        fits = isinstance(gradient, np.ndarray) and gradient.dtype == x.dtype and _plain(gradient)
        slope = gradient if fits else np.empty(x.shape, x.dtype)
    weights = [np.ascontiguousarray(a, np.float64) for a in inputs["weights"]]
    total = found.run(
        lie(x.shape, axis),
        x.ctypes.data,
        found.fixed(_addresses(weights), inputs["numbers"]),
        arrays=_addresses(inputs["arrays"]),
        index=None if inputs["index"] is None else inputs["index"].ctypes.data,
        gradient=None if slope is None else slope.ctypes.data,
        values=None if values is None else values.ctypes.data,
        factor=factor,
        ignored=inputs.get("ignored", IGNORED),
        look=look,
        threads=processors(),
    )
    if total is None:
        return None
    if values is None:
        values = x.dtype.type(total * factor)
    elif factor != 1:
        values *= x.dtype.type(factor)
    values = values[()]
    if slope is None:
        return values
    if isinstance(gradient, np.ndarray) and slope is not gradient:
        gradient[...] = slope
        slope = gradient
    return values, slope


def _laid(order: list[int], found, logits, axis, inputs, reduction, factor, gradient, look):
    """The result of `_computed` from the memory of dense logits as it is: with the axes in their order there."""
    rows = rows_of(order, axis)
    index = (
        None if inputs["index"] is None else np.ascontiguousarray(inputs["index"].transpose(rows))
    )
    inputs = inputs | {
        "index": index,
        "arrays": [np.ascontiguousarray(a.transpose(order)) for a in inputs["arrays"]],
    }
    out = gradient.transpose(order) if isinstance(gradient, np.ndarray) else gradient
    axis = None if axis is None else order.index(axis)
    done = _computed(found, logits.transpose(order), axis, inputs, reduction, factor, out, look)
    if done is None:
        return None
    values, slope = (done, None) if gradient is False else done
    if reduction == "none":
        values = values.transpose(back(rows))
    if slope is None:
        return values
    return values, gradient if isinstance(gradient, np.ndarray) else slope.transpose(back(order))


def _overwrites(gradient: bool | np.ndarray, logits: np.ndarray) -> bool:
    return isinstance(gradient, np.ndarray) and np.may_share_memory(gradient, logits)


def _addresses(arrays: Sequence[np.ndarray]) -> list[int]:
    return [a.ctypes.data for a in arrays]
