"""Losses of single outputs for PyTorch. The public names are in `lossbook.torch`."""

from __future__ import annotations

from torch import Tensor

from ..api import arguments
from ..generated.torch import binary_cross_entropy as _binary_cross_entropy
from ..generated.torch import mse as _mse
from ..generated.torch import sigmoid_focal as _sigmoid_focal
from ..generated.torch import sigmoid_mse as _sigmoid_mse
from . import autograd as rows
from . import kernels as native
from .autograd import Code


def mse_loss(
    inputs: Tensor,
    targets: Tensor,
    *,
    reduction: str = "mean",
    precision: str = "exact",
    inplace: bool = False,
) -> Tensor:
    """The squared error of each prediction, as `torch.nn.functional.mse_loss`.

    Domain: real numbers. Formula: (x - y)² for each element; see the chapter on squared error.

    inputs: predictions, of any shape. targets: numbers, of the shape of inputs.
    reduction: "none": the loss of each element. "sum": their sum, 0.0 for no elements. "mean": the sum divided by the
        number of elements; nan where there are none.
    precision, inplace: see the head of `lossbook.torch`.

    Returns: the loss in the dtype of the inputs.
    Errors: mismatched shapes, wrong dtypes, an unknown reduction,
        targets that require grad.
    Source: `lossbook.losses.get("mse").source("torch")`.
    """
    targets = _elements("mse_loss", inputs, targets, reduction, precision, shares=False)
    shared = {
        "reduction": reduction,
        "function": "mse_loss",
        "precision": precision,
        "inplace": inplace,
    }
    return rows.run(Code(_mse, 1), inputs, (targets,), **shared)


def sigmoid_mse_loss(
    inputs: Tensor,
    targets: Tensor,
    *,
    reduction: str = "mean",
    precision: str = "exact",
    inplace: bool = False,
) -> Tensor:
    """The squared error of the sigmoid of each logit.

    Domain: inputs real, targets from 0 to 1. Formula: (σ(z) - y)² for each element; see the chapter on squared error.

    inputs: logits, of any shape. targets: probabilities of class 1, of the shape of inputs.
    reduction: "none": the loss of each element. "sum": their sum, 0.0 for no elements. "mean": the sum divided by the
        number of elements; nan where there are none.
    precision, inplace: see the head of `lossbook.torch`.

    Returns: the loss in the dtype of the inputs.
    Errors: targets outside [0, 1], mismatched shapes, wrong dtypes, an unknown reduction,
        targets that require grad.
    Stability: σ(z) - y is not formed by a subtraction where y is 0 or 1.
    Source: `lossbook.losses.get("sigmoid_mse").source("torch")`.
    """
    options = {"reduction": reduction, "precision": precision, "inplace": inplace}

    def same(x):
        return sigmoid_mse_loss(x, targets, reduction=reduction)

    if (ordinary := native.of_shares("sigmoid_mse", same, inputs, targets, **options)) is not None:
        return ordinary
    targets = _elements("sigmoid_mse_loss", inputs, targets, reduction, precision)
    shared = {"function": "sigmoid_mse_loss", **options}
    return rows.run(Code(_sigmoid_mse, 1), inputs, (targets,), **shared)


def binary_cross_entropy_with_logits(
    inputs: Tensor,
    targets: Tensor,
    *,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: str = "mean",
    precision: str = "exact",
    inplace: bool = False,
) -> Tensor:
    """Binary cross entropy of logits, as `torch.nn.functional.binary_cross_entropy_with_logits`.

    Domain: inputs real, targets from 0 to 1. Formula: -β y log σ(z) - (1 - y) log(1 - σ(z)) for each element; see the
    chapter on binary cross entropy.

    inputs: logits, of any shape. targets: probabilities of class 1, of the shape of inputs.
    weight: what each element's loss is multiplied by; any shape that broadcasts to that of inputs.
    pos_weight: β, the weight of the positive class; any shape that broadcasts to that of inputs.
    reduction: "none": the loss of each element. "sum": their sum, 0.0 for no elements. "mean": the sum divided by the
        number of elements, not by the sum of their weights; nan where there are none.
    precision, inplace: see the head of `lossbook.torch`.

    Returns: the loss in the dtype of the inputs.
    Errors: targets outside [0, 1], negative weights, mismatched shapes, wrong dtypes, an unknown reduction,
        targets or weights that require grad.
    Stability: finite at all finite logits; small losses and small gradients keep their digits.
    Source: `lossbook.losses.get("binary_cross_entropy").source("torch")`.
    """
    function = "binary_cross_entropy_with_logits"
    options = {"reduction": reduction, "precision": precision, "inplace": inplace}
    if weight is None and pos_weight is None:

        def same(x):
            return binary_cross_entropy_with_logits(x, targets, reduction=reduction)

        ordinary = native.of_shares(
            "binary_cross_entropy", same, inputs, targets, numbers=(1.0,), **options
        )
        if ordinary is not None:
            return ordinary
    targets = _elements(function, inputs, targets, reduction, precision)
    for name, factor in (("weight", weight), ("pos_weight", pos_weight)):
        if factor is not None:
            seen = rows.has_values(factor)
            arguments.check_factor(function, name, factor, rows.kind(factor), inputs, values=seen)
    rows.check_constants(function, weight=weight)
    scale = None if weight is None else rows.real(weight)
    shared = {"function": function, **options}
    if pos_weight is None:
        code = Code(_binary_cross_entropy, 1, (), (("pos_weight", 1.0),))
        return rows.run(code, inputs, (targets,), scale=scale, **shared)
    code = Code(_binary_cross_entropy, 1, ("pos_weight",))
    return rows.run(code, inputs, (targets, rows.real(pos_weight)), scale=scale, **shared)


def sigmoid_focal_loss(
    inputs: Tensor,
    targets: Tensor,
    alpha: float | None = 0.25,
    gamma: float = 2,
    reduction: str = "none",
    *,
    precision: str = "exact",
    inplace: bool = False,
) -> Tensor:
    """Focal loss of the sigmoid of each logit, as `torchvision.ops.sigmoid_focal_loss`.

    Domain: inputs real, targets from 0 to 1. Formula: -α y (1 - σ(z))^γ log σ(z) - (1 - α)(1 - y) σ(z)^γ log(1 - σ(z))
    for each element; see the chapters on focal loss.

    inputs: logits, of any shape. targets: probabilities of class 1, of the shape of inputs. Between 0 and 1 the loss is
        the expectation over the two classes; torchvision's formula is another there: it mixes the two probabilities
        before the power and multiplies by the cross entropy.
    alpha: the weight of the positive class, from 0 to 1; the negative one weighs 1 - alpha. None or a negative number:
        both weigh 1.
    gamma: the focusing exponent, any real number from 0; 0 gives binary cross entropy.
    reduction: "none": the loss of each element. "sum": their sum, 0.0 for no elements. "mean": the sum divided by the
        number of elements; nan where there are none.
    precision, inplace: see the head of `lossbook.torch`.

    Returns: the loss in the dtype of the inputs.
    Errors: targets outside [0, 1], alpha above 1, gamma below 0, mismatched shapes, wrong dtypes, an unknown reduction,
        targets that require grad.
    Stability: finite at all finite logits for every gamma, in the gradient too.
    Source: `lossbook.losses.get("sigmoid_focal").source("torch")`.
    """
    function = "sigmoid_focal_loss"
    options = {"reduction": reduction, "precision": precision, "inplace": inplace}
    share, scale = arguments.check_alpha(function, alpha)
    arguments.check_number(function, "gamma", gamma, 0)
    numbers = {"alpha": share, "gamma": float(gamma)}

    def same(x):
        return sigmoid_focal_loss(x, targets, alpha, gamma, reduction)

    given = {"numbers": tuple(numbers.values()), "scale": scale}
    if (
        ordinary := native.of_shares("sigmoid_focal", same, inputs, targets, **given, **options)
    ) is not None:
        return ordinary
    targets = _elements(function, inputs, targets, reduction, precision)
    shared = {"function": function, **options}
    code = Code(_sigmoid_focal, 1, (), tuple(numbers.items()))
    return rows.run(code, inputs, (targets,), scale=scale, **shared)


def _elements(
    function: str,
    inputs: Tensor,
    targets: Tensor,
    reduction: str,
    precision: str,
    *,
    shares: bool = True,
) -> Tensor:
    """Checked targets."""
    arguments.check_precision(function, precision)
    arguments.check_elements(
        function, inputs, targets, (rows.kind(inputs), rows.kind(targets)), reduction
    )
    if shares and rows.has_values(targets):
        rows.check_shares(function, targets)
    return targets if targets.is_floating_point() else rows.real(targets)
