"""Running a generated NumPy loss: wide arithmetic, rows that do not count, reduction, and the gradient of the whole."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np

from ..api import arguments
from ..api.double_double import at_infinity, run_in_pairs
from . import kernels as native


def array(given) -> np.ndarray:
    """An array in this machine's order of bytes."""
    found = np.asarray(given)
    return found if found.dtype.isnative else found.astype(found.dtype.newbyteorder("="))


KINDS = {"f": "float", "i": "integer", "u": "integer"}


def kind(array: np.ndarray) -> str:
    """What `_arguments.check_kind` asks for."""
    return KINDS.get(array.dtype.kind) or str(array.dtype)


def wide(array: np.ndarray) -> np.ndarray:
    """In float64 at least: narrower results are then rounded once, at the end."""
    return array.astype(np.promote_types(array.dtype, np.float64), copy=False)


def check_shares(function: str, code: ModuleType, targets: np.ndarray, precision: str) -> None:
    """Targets of a sigmoid, from 0 to 1."""
    known = native.extremes(code, targets, precision) or (
        (targets.min(), targets.max()) if targets.size else ()
    )
    arguments.check_shares(function, targets, *known)


def compute(
    function: Callable,
    logits: np.ndarray,
    arrays: tuple = (),
    axis: int | None = None,
    **parameters,
):
    """A generated function in wide arithmetic: pairs of float64 for float64 logits, float64 for narrower ones."""

    def result(x):
        if logits.dtype == np.float64:
            return run_in_pairs(function, x, arrays, parameters, axis)
        return function(x, *arrays, **parameters, **({} if axis is None else {"axis": axis}))

    with np.errstate(all="ignore"):
        return at_infinity(result, wide(logits)) if axis is None else result(wide(logits))


def run(
    code: ModuleType,
    logits: np.ndarray,
    arrays: tuple[np.ndarray, ...] = (),
    *,
    reduction: str,
    counts: np.ndarray | None = None,
    divisor: float | None = None,
    scale: np.ndarray | float = 1,
    axis: int | None = None,
    gradient: bool | np.ndarray = False,
    precision: str = "exact",
    check: Callable[[], None] | None = None,
    look: int = True,
    **parameters,
):
    """The reduced loss, or (loss, gradient) in the dtype of the logits; gradient may be the array to write it to.

    code: a generated module. arrays: its other arrays, targets first. counts: which rows (elements, where axis is None)
    count, None for all. divisor: what "mean" divides by, None for the number of rows that count. scale: what each
    element's loss is multiplied by, where axis is None. precision: of a kernel; generated NumPy code is exact.
    check: of targets that are shares, where a kernel has not looked at them: for what `look` says.
    """
    options = {
        "reduction": reduction,
        "counts": counts,
        "divisor": divisor,
        "scale": scale,
        "axis": axis,
    }
    options |= {"gradient": gradient, "parameters": parameters, "precision": precision}
    found = native.run(code, logits, arrays, look=look if check else False, **options)
    if found is None and check:
        check()
        found = native.run(code, logits, arrays, **options)
    if found is not None:
        return found
    arrays = tuple(wide(a) if a.dtype.kind == "f" or axis is None else a for a in arrays)
    x = logits
    if (
        counts is not None
    ):  # so that nothing in a row that does not count, NaN included, can reach a result
        mask = counts if axis is None else np.expand_dims(counts, axis)
        x = np.where(mask, x, 0)
    with np.errstate(all="ignore"):
        values = compute(code.value, x, arrays, axis, **parameters) * scale
        if counts is not None:
            values = np.where(counts, values, 0)
        if divisor is None:
            divisor = np.size(values) if counts is None else np.count_nonzero(counts)
        loss = np.asarray(_reduced(values, reduction, divisor)).astype(logits.dtype)[()]
        if gradient is False:
            return loss
        slope = compute(code.gradient, x, arrays, axis, **parameters) * scale
        if counts is not None:
            slope = np.where(mask, slope, 0)
        if reduction == "mean":
            slope = slope / divisor if divisor else np.zeros_like(slope)
        if gradient is True:
            return loss, slope.astype(logits.dtype)
        np.copyto(gradient, slope, casting="same_kind")
        return loss, gradient


def _reduced(values: np.ndarray, reduction: str, divisor: float):
    if reduction == "none":
        return values
    total = np.sum(values)
    if reduction == "sum":
        return total
    return total / divisor if divisor else np.nan
