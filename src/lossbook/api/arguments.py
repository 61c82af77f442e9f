"""Checks of arguments for NumPy and PyTorch: an error restates the call and what was expected."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

REDUCTIONS = ("mean", "sum", "none")
PRECISIONS = ("exact", "fast")
ROUNDING = 1e-3  # a probability may exceed 1 by rounding, in float16 too


def wrong(
    function: str, argument: str, got: str, expected: str, error: type[Exception] = ValueError
) -> Exception:
    """An error: which argument of which function was given what, and what was expected."""
    return error(f"{function}: {argument} {got}; expected {expected}")


def check_kind(
    function: str, argument: str, array: Any, kind: str, expected: tuple[str, ...]
) -> None:
    """The kind of the dtype of an array, as `Backend.kind` says it, is one of those expected."""
    if kind not in expected:
        wanted = f"a dtype that is {' or '.join(expected)}"
        raise wrong(function, argument, f"has dtype {array.dtype}", wanted, TypeError)


def check_choice(function: str, argument: str, value: Any, choices: tuple[str, ...]) -> None:
    """An option, such as the reduction, is one of its choices."""
    if value not in choices:
        raise wrong(function, argument, f"is {value!r}", f"one of {', '.join(map(repr, choices))}")


def check_number(
    function: str, argument: str, value: Any, low: float, high: float = float("inf")
) -> None:
    """A finite real number between two bounds."""
    if type(value) is not float and (isinstance(value, bool) or not isinstance(value, Real)):
        raise wrong(function, argument, f"is {value!r}", "a real number", TypeError)
    if not low <= value <= high or value == float("inf"):
        if high == float("inf"):
            bounds = f"a finite number, at least {low:g}"
        else:
            bounds = f"a number from {low:g} to {high:g}"
        raise wrong(function, argument, f"is {value!r}", bounds)


def check_integer(function: str, argument: str, value: Any, low: int) -> None:
    """An integer of at least `low`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise wrong(function, argument, f"is {value!r}", "an integer", TypeError)
    if value < low:
        raise wrong(function, argument, f"is {value}", f"at least {low}")


def check_axis(function: str, logits: Any, axis: Any) -> int:
    """The class axis, not negative. It must exist and hold at least one class."""
    shape = logits.shape
    if type(axis) is int and -len(shape) <= axis < len(shape) and shape[axis]:
        return axis % len(shape)
    if isinstance(axis, bool) or not isinstance(axis, Integral):
        raise wrong(function, "axis", f"is {axis!r}", "an integer", TypeError)
    shape = tuple(shape)
    if not shape:
        raise wrong(function, "logits", "has shape ()", "at least one axis, the classes")
    if not -len(shape) <= axis < len(shape):
        raise wrong(function, "axis", f"is {axis}", f"an axis of logits, which has shape {shape}")
    axis = int(axis) % len(shape)
    if shape[axis] == 0:
        raise wrong(
            function, "logits", f"has shape {shape}", f"at least one class along axis {axis}"
        )
    return axis


def check_rows(function: str, logits: Any, targets: Any, kinds: tuple[str, str], axis: Any) -> int:
    """The class axis of a loss of rows, after a check of kinds and shapes of logits and targets.

    Logits of one axis are one row: their class axis is 0.
    """
    if kinds[0] != "float":
        check_kind(function, "logits", logits, kinds[0], ("float",))
    check_kind(function, "targets", targets, kinds[1], ("integer", "float"))
    axis = check_axis(function, logits, 0 if axis == 1 and len(logits.shape) == 1 else axis)
    shape = tuple(logits.shape)
    got, by_index = tuple(targets.shape), kinds[1] == "integer"
    rows = shape[:axis] + shape[axis + 1 :]
    if got == (rows if by_index else shape):
        return axis
    if by_index:
        expected = f"{rows} for class indices: the shape of logits {shape} without axis {axis}"
    else:
        expected = f"{shape} for probabilities (dtype {targets.dtype}): the shape of logits"
    raise wrong(function, "targets", f"has shape {got}", expected)


def check_elements(function: str, inputs: Any, targets: Any, kinds: tuple[str, str]) -> None:
    """Kinds and shapes of inputs and targets of a loss of single outputs."""
    check_kind(function, "inputs", inputs, kinds[0], ("float",))
    check_kind(function, "targets", targets, kinds[1], ("float", "integer"))
    got, shape = tuple(targets.shape), tuple(inputs.shape)
    if got != shape:
        raise wrong(function, "targets", f"has shape {got}", f"{shape}: the shape of inputs")


def check_out(function: str, out: Any, logits: np.ndarray, targets: np.ndarray) -> None:
    """Where the gradient is written: an array like the logits, or the logits themselves."""
    if not isinstance(out, np.ndarray):
        raise wrong(function, "out", f"is {type(out).__name__}", "a NumPy array", TypeError)
    if out.shape != logits.shape or out.dtype.newbyteorder("=") != logits.dtype:
        expected = f"{logits.shape} and {logits.dtype}, as the logits have"
        raise wrong(function, "out", f"has shape {out.shape} and dtype {out.dtype}", expected)
    if not out.flags.writeable:
        raise wrong(function, "out", "is read-only", "an array that can be written to")
    same = out.ctypes.data == logits.ctypes.data and out.strides == logits.strides
    overlaps = np.may_share_memory(out, logits) and not same
    if overlaps or np.may_share_memory(out, targets):
        expected = "memory of its own, or the logits themselves"
        raise wrong(function, "out", "overlaps an argument", expected)


def check_balance(function: str, argument: str, value: Any) -> tuple[float, float]:
    """The weight of the positive class, and what the loss is multiplied by.

    None and negative numbers stand for no weights: half the weight for both classes, doubled.
    """
    if value is None:
        return 0.5, 2.0
    if isinstance(value, bool) or not isinstance(value, Real):
        raise wrong(function, argument, f"is {value!r}", "a real number or None", TypeError)
    if value < 0:
        return 0.5, 2.0
    if not value <= 1:
        expected = "a number from 0 to 1; None or a negative one for no weights"
        raise wrong(function, argument, f"is {value!r}", expected)
    return float(value), 1.0


def check_ignore_index(function: str, ignore_index: Any, by_index: bool) -> None:
    """An integer of 64 bits; not one that could be a class where targets are probabilities."""
    if type(ignore_index) is not int and (
        isinstance(ignore_index, bool) or not isinstance(ignore_index, Integral)
    ):
        raise wrong(function, "ignore_index", f"is {ignore_index!r}", "an integer", TypeError)
    if not -(2**63) <= ignore_index < 2**63:
        expected = "an integer of 64 bits, as class indices are"
        raise wrong(function, "ignore_index", f"is {ignore_index}", expected)
    if not by_index and ignore_index >= 0:
        expected = "a negative one (not used) where targets are probabilities"
        raise wrong(function, "ignore_index", f"is {ignore_index}", expected)


def check_values(function: str, argument: str, array: Any, bad: Any, expected: str) -> None:
    """No element may be bad; the error shows the first that is, and where."""
    if not bool(bad.any()):
        return
    flat = bad.reshape(-1).tolist().index(True)
    value = array.reshape(-1)[flat].item()
    position = []
    for size in reversed(array.shape):
        flat, n = divmod(flat, size)
        position.append(n)
    where = f" at position {tuple(reversed(position))}" if position else ""
    raise wrong(function, argument, f"is {value}{where}", expected)
