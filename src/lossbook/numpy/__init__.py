"""Losses and activations on NumPy arrays, with values and gradients from generated code.

Common to all: the dtype of the logits is kept; float16 and float32 are computed in float64, float64 in pairs of float64,
and rounded once, at the end.
Arrays may be anything `numpy.asarray` takes. A wrong argument raises `ValueError` or `TypeError` that names it.
Targets may be found wrong while the gradient is being written: an `out` other than the logits then holds anything; the
logits are overwritten only after all targets were looked at.

They are computed by kernels in C++, generated from the same equations and compiled when first used, where
there is a compiler: `lossbook.native.status()` says whether and why not. Then all losses take `precision`: "exact", as
above, or "fast", float32 arithmetic, at most 16 units in the last place off. Where there is no kernel, and for float64, "fast"
is computed exactly too.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..api import arguments
from ..generated.numpy import cross_entropy as _cross_entropy
from ..generated.numpy import cross_entropy_index as _cross_entropy_index
from ..generated.numpy import log_softmax as _log_softmax
from ..generated.numpy import sigmoid as _sigmoid
from ..generated.numpy import softmax as _softmax
from . import dispatch as rows
from . import kernels as native
from .classes import (
    softmax_focal_loss,
    softmax_focal_loss_with_grad,
    softmax_mse_loss,
    softmax_mse_loss_with_grad,
)
from .elements import (
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_with_grad,
    mse_loss,
    mse_loss_with_grad,
    sigmoid_focal_loss,
    sigmoid_focal_loss_with_grad,
    sigmoid_mse_loss,
    sigmoid_mse_loss_with_grad,
)

__all__ = [
    "binary_cross_entropy_with_logits",
    "binary_cross_entropy_with_logits_with_grad",
    "cross_entropy",
    "cross_entropy_with_grad",
    "log_softmax",
    "mse_loss",
    "mse_loss_with_grad",
    "sigmoid",
    "sigmoid_focal_loss",
    "sigmoid_focal_loss_with_grad",
    "sigmoid_mse_loss",
    "sigmoid_mse_loss_with_grad",
    "softmax",
    "softmax_focal_loss",
    "softmax_focal_loss_with_grad",
    "softmax_mse_loss",
    "softmax_mse_loss_with_grad",
]


def cross_entropy(
    logits,
    targets,
    *,
    weight=None,
    ignore_index=-100,
    label_smoothing=0.0,
    reduction="mean",
    axis=1,
    precision="exact",
) -> np.ndarray:
    r"""Cross entropy between softmax probabilities and targets, as `torch.nn.functional.cross_entropy`.

    Domain: logits real, or -inf for a class that is not the target. Formula: -Σ_k w_k ((1-ε) y_k + ε/K) log p_k for each
    row, p the softmax of its logits; see the chapter on cross entropy.

    logits: (N, K), (N, K, d1, ...), with the classes along `axis`, or (K,): one row.
    targets: class indices (integers), of the shape of logits without `axis`; or probabilities (floats), of the shape of
        logits. Probabilities need not sum to 1.
    weight: (K,), a weight for each class. ignore_index: rows with this class index count for nothing.
    label_smoothing: ε, the share of each target spread evenly over the classes.
    reduction: "none": the loss of each row, 0 where ignored. "sum": their sum, 0.0 where no row counts. "mean": the sum
        divided by the sum of the weights of the targets that count (class indices) or by the number of rows
        (probabilities); nan where that is 0, as in an empty batch or one that is ignored whole.
    precision: see the head of this module.

    Returns: the loss in the dtype of the logits.
    Errors: targets out of range (shown with their first position), mismatched shapes, wrong dtypes, an empty class axis,
        negative weights, label_smoothing outside [0, 1].
    Stability: finite wherever the result is representable; 1 - p_t and log p_t are never formed by a subtraction.
    Source: `lossbook.losses.get("cross_entropy").source("numpy")`.
    """
    return _call(
        "cross_entropy",
        logits,
        targets,
        weight,
        ignore_index,
        label_smoothing,
        reduction,
        axis,
        precision,
        False,
    )


def cross_entropy_with_grad(
    logits,
    targets,
    *,
    weight=None,
    ignore_index=-100,
    label_smoothing=0.0,
    reduction="mean",
    axis=1,
    out=None,
    precision="exact",
) -> tuple[np.ndarray, np.ndarray]:
    """`cross_entropy` and its gradient by the logits: (value, gradient).

    The arguments are those of `cross_entropy`; out: an array of the shape and dtype of the logits to which the gradient is
    written and which is returned; it may be the logits themselves. The gradient has the shape and dtype of the logits; it is that of the
    reduced value, or of each row's own loss for reduction="none". It is 0 in ignored rows, and where no row counts.
    """
    function = "cross_entropy_with_grad"
    return _call(
        function,
        logits,
        targets,
        weight,
        ignore_index,
        label_smoothing,
        reduction,
        axis,
        precision,
        True if out is None else out,
    )


def _call(
    function,
    logits,
    targets,
    weight,
    ignore_index,
    label_smoothing,
    reduction,
    axis,
    precision,
    gradient,
):
    logits, targets = rows.array(logits), rows.array(targets)
    arguments.check_precision(function, precision)
    call = arguments.check_rows(
        function, logits, targets, (rows.kind(logits), rows.kind(targets)), axis, reduction
    )
    arguments.check_out(function, gradient, logits, targets)
    arguments.check_number(function, "label_smoothing", label_smoothing, 0, 1)
    arguments.check_ignore_index(function, ignore_index, call.by_index)
    by_weight = weight is not None
    if weight is None:
        weight = np.ones(call.classes)
    else:
        weight = rows.array(weight)
        arguments.check_weight(function, weight, rows.kind(weight), call.classes)
        weight = rows.wide(weight)
    options = {
        "weight": weight,
        "reduction": reduction,
        "axis": call.axis,
        "gradient": gradient,
        "precision": precision,
    }
    check = partial(arguments.check_target_values, function, targets, call, ignore_index)
    if not call.by_index:
        return rows.run(
            _cross_entropy,
            logits,
            (targets,),
            label_smoothing=label_smoothing,
            check=check,
            **options,
        )
    smoothed = {"numbers": (float(label_smoothing),), "one_hot": True}
    name, given = ("cross_entropy", smoothed) if label_smoothing else ("cross_entropy_index", {})
    given |= {"by_weight": by_weight, "ignore_index": ignore_index}
    if (found := native.of_index(name, logits, targets, **given, **options)) is not None:
        return found
    check()
    counts = targets != ignore_index
    index = np.where(counts, targets, 0).astype(np.intp)
    options |= {
        "counts": None if counts.all() else counts,
        "divisor": float(np.sum(weight[index], where=counts)),
    }
    if label_smoothing == 0:
        return rows.run(_cross_entropy_index, logits, (index,), **options)
    one_hot = np.moveaxis(np.eye(call.classes)[index], -1, call.axis)
    return rows.run(_cross_entropy, logits, (one_hot,), label_smoothing=label_smoothing, **options)


def sigmoid(logits) -> np.ndarray:
    """1 / (1 + exp(-logits)), for each element.

    Domain: any real number, ±inf included. Formula: the chapter on the sigmoid. Shape and dtype are those of the logits.
    Stability: full relative accuracy on both sides; a small probability is not rounded to 0 before it must be.
    Source: `lossbook.losses.get("sigmoid").source("numpy")`.
    """
    return _activation("sigmoid", _sigmoid, logits)


def softmax(logits, *, axis=-1) -> np.ndarray:
    """exp(logits) divided by its sum along `axis`.

    Domain: real numbers, or -inf (not all along the axis). Formula: the chapter on softmax. Shape and dtype are those of
    the logits. Stability: nothing overflows. Source: `lossbook.losses.get("softmax").source("numpy")`.
    """
    return _activation("softmax", _softmax, logits, axis)


def log_softmax(logits, *, axis=-1) -> np.ndarray:
    """The logarithm of the softmax along `axis`.

    Domain: real numbers, or -inf (not all along the axis). Formula: the chapter on softmax. Shape and dtype are those of
    the logits. Stability: keeps a probability near 1 (its small logarithm) and one near 0 (its large one).
    Source: `lossbook.losses.get("log_softmax").source("numpy")`.
    """
    return _activation("log_softmax", _log_softmax, logits, axis)


def _activation(function, code, logits, axis=None):
    logits = rows.array(logits)
    arguments.check_kind(function, "logits", logits, rows.kind(logits), ("float",))
    axis = None if axis is None else arguments.check_axis(function, logits, axis)
    return rows.compute(code.value, logits, axis=axis).astype(logits.dtype)
