"""One checked call of a loss, as a record: all that kernels and generated code need.

What depends on shapes, dtypes and options alone is a `Plan`. It is checked and made once, and
serves all calls that are alike, such as the steps of a training loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from numbers import Real
from typing import Any, NamedTuple

from . import arguments
from .arguments import wrong
from .backend import Backend
from .signature import Code, Options, ParameterSpec, Signature

ARRAY = object()  # stands in a plan for the value of a parameter that is an array
SIMPLE = {float, int, type(None)}  # types of values that a plan holds itself


class ArraySpec(NamedTuple):
    """The shape and dtype of an array."""

    shape: tuple[int, ...]
    dtype: Any


@dataclass(frozen=True, eq=False)
class Plan:
    """What calls have in common that agree in shapes, dtypes and options.

    Attributes:
        function: the public name, for errors.
        code: the generated module, whose name is also that of the kernels.
        by_index: whether targets are class indices.
        one_hot: whether the code takes probabilities although targets are class indices.
        axis: the class axis, not negative; None for a loss of single outputs.
        classes: the number of classes; 1 for a loss of single outputs.
        row_shape: the shape of the logits without the class axis.
        rows: the number of rows.
        outer, inner: how many blocks of classes there are in memory, and how many rows side by side
            in each, where the logits are contiguous: they have the shape (outer, classes, inner).
        parameters: the values of parameters by name. A float is the same for all classes or
            elements; `ARRAY` stands for an array, which each call brings.
        scale: what the loss of each element is multiplied by.
        mean_weights: the parameter by the sum of whose values at the targets "mean" divides; None
            for the number of rows that count.
        each_target, target_sums: whether targets must be classes or numbers from 0 to 1; and sum to
            1 in a row.
        reduction, precision, ignore_index: as the caller gave them.
    """

    function: str
    code: Code
    by_index: bool
    one_hot: bool
    axis: int | None
    classes: int
    row_shape: tuple[int, ...]
    rows: int
    outer: int
    inner: int
    parameters: dict[str, Any]
    scale: float
    mean_weights: str | None
    each_target: bool
    target_sums: bool
    reduction: str
    precision: str
    ignore_index: int

    def expected_targets(self) -> str:
        """What each target has to be, in words."""
        if self.by_index:
            last, ignored = self.classes - 1, self.ignore_index
            return f"class indices from 0 to {last}, or ignore_index {ignored}"
        if self.axis is None:
            return "numbers from 0 to 1: probabilities of class 1"
        return "probabilities from 0 to 1 (targets of a float dtype are probabilities)"


class Call(NamedTuple):
    """A call whose shapes, dtypes and numbers have been checked; the values of its arrays have not.

    Attributes:
        plan: what it has in common with other calls.
        targets: int64 class indices of the shape of the rows, or numbers of the shape of the
            logits.
        parameters: the values of parameters by name: floats, arrays of shape (K,), or arrays that
            broadcast to the inputs.
        scale: what the loss of each element is multiplied by.
    """

    plan: Plan
    targets: Any
    parameters: dict[str, Any]
    scale: Any

    @property
    def mean_weights(self) -> Any:
        """The weights whose sum over the targets "mean" divides by; None: the rows that count."""
        name = self.plan.mean_weights
        return None if name is None else self.parameters[name]


def checked(
    xp: Backend,
    signature: Signature,
    arrays: tuple[Any, Any],
    values: tuple,
    options: Options,
    suffix: str = "",
) -> Call:
    """Check everything about a call but the values of its arrays.

    Args:
        xp: The array library.
        signature: The public function.
        arrays: The logits and the targets, arrays of the library.
        values: The values of `signature.parameters`.
        options: What all losses have in common.
        suffix: What is appended to the name of the function in errors.

    Raises:
        ValueError, TypeError: an argument is wrong; the message names it and says what was
            expected.
    """
    logits, targets = arrays
    specs = ArraySpec(logits.shape, logits.dtype), ArraySpec(targets.shape, targets.dtype)
    simple = SIMPLE.issuperset(map(type, values))
    static = values
    if not simple:
        pairs = zip(signature.parameters, values, strict=True)
        static = tuple([v if _is_static(p, v) else ARRAY for p, v in pairs])
    make = _plan
    if xp.may_cache() and options.is_simple() and (simple or _is_simple(static)):
        make = _cached_plan
    plan = make(xp, signature, specs, static, options, suffix)
    if not xp.is_constant(targets):
        raise _not_constant(plan.function, "targets")
    if plan.by_index:
        targets = xp.index(targets)
    parameters, scale = plan.parameters, plan.scale
    if not simple:
        parameters = {
            p.name: _array(xp, plan, p, value, logits)
            if parameters[p.name] is ARRAY
            else parameters[p.name]
            for p, value in zip(signature.parameters, values, strict=True)
        }
    if options.weight is not None:
        scale = _per_element(xp, plan.function, "weight", options.weight, logits)
    return Call(plan, targets, parameters, scale)


def check_values(xp: Backend, call: Call) -> None:
    """Check the values of arrays.

    Raises:
        ValueError: a weight is negative; a target is no class, or not between 0 and 1; the targets
            of a row do not sum to 1 where they have to. The first one is shown.
    """
    plan, targets = call.plan, call.targets
    expected = "weights that are not negative"
    named = dict(call.parameters)
    named.setdefault("weight", call.scale)  # the weight of single outputs is the scale
    for name, value in named.items():
        if type(value) is not float:
            arguments.check_values(plan.function, name, value, ~(value >= 0), expected)
    if not plan.each_target:
        return
    if plan.by_index:
        in_range = (targets >= 0) & (targets < plan.classes)
        bad = ~(in_range | (targets == plan.ignore_index))
    else:
        bad = ~((targets >= 0) & (targets <= 1 + arguments.ROUNDING))
    arguments.check_values(plan.function, "targets", targets, bad, plan.expected_targets())
    if plan.target_sums:
        sums = xp.upcast(targets).sum(plan.axis)
        bad = ~(abs(sums - 1) <= arguments.ROUNDING)
        expected = "1: targets are probabilities of the classes"
        arguments.check_values(plan.function, "the sum of targets in a row", sums, bad, expected)


def _plan(
    xp: Backend,
    signature: Signature,
    specs: tuple[ArraySpec, ArraySpec],
    values: tuple,
    options: Options,
    suffix: str,
) -> Plan:
    """The plan of a call with these values of parameters; `ARRAY` stands for an array."""
    name, (logits, targets) = signature.function + suffix, specs
    arguments.check_choice(name, "reduction", options.reduction, arguments.REDUCTIONS)
    arguments.check_choice(name, "precision", options.precision, arguments.PRECISIONS)
    kinds = xp.kind(logits.dtype), xp.kind(targets.dtype)
    axis, classes, by_index, row_shape = None, 1, False, tuple(logits.shape)
    if signature.rows:
        if signature.dense is None:
            arguments.check_kind(name, "targets", targets, kinds[1], ("integer",))
        by_index = kinds[1] == "integer"
        axis = arguments.check_rows(name, logits, targets, kinds, options.axis)
        classes = logits.shape[axis]
        row_shape = row_shape[:axis] + row_shape[axis + 1 :]
        arguments.check_ignore_index(name, options.ignore_index, by_index)
    else:
        arguments.check_elements(name, logits, targets, kinds)
    parameters, scale = {}, 1.0
    for parameter, value in zip(signature.parameters, values, strict=True):
        value = value if value is ARRAY else _static(name, parameter, value)
        if parameter.kind == "balance":
            value, scale = value
        parameters[parameter.name] = value
    code, one_hot = _code(signature, parameters, by_index)
    return Plan(
        function=name,
        code=code,
        by_index=by_index,
        one_hot=one_hot,
        axis=axis,
        classes=classes,
        row_shape=row_shape,
        rows=prod(row_shape),
        outer=prod(row_shape[:axis]) if signature.rows else 1,
        inner=prod(row_shape[axis:]) if signature.rows else prod(row_shape),
        parameters=parameters,
        scale=scale,
        mean_weights=signature.mean_weights if by_index else None,
        each_target=by_index or signature.probabilities,
        target_sums=signature.normalised and not by_index,
        reduction=options.reduction,
        precision=options.precision,
        ignore_index=options.ignore_index,
    )


_cached_plan = lru_cache(maxsize=512)(_plan)


def _code(signature: Signature, parameters: dict[str, Any], by_index: bool) -> tuple[Code, bool]:
    """The code for a call, and whether it takes class indices as one-hot targets."""
    if not by_index:
        return signature.dense, False
    if signature.index is None:
        return signature.dense, True
    for parameter in signature.parameters:
        left_out = parameter.name not in signature.index.parameters
        if left_out and parameters[parameter.name] != parameter.neutral:
            return signature.dense, True
    return signature.index, False


def _is_static(parameter: ParameterSpec, value: Any) -> bool:
    """Whether a plan can hold the value: everything but an array that may be passed."""
    may_be_array = parameter.kind in ("per class", "per element")
    return not may_be_array or value is None or isinstance(value, (Real, str))


def _is_simple(values: tuple) -> bool:
    """Whether all values have exactly the types that they should have, and can be a key."""
    return all(v is ARRAY or type(v) in SIMPLE for v in values)


def _static(function: str, parameter: ParameterSpec, value: Any) -> Any:
    """A number or None, checked; for a balance (the weight of the positive class, the scale)."""
    if parameter.kind == "balance":
        return arguments.check_balance(function, parameter.name, value)
    if parameter.kind == "number":
        arguments.check_number(function, parameter.name, value, parameter.low, parameter.high)
    elif value is None:
        return 1.0
    else:
        arguments.check_number(function, parameter.name, value, 0)
    return float(value)


def _array(xp: Backend, plan: Plan, parameter: ParameterSpec, value: Any, logits: Any) -> Any:
    """An array that a parameter was given, checked."""
    name = parameter.name
    if parameter.kind == "per element":
        return _per_element(xp, plan.function, name, value, logits)
    weights = xp.array(value, logits)
    kind, expected = xp.kind(weights.dtype), ("float", "integer")
    arguments.check_kind(plan.function, name, weights, kind, expected)
    if tuple(weights.shape) != (plan.classes,):
        expected = f"({plan.classes},): one weight for each class"
        raise wrong(plan.function, name, f"has shape {tuple(weights.shape)}", expected)
    return _constant(xp, plan.function, name, weights)


def _per_element(xp: Backend, function: str, name: str, value: Any, logits: Any) -> Any:
    """Weights of single outputs, checked, in float64."""
    factor = xp.array(value, logits)
    arguments.check_kind(function, name, factor, xp.kind(factor.dtype), ("float", "integer"))
    got, shape = tuple(factor.shape), tuple(logits.shape)
    pairs = zip(got[::-1], shape[::-1], strict=False)
    if len(got) > len(shape) or any(n not in (1, m) for n, m in pairs):
        expected = f"one that broadcasts to {shape}, the shape of inputs"
        raise wrong(function, name, f"has shape {got}", expected)
    return xp.upcast(_constant(xp, function, name, factor))


def _constant(xp: Backend, function: str, name: str, array: Any) -> Any:
    """The array, of which no gradient is wanted."""
    if not xp.is_constant(array):
        raise _not_constant(function, name)
    return array


def _not_constant(function: str, name: str) -> Exception:
    return wrong(function, name, "requires grad", "a constant: detach() it")
