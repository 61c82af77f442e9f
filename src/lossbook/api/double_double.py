"""Running generated code on pairs of float64 arrays, in blocks that stay in the cache."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..numerics.double_double import DoubleDouble
from ..numerics.pairs import library

BLOCK = 4096  # elements: an array of a block and its temporaries fit in the second cache
FAR = 2.0**500  # stands for infinity: its square and its multiples are still finite


def at_infinity(function: Callable, logits):
    """`function(logits)` for single outputs, with a large number in the place of infinite logits.

    A part of a loss that counts for nothing, such as that of the other class, is then 0 and not 0
    times infinity.
    """
    xp = library(logits)
    infinite = xp.isinf(logits)
    result = function(xp.where(infinite, xp.sign(logits) * FAR, logits))
    return xp.where(infinite & (xp.abs(result) > FAR**0.5), result * xp.inf, result)


def run_in_pairs(function: Callable, logits, arrays: tuple, options: dict, axis: int | None):
    """`function(logits, *arrays, **options)`, computed in pairs and rounded to float64.

    Args:
        function: a generated function.
        logits: float64.
        arrays: arrays of the shape of the logits, or the class number of each row.
        options: numbers, arrays of K numbers or, where axis is None, arrays that broadcast with
            the logits.
        axis: the class axis, None for single outputs.
    """
    if axis is None:
        return _elements(function, logits, arrays, options)
    xp = library(logits)
    last = xp.moveaxis(logits, axis, -1)
    classes = last.shape[-1]
    laid = [last, *(xp.moveaxis(a, axis, -1) if a.ndim == logits.ndim else a for a in arrays)]
    flat = [a.reshape(-1, classes) if a.ndim == logits.ndim else a.reshape(-1) for a in laid]
    fixed = {name: _lifted(xp, a) for name, a in options.items()}
    fixed["axis"] = -1
    result = _blocks(function, flat, fixed, {}, max(1, BLOCK // classes))
    if result.ndim == 1:
        return result.reshape(last.shape[:-1])
    return xp.moveaxis(result.reshape(last.shape), -1, axis)


def _elements(function, logits, arrays, options):
    xp = library(logits)
    many = {name: a for name, a in options.items() if getattr(a, "ndim", 0)}
    shape = xp.broadcast_shapes(logits.shape, *(a.shape for a in (*arrays, *many.values())))

    def flat(a):
        return xp.broadcast_to(a, shape).reshape(-1)

    fixed = {name: _lifted(xp, a) for name, a in options.items() if name not in many}
    result = _blocks(
        function,
        [flat(a) for a in (logits, *arrays)],
        fixed,
        {n: flat(a) for n, a in many.items()},
        BLOCK,
    )
    return result.reshape(shape)


def _lifted(xp, a):
    """Floats as pairs; class numbers as they are."""
    if isinstance(a, float):
        a = xp.asarray(a, dtype=xp.float64)
    return DoubleDouble(a) if a.dtype == xp.float64 else a


def _blocks(function, arrays: list, fixed: dict, many: dict, rows: int):
    xp = library(arrays[0])
    count = max(1, math.ceil(len(arrays[0]) / rows))
    results = []
    for n in range(count):
        part = slice(n * rows, (n + 1) * rows)
        options = fixed | {name: _lifted(xp, a[part]) for name, a in many.items()}
        results.append(function(*(_lifted(xp, a[part]) for a in arrays), **options).hi)
    return xp.concatenate(results)
