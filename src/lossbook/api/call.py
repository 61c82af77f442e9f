"""One checked call of a loss, as a record: everything that the kernels and the generated array code need."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

from . import arguments
from .arguments import wrong
from .backend import Backend
from .signature import Code, Options, Parameter, Signature


class Call(NamedTuple):
    """A call whose shapes, dtypes and parameters have been checked; the values of targets have not.

    Attributes:
        function: the public name, for errors.
        code: the generated module, whose name is also that of the kernels.
        targets: int64 class indices of the shape of the logits without `axis`, or numbers of their shape.
        by_index: whether targets are class indices.
        one_hot: whether the code takes probabilities although targets are class indices.
        axis: the class axis, not negative; None for a loss of single outputs.
        classes: the number of classes; 1 for a loss of single outputs.
        parameters: the values by name. A float is the same for all classes or elements.
        scale: what the loss of each element is multiplied by.
        mean_weights: the weights whose sum over the targets "mean" divides by; None for the number of rows.
        reduction, precision, ignore_index: as the caller gave them.
        probabilities, normalised: what targets of the shape of the logits have to be, see `Signature`.
    """

    function: str
    code: Code
    targets: Any
    by_index: bool
    one_hot: bool
    axis: int | None
    classes: int
    parameters: dict[str, Any]
    scale: Any
    mean_weights: Any
    reduction: str
    precision: str
    ignore_index: int
    probabilities: bool
    normalised: bool

    def expected_targets(self) -> str:
        """What the targets have to be, in words."""
        if self.by_index:
            return (
                f"class indices from 0 to {self.classes - 1}, or ignore_index {self.ignore_index}"
            )
        if self.axis is None:
            return "numbers from 0 to 1: probabilities of class 1"
        return "probabilities from 0 to 1 (targets of a float dtype are probabilities)"


def checked(
    xp: Backend,
    signature: Signature,
    logits: Any,
    targets: Any,
    values: tuple,
    options: Options,
    function: str | None = None,
) -> Call:
    """Check everything about a call but the values of its targets.

    Args:
        xp: the array library.
        signature: the public function.
        logits, targets: arrays of the library.
        values: the values of `signature.parameters`.
        options: what all losses have in common.
        function: the name for errors, if it is not that of the signature.

    Raises:
        ValueError, TypeError: an argument is wrong; the message names it and says what was expected.
    """
    name = function or signature.function
    arguments.check_choice(name, "reduction", options.reduction, arguments.REDUCTIONS)
    arguments.check_choice(name, "precision", options.precision, arguments.PRECISIONS)
    kind = xp.kind(targets)
    axis, classes, by_index = None, 1, False
    if signature.rows:
        by_index = kind == "integer"
        if not by_index and signature.dense is None:
            arguments.check_kind(name, "targets", targets, kind, ("integer",))
        axis = arguments.check_rows(name, logits, targets, (xp.kind(logits), kind), options.axis)
        classes = logits.shape[axis]
        arguments.check_ignore_index(name, options.ignore_index, by_index)
    else:
        arguments.check_elements(name, logits, targets, (xp.kind(logits), kind))
    xp.check_constant(name, "targets", targets)

    parameters, scale = {}, 1.0
    for parameter, value in zip(signature.parameters, values, strict=True):
        found = _parameter(xp, name, parameter, value, logits, classes)
        if parameter.kind == "balance":
            found, scale = found
        parameters[parameter.name] = found
    if options.weight is not None:
        scale = _per_element(xp, name, "weight", options.weight, logits)

    code, one_hot, mean_weights = signature.dense, False, None
    if by_index:
        code, one_hot = _code_for_indices(signature, parameters)
        targets = xp.index(targets)
        if signature.mean_weights is not None:
            mean_weights = parameters[signature.mean_weights]
    parameters = {parameter: parameters[parameter] for parameter in code.parameters}
    return Call(
        name,
        code,
        targets,
        by_index,
        one_hot,
        axis,
        classes,
        parameters,
        scale,
        mean_weights,
        options.reduction,
        options.precision,
        options.ignore_index,
        signature.probabilities,
        signature.normalised,
    )


def check_targets(xp: Backend, call: Call) -> None:
    """Raise `ValueError` for the first target that is no class, or no probability; for a row that does not sum to 1."""
    targets = call.targets
    if call.by_index:
        in_range = (targets >= 0) & (targets < call.classes)
        bad = ~(in_range | (targets == call.ignore_index))
    elif call.probabilities:
        bad = ~((targets >= 0) & (targets <= 1 + arguments.ROUNDING))
    else:
        return
    arguments.check_values(call.function, "targets", targets, bad, call.expected_targets())
    if call.normalised and not call.by_index:
        sums = xp.upcast(targets).sum(call.axis)
        arguments.check_values(
            call.function,
            "the sum of targets in a row",
            sums,
            ~(abs(sums - 1) <= arguments.ROUNDING),
            "1: targets are probabilities of the classes",
        )


def _code_for_indices(signature: Signature, parameters: dict[str, Any]) -> tuple[Code, bool]:
    """The code for class indices, and whether it takes them as one-hot targets."""
    if signature.index is None:
        return signature.dense, True
    for parameter in signature.parameters:
        left_out = parameter.name not in signature.index.parameters
        if left_out and parameters[parameter.name] != parameter.neutral:
            return signature.dense, True
    return signature.index, False


def _parameter(xp: Backend, function: str, parameter: Parameter, value, logits, classes: int):
    name = parameter.name
    if parameter.kind == "number":
        arguments.check_number(function, name, value, parameter.low, parameter.high)
        return float(value)
    if parameter.kind == "balance":
        return arguments.check_balance(function, name, value)
    if value is None:
        return 1.0
    if parameter.kind == "per element":
        return _per_element(xp, function, name, value, logits)
    if isinstance(value, (Real, str)):
        arguments.check_number(function, name, value, 0)
        return float(value)
    weights = xp.array(value, logits)
    arguments.check_kind(function, name, weights, xp.kind(weights), ("float", "integer"))
    if tuple(weights.shape) != (classes,):
        expected = f"({classes},): one weight for each class"
        raise wrong(function, name, f"has shape {tuple(weights.shape)}", expected)
    return _not_negative(xp, function, name, weights)


def _per_element(xp: Backend, function: str, name: str, value, logits):
    """Weights of single outputs, in float64."""
    factor = xp.array(value, logits)
    arguments.check_kind(function, name, factor, xp.kind(factor), ("float", "integer"))
    got, shape = tuple(factor.shape), tuple(logits.shape)
    pairs = zip(got[::-1], shape[::-1], strict=False)
    if len(got) > len(shape) or any(n not in (1, m) for n, m in pairs):
        expected = f"one that broadcasts to {shape}, the shape of inputs"
        raise wrong(function, name, f"has shape {got}", expected)
    return xp.upcast(_not_negative(xp, function, name, factor))


def _not_negative(xp: Backend, function: str, name: str, weights):
    if xp.values_known(weights):
        expected = "weights that are not negative"
        arguments.check_values(function, name, weights, ~(weights >= 0), expected)
    xp.check_constant(function, name, weights)
    return weights
