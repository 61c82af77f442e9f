"""Losses of single outputs on NumPy arrays. The public names are in `lossbook.numpy`."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..api import arguments
from ..generated.numpy import binary_cross_entropy as _binary_cross_entropy
from ..generated.numpy import mse as _mse
from ..generated.numpy import sigmoid_focal as _sigmoid_focal
from ..generated.numpy import sigmoid_mse as _sigmoid_mse
from . import dispatch as rows


def mse_loss(inputs, targets, *, reduction="mean", precision="exact") -> np.ndarray:
    """The squared error of each prediction, as `torch.nn.functional.mse_loss`.

    Domain: real numbers. Formula: (x - y)² for each element; see the chapter on squared error.

    inputs: predictions, of any shape. targets: numbers, of the shape of inputs.
    reduction: "none": the loss of each element. "sum": their sum, 0.0 for no elements. "mean": the sum divided by the
        number of elements; nan where there are none.
    precision: see the head of `lossbook.numpy`.

    Returns: the loss in the dtype of the inputs.
    Errors: mismatched shapes, wrong dtypes, an unknown reduction.
    Source: `lossbook.losses.get("mse").source("numpy")`.
    """
    return _mse_call("mse_loss", inputs, targets, reduction, precision, False)


def mse_loss_with_grad(
    inputs, targets, *, reduction="mean", out=None, precision="exact"
) -> tuple[np.ndarray, np.ndarray]:
    """`mse_loss` and its gradient by the inputs: (value, gradient).

    The gradient has the shape and dtype of the inputs; it is that of the reduced value, or of each element's own loss
    for reduction="none".
    """
    return _mse_call(
        "mse_loss_with_grad", inputs, targets, reduction, precision, True if out is None else out
    )


def sigmoid_mse_loss(inputs, targets, *, reduction="mean", precision="exact") -> np.ndarray:
    """The squared error of the sigmoid of each logit.

    Domain: inputs real, targets from 0 to 1. Formula: (σ(z) - y)² for each element; see the chapter on squared error.

    inputs: logits, of any shape. targets: probabilities of class 1, of the shape of inputs.
    reduction: "none": the loss of each element. "sum": their sum, 0.0 for no elements. "mean": the sum divided by the
        number of elements; nan where there are none.
    precision: see the head of `lossbook.numpy`.

    Returns: the loss in the dtype of the inputs.
    Errors: targets outside [0, 1], mismatched shapes, wrong dtypes, an unknown reduction.
    Stability: σ(z) - y is not formed by a subtraction where y is 0 or 1.
    Source: `lossbook.losses.get("sigmoid_mse").source("numpy")`.
    """
    return _sigmoid_mse_call("sigmoid_mse_loss", inputs, targets, reduction, precision, False)


def sigmoid_mse_loss_with_grad(
    inputs, targets, *, reduction="mean", out=None, precision="exact"
) -> tuple[np.ndarray, np.ndarray]:
    """`sigmoid_mse_loss` and its gradient by the inputs: (value, gradient), as in `mse_loss_with_grad`."""
    return _sigmoid_mse_call(
        "sigmoid_mse_loss_with_grad",
        inputs,
        targets,
        reduction,
        precision,
        True if out is None else out,
    )


def binary_cross_entropy_with_logits(
    inputs, targets, *, weight=None, pos_weight=None, reduction="mean", precision="exact"
) -> np.ndarray:
    """Binary cross entropy of logits, as `torch.nn.functional.binary_cross_entropy_with_logits`.

    Domain: inputs real, targets from 0 to 1. Formula: -β y log σ(z) - (1 - y) log(1 - σ(z)) for each element; see the
    chapter on binary cross entropy.

    inputs: logits, of any shape. targets: probabilities of class 1, of the shape of inputs.
    weight: what each element's loss is multiplied by; any shape that broadcasts to that of inputs.
    pos_weight: β, the weight of the positive class; any shape that broadcasts to that of inputs.
    reduction: "none": the loss of each element. "sum": their sum, 0.0 for no elements. "mean": the sum divided by the
        number of elements, not by the sum of their weights; nan where there are none.
    precision: see the head of `lossbook.numpy`.

    Returns: the loss in the dtype of the inputs.
    Errors: targets outside [0, 1], negative weights, mismatched shapes, wrong dtypes, an unknown reduction.
    Stability: finite at all finite logits; small losses and small gradients keep their digits.
    Source: `lossbook.losses.get("binary_cross_entropy").source("numpy")`.
    """
    function = "binary_cross_entropy_with_logits"
    return _binary_cross_entropy_call(
        function, inputs, targets, weight, pos_weight, reduction, precision, False
    )


def binary_cross_entropy_with_logits_with_grad(
    inputs, targets, *, weight=None, pos_weight=None, reduction="mean", out=None, precision="exact"
) -> tuple[np.ndarray, np.ndarray]:
    """`binary_cross_entropy_with_logits` and its gradient by the inputs: (value, gradient), as in `mse_loss_with_grad`."""
    function = "binary_cross_entropy_with_logits_with_grad"
    return _binary_cross_entropy_call(
        function,
        inputs,
        targets,
        weight,
        pos_weight,
        reduction,
        precision,
        True if out is None else out,
    )


def sigmoid_focal_loss(
    inputs, targets, alpha=0.25, gamma=2, reduction="none", *, precision="exact"
) -> np.ndarray:
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
    precision: see the head of `lossbook.numpy`.

    Returns: the loss in the dtype of the inputs.
    Errors: targets outside [0, 1], alpha above 1, gamma below 0, mismatched shapes, wrong dtypes, an unknown reduction.
    Stability: finite at all finite logits for every gamma, in the gradient too.
    Source: `lossbook.losses.get("sigmoid_focal").source("numpy")`.
    """
    return _sigmoid_focal_call(
        "sigmoid_focal_loss", inputs, targets, alpha, gamma, reduction, precision, False
    )


def sigmoid_focal_loss_with_grad(
    inputs, targets, alpha=0.25, gamma=2, reduction="none", *, out=None, precision="exact"
) -> tuple[np.ndarray, np.ndarray]:
    """`sigmoid_focal_loss` and its gradient by the inputs: (value, gradient), as in `mse_loss_with_grad`."""
    return _sigmoid_focal_call(
        "sigmoid_focal_loss_with_grad",
        inputs,
        targets,
        alpha,
        gamma,
        reduction,
        precision,
        True if out is None else out,
    )


def _mse_call(function, inputs, targets, reduction, precision, gradient):
    inputs, targets = _elements(function, inputs, targets, reduction, precision, gradient)
    return rows.run(
        _mse, inputs, (targets,), reduction=reduction, precision=precision, gradient=gradient
    )


def _sigmoid_mse_call(function, inputs, targets, reduction, precision, gradient):
    inputs, targets = _elements(function, inputs, targets, reduction, precision, gradient)
    options = {"reduction": reduction, "precision": precision, "gradient": gradient}
    check = partial(rows.check_shares, function, _sigmoid_mse, targets, precision)
    return rows.run(_sigmoid_mse, inputs, (targets,), check=check, **options)


def _binary_cross_entropy_call(
    function, inputs, targets, weight, pos_weight, reduction, precision, gradient
):
    inputs, targets = _elements(function, inputs, targets, reduction, precision, gradient)
    scale, beta = (
        _factor(function, name, given, inputs)
        for name, given in (("weight", weight), ("pos_weight", pos_weight))
    )
    options = {"reduction": reduction, "scale": scale, "precision": precision, "gradient": gradient}
    check = partial(rows.check_shares, function, _binary_cross_entropy, targets, precision)
    return rows.run(
        _binary_cross_entropy, inputs, (targets,), check=check, pos_weight=beta, **options
    )


def _sigmoid_focal_call(function, inputs, targets, alpha, gamma, reduction, precision, gradient):
    inputs, targets = _elements(function, inputs, targets, reduction, precision, gradient)
    alpha, scale = arguments.check_alpha(function, alpha)
    arguments.check_number(function, "gamma", gamma, 0)
    options = {"reduction": reduction, "scale": scale, "precision": precision, "gradient": gradient}
    check = partial(rows.check_shares, function, _sigmoid_focal, targets, precision)
    return rows.run(
        _sigmoid_focal, inputs, (targets,), check=check, alpha=alpha, gamma=float(gamma), **options
    )


def _elements(function, inputs, targets, reduction, precision, gradient):
    """The arrays, checked but for their values."""
    inputs, targets = rows.array(inputs), rows.array(targets)
    arguments.check_precision(function, precision)
    arguments.check_elements(
        function, inputs, targets, (rows.kind(inputs), rows.kind(targets)), reduction
    )
    arguments.check_out(function, gradient, inputs, targets)
    return inputs, targets


def _factor(function, name, factor, inputs):
    if factor is None:
        return 1.0
    factor = rows.array(factor)
    arguments.check_factor(function, name, factor, rows.kind(factor), inputs)
    return rows.wide(factor)
