"""Losses of classes beside cross entropy on NumPy arrays. The public names are in `lossbook.numpy`."""

from __future__ import annotations

from numbers import Real

import numpy as np

from ..api import arguments
from ..generated.numpy import softmax_focal as _softmax_focal
from ..generated.numpy import softmax_mse as _softmax_mse
from ..native.kernels import SUMS
from . import dispatch as rows
from . import kernels as native


def softmax_mse_loss(
    logits, targets, *, ignore_index=-100, reduction="mean", axis=1, precision="exact"
) -> np.ndarray:
    """The squared error of softmax probabilities (Brier score), summed over the classes.

    Domain: logits real, or -inf. Formula: Σ_k (p_k - y_k)² for each row, p the softmax of its logits; see the chapter on
    squared error.

    logits: (N, K), (N, K, d1, ...), with the classes along `axis`, or (K,): one row.
    targets: class indices (integers), of the shape of logits without `axis`; or probabilities (floats), of the shape of
        logits, which sum to 1 along `axis`.
    ignore_index: rows with this class index count for nothing.
    reduction: "none": the loss of each row, 0 where ignored. "sum": their sum, 0.0 where no row counts. "mean": the sum
        divided by the number of rows that count; nan where there are none.
    precision: see the head of `lossbook.numpy`.

    Returns: the loss in the dtype of the logits.
    Errors: targets out of range (shown with their first position) or not summing to 1, mismatched shapes, wrong dtypes,
        an empty class axis, an unknown reduction.
    Stability: nothing overflows; a NaN in an ignored row reaches no result.
    Source: `lossbook.losses.get("softmax_mse").source("numpy")`.
    """
    return _softmax_mse_call(
        "softmax_mse_loss", logits, targets, ignore_index, reduction, axis, precision, False
    )


def softmax_mse_loss_with_grad(
    logits, targets, *, ignore_index=-100, reduction="mean", axis=1, out=None, precision="exact"
) -> tuple[np.ndarray, np.ndarray]:
    """`softmax_mse_loss` and its gradient by the logits: (value, gradient), as in `cross_entropy_with_grad`."""
    return _softmax_mse_call(
        "softmax_mse_loss_with_grad",
        logits,
        targets,
        ignore_index,
        reduction,
        axis,
        precision,
        True if out is None else out,
    )


def softmax_focal_loss(
    logits,
    targets,
    *,
    gamma=2,
    alpha=None,
    ignore_index=-100,
    reduction="mean",
    axis=1,
    precision="exact",
) -> np.ndarray:
    """Focal loss of softmax probabilities.

    Domain: logits real, or -inf for a class that is not the target. Formula: -α_t (1 - p_t)^γ log p_t for each row, p the
    softmax of its logits; see the chapters on focal loss.

    logits: (N, K), (N, K, d1, ...), with the classes along `axis`, or (K,): one row.
    targets: class indices (integers), of the shape of logits without `axis`.
    gamma: the focusing exponent, any real number from 0; 0 gives cross entropy.
    alpha: None, one weight for all classes, or (K,): a weight for each class.
    ignore_index: rows with this class index count for nothing.
    reduction: "none": the loss of each row, 0 where ignored. "sum": their sum, 0.0 where no row counts. "mean": the sum
        divided by the number of rows that count (not, as in weighted cross entropy, by the sum of their weights); nan
        where there are none, as in an empty batch or one that is ignored whole.
    precision: see the head of `lossbook.numpy`.

    Returns: the loss in the dtype of the logits.
    Errors: targets out of range (shown with their first position), mismatched shapes, wrong dtypes, an empty class axis,
        gamma below 0, negative alpha, an unknown reduction.
    Stability: finite at all finite logits for every gamma, in the gradient too; a NaN in an ignored row reaches no result.
    Source: `lossbook.losses.get("softmax_focal").source("numpy")`.
    """
    return _softmax_focal_call(
        "softmax_focal_loss",
        logits,
        targets,
        gamma,
        alpha,
        ignore_index,
        reduction,
        axis,
        precision,
        False,
    )


def softmax_focal_loss_with_grad(
    logits,
    targets,
    *,
    gamma=2,
    alpha=None,
    ignore_index=-100,
    reduction="mean",
    axis=1,
    out=None,
    precision="exact",
) -> tuple[np.ndarray, np.ndarray]:
    """`softmax_focal_loss` and its gradient by the logits: (value, gradient), as in `cross_entropy_with_grad`."""
    function = "softmax_focal_loss_with_grad"
    return _softmax_focal_call(
        function,
        logits,
        targets,
        gamma,
        alpha,
        ignore_index,
        reduction,
        axis,
        precision,
        True if out is None else out,
    )


def _softmax_mse_call(
    function, logits, targets, ignore_index, reduction, axis, precision, gradient
):
    logits, targets = rows.array(logits), rows.array(targets)
    arguments.check_precision(function, precision)
    call = arguments.check_rows(
        function, logits, targets, (rows.kind(logits), rows.kind(targets)), axis, reduction
    )
    arguments.check_out(function, gradient, logits, targets)
    arguments.check_ignore_index(function, ignore_index, call.by_index)
    options = {
        "reduction": reduction,
        "axis": call.axis,
        "gradient": gradient,
        "precision": precision,
    }
    if not call.by_index:

        def check():
            arguments.check_target_values(function, targets, call, ignore_index)
            arguments.check_sums(function, np.sum(targets, axis=call.axis, dtype=np.float64))

        return rows.run(_softmax_mse, logits, (targets,), check=check, look=SUMS, **options)
    given = {
        "weight": np.ones(call.classes),
        "by_weight": False,
        "one_hot": True,
        "ignore_index": ignore_index,
    }
    if (found := native.of_index("softmax_mse", logits, targets, **given, **options)) is not None:
        return found
    arguments.check_target_values(function, targets, call, ignore_index)
    counts, index = _counted(targets, ignore_index)
    one_hot = np.moveaxis(np.eye(call.classes)[index], -1, call.axis)
    return rows.run(_softmax_mse, logits, (one_hot,), counts=counts, **options)


def _softmax_focal_call(
    function, logits, targets, gamma, alpha, ignore_index, reduction, axis, precision, gradient
):
    logits, targets = rows.array(logits), rows.array(targets)
    arguments.check_kind(function, "targets", targets, rows.kind(targets), ("integer",))
    arguments.check_precision(function, precision)
    call = arguments.check_rows(
        function, logits, targets, (rows.kind(logits), "integer"), axis, reduction
    )
    arguments.check_out(function, gradient, logits, targets)
    arguments.check_number(function, "gamma", gamma, 0)
    arguments.check_ignore_index(function, ignore_index, True)
    if alpha is None or isinstance(alpha, (Real, str)):
        if alpha is not None:
            arguments.check_number(function, "alpha", alpha, 0)
        alpha = np.full(call.classes, 1.0 if alpha is None else float(alpha))
    else:
        alpha = rows.array(alpha)
        arguments.check_weight(function, alpha, rows.kind(alpha), call.classes, argument="alpha")
        alpha = rows.wide(alpha)
    options = {
        "reduction": reduction,
        "axis": call.axis,
        "gradient": gradient,
        "precision": precision,
    }
    given = {
        "weight": alpha,
        "numbers": (float(gamma),),
        "by_weight": False,
        "ignore_index": ignore_index,
    }
    if (found := native.of_index("softmax_focal", logits, targets, **given, **options)) is not None:
        return found
    arguments.check_target_values(function, targets, call, ignore_index)
    counts, index = _counted(targets, ignore_index)
    options["counts"] = counts
    return rows.run(_softmax_focal, logits, (index,), alpha=alpha, gamma=float(gamma), **options)


def _counted(targets, ignore_index):
    """Which rows count, None for all; class numbers in all."""
    counts = targets != ignore_index
    return (None if counts.all() else counts), np.where(counts, targets, 0).astype(np.intp)
