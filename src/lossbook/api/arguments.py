"""Checks of arguments, the same for NumPy and PyTorch: they look at shapes, kinds and values, and restate the call."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

REDUCTIONS = ("mean", "sum", "none")
PRECISIONS = ("exact", "fast")
ROUNDING = 1e-3  # a probability may exceed 1 by rounding, in float16 too


def wrong(
    function: str, argument: str, got: str, expected: str, error: type[Exception] = ValueError
) -> Exception:
    """The error that says which argument of which function was given what, and what was expected."""
    return error(f"{function}: {argument} {got}; expected {expected}")


@dataclass(frozen=True)
class Rows:
    """A checked call of a loss over rows of logits. axis: not negative. by_index: targets are class numbers."""

    axis: int
    classes: int
    by_index: bool


def check_kind(
    function: str, argument: str, array: Any, kind: str, expected: tuple[str, ...]
) -> None:
    """kind: "float", "integer" or what else the dtype is."""
    if kind not in expected:
        wanted = " or ".join(expected)
        raise wrong(
            function, argument, f"has dtype {array.dtype}", f"a dtype that is {wanted}", TypeError
        )


def check_reduction(function: str, reduction: str) -> None:
    """One of `REDUCTIONS`."""
    if reduction not in REDUCTIONS:
        raise wrong(
            function, "reduction", f"is {reduction!r}", f"one of {', '.join(map(repr, REDUCTIONS))}"
        )


def check_precision(function: str, precision: str) -> None:
    """One of `PRECISIONS`."""
    if precision not in PRECISIONS:
        raise wrong(
            function, "precision", f"is {precision!r}", f"one of {', '.join(map(repr, PRECISIONS))}"
        )


def check_number(
    function: str, argument: str, value: Any, low: float, high: float = float("inf")
) -> None:
    """A real number between two bounds."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise wrong(function, argument, f"is {value!r}", "a real number", TypeError)
    if not low <= value <= high or value == float("inf"):
        bounds = (
            f"a finite number, at least {low:g}"
            if high == float("inf")
            else f"a number from {low:g} to {high:g}"
        )
        raise wrong(function, argument, f"is {value!r}", bounds)


def check_integer(function: str, argument: str, value: Any, low: int) -> None:
    """An integer that is at least some bound."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise wrong(function, argument, f"is {value!r}", "an integer", TypeError)
    if value < low:
        raise wrong(function, argument, f"is {value}", f"at least {low}")


def check_axis(function: str, logits: Any, axis: int) -> int:
    """The class axis, not negative. It must exist and hold at least one class."""
    shape = tuple(logits.shape)
    if isinstance(axis, bool) or not isinstance(axis, Integral):
        raise wrong(function, "axis", f"is {axis!r}", "an integer", TypeError)
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


def check_rows(
    function: str, logits: Any, targets: Any, kinds: tuple[str, str], axis: int, reduction: str
) -> Rows:
    """Kinds, axis and shapes of logits and targets. Logits of one axis are one row: their axis is 0."""
    check_reduction(function, reduction)
    check_kind(function, "logits", logits, kinds[0], ("float",))
    check_kind(function, "targets", targets, kinds[1], ("integer", "float"))
    axis = check_axis(function, logits, 0 if len(logits.shape) == 1 and axis == 1 else axis)
    shape, got = tuple(logits.shape), tuple(targets.shape)
    by_index = kinds[1] == "integer"
    rows = shape[:axis] + shape[axis + 1 :]
    if got != (rows if by_index else shape):
        if by_index:
            expected = f"{rows} for class indices: the shape of logits {shape} without axis {axis}"
        else:
            expected = f"{shape} for probabilities (dtype {targets.dtype}): the shape of logits"
        raise wrong(function, "targets", f"has shape {got}", expected)
    return Rows(axis, shape[axis], by_index)


def check_weight(
    function: str,
    weight: Any,
    kind: str,
    classes: int,
    *,
    values: bool = True,
    argument: str = "weight",
) -> None:
    """One weight for each class, none negative."""
    check_kind(function, argument, weight, kind, ("float", "integer"))
    if tuple(weight.shape) != (classes,):
        expected = f"({classes},): one weight for each class"
        raise wrong(function, argument, f"has shape {tuple(weight.shape)}", expected)
    if values:
        check_values(function, argument, weight, ~(weight >= 0), "weights that are not negative")


def check_elements(
    function: str, inputs: Any, targets: Any, kinds: tuple[str, str], reduction: str
) -> None:
    """Kinds and shapes of inputs and targets of a loss of single outputs."""
    check_reduction(function, reduction)
    check_kind(function, "inputs", inputs, kinds[0], ("float",))
    check_kind(function, "targets", targets, kinds[1], ("float", "integer"))
    got, shape = tuple(targets.shape), tuple(inputs.shape)
    if got != shape:
        raise wrong(function, "targets", f"has shape {got}", f"{shape}: the shape of inputs")


def check_shares(function: str, targets: Any, least: Any = None, most: Any = None) -> None:
    """Targets of a sigmoid, from 0 to 1; least and most of them, where that is known."""
    if least is not None and bool(least >= 0) and bool(most <= 1 + ROUNDING):
        return
    bad = ~((targets >= 0) & (targets <= 1 + ROUNDING))
    check_values(function, "targets", targets, bad, "numbers from 0 to 1: probabilities of class 1")


def check_factor(
    function: str, argument: str, factor: Any, kind: str, inputs: Any, *, values: bool = True
) -> None:
    """Weights of single outputs, none negative, that broadcast to the shape of the inputs."""
    check_kind(function, argument, factor, kind, ("float", "integer"))
    got, shape = tuple(factor.shape), tuple(inputs.shape)
    if len(got) > len(shape) or any(
        n not in (1, m) for n, m in zip(got[::-1], shape[::-1], strict=False)
    ):
        raise wrong(
            function,
            argument,
            f"has shape {got}",
            f"one that broadcasts to {shape}, the shape of inputs",
        )
    if values:
        check_values(function, argument, factor, ~(factor >= 0), "weights that are not negative")


def check_out(function: str, out: Any, logits: Any, targets: Any) -> None:
    """Where the gradient is written: an array like the logits, or the logits themselves; True or False for no array."""
    if isinstance(out, bool):
        return
    if not isinstance(out, np.ndarray):
        raise wrong(function, "out", f"is {type(out).__name__}", "a NumPy array", TypeError)
    if out.shape != logits.shape or out.dtype.newbyteorder("=") != logits.dtype:
        expected = f"{logits.shape} and {logits.dtype}, as the logits have"
        raise wrong(function, "out", f"has shape {out.shape} and dtype {out.dtype}", expected)
    if not out.flags.writeable:
        raise wrong(function, "out", "is read-only", "an array that can be written to")
    same = out.ctypes.data == logits.ctypes.data and out.strides == logits.strides
    if (np.may_share_memory(out, logits) and not same) or np.may_share_memory(out, targets):
        raise wrong(
            function, "out", "overlaps an argument", "memory of its own, or the logits themselves"
        )


def check_alpha(function: str, alpha: Any) -> tuple[float, float]:
    """(α, 1) for a weight of the positive class; (0.5, 2) for none: half the weight for both classes, doubled."""
    if alpha is None:
        return 0.5, 2.0
    if isinstance(alpha, bool) or not isinstance(alpha, Real):
        raise wrong(function, "alpha", f"is {alpha!r}", "a real number or None", TypeError)
    if alpha < 0:
        return 0.5, 2.0
    if not alpha <= 1:
        raise wrong(
            function,
            "alpha",
            f"is {alpha!r}",
            "a number from 0 to 1; None or a negative one for no weights",
        )
    return float(alpha), 1.0


def in_64_bits(number: int) -> bool:
    """Whether it can be compared with class numbers as they lie in memory."""
    return -(2**63) <= number < 2**63


def check_ignore_index(function: str, ignore_index: int, by_index: bool) -> None:
    """An integer; not one that could be a class where targets are probabilities."""
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, Integral):
        raise wrong(function, "ignore_index", f"is {ignore_index!r}", "an integer", TypeError)
    if not in_64_bits(ignore_index):
        raise wrong(
            function,
            "ignore_index",
            f"is {ignore_index}",
            "an integer of 64 bits, as class indices are",
        )
    if not by_index and ignore_index >= 0:
        expected = "a negative one (not used) where targets are probabilities"
        raise wrong(function, "ignore_index", f"is {ignore_index}", expected)


def check_target_values(function: str, targets: Any, rows: Rows, ignore_index: int) -> None:
    """Class numbers from 0 to K-1, or the ignored one; probabilities from 0 to 1."""
    if rows.by_index:
        bad = ((targets < 0) | (targets >= rows.classes)) & (targets != ignore_index)
        expected = f"class indices from 0 to {rows.classes - 1}, or ignore_index {ignore_index}"
    else:
        bad = ~((targets >= 0) & (targets <= 1 + ROUNDING))
        expected = "probabilities from 0 to 1 (targets of a float dtype are probabilities)"
    check_values(function, "targets", targets, bad, expected)


def check_sums(function: str, sums: Any) -> None:
    """Probabilities of a row must sum to 1."""
    bad = ~(abs(sums - 1) <= ROUNDING)
    check_values(
        function,
        "the sum of targets in a row",
        sums,
        bad,
        "1: targets are probabilities of the classes",
    )


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
