"""Losses of classes beside cross entropy for PyTorch. The public names are in `lossbook.torch`."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..api import arguments
from ..generated.torch import softmax_focal as _softmax_focal
from ..generated.torch import softmax_mse as _softmax_mse
from ..native.kernels import SUMS
from . import autograd as rows
from . import kernels as native
from .autograd import Code


def softmax_mse_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    axis: int = 1,
    precision: str = "exact",
    inplace: bool = False,
) -> Tensor:
    """The squared error of softmax probabilities (Brier score), summed over the classes.

    Domain: logits real, or -inf. Formula: Σ_k (p_k - y_k)² for each row, p the softmax of its logits; see the chapter on
    squared error.

    logits: (N, K), (N, K, d1, ...), with the classes along `axis`, or (K,): one row.
    targets: class indices (integers), of the shape of logits without `axis`; or probabilities (floats), of the shape of
        logits, which sum to 1 along `axis`.
    ignore_index: rows with this class index count for nothing.
    reduction: "none": the loss of each row, 0 where ignored. "sum": their sum, 0.0 where no row counts. "mean": the sum
        divided by the number of rows that count; nan where there are none.
    precision, inplace: see the head of `lossbook.torch`.

    Returns: the loss in the dtype of the logits.
    Errors: targets out of range (shown with their first position) or not summing to 1, mismatched shapes, wrong dtypes,
        an empty class axis, an unknown reduction, targets that require grad.
    Stability: nothing overflows; a NaN in an ignored row reaches no result and no gradient.
    Source: `lossbook.losses.get("softmax_mse").source("torch")`.
    """
    function = "softmax_mse_loss"
    options = {"reduction": reduction, "axis": axis, "precision": precision, "inplace": inplace}

    def same(x):
        return softmax_mse_loss(
            x, targets, ignore_index=ignore_index, reduction=reduction, axis=axis
        )

    ordinary = None
    if type(targets) is not Tensor or not targets.is_floating_point():
        by_index = {"one_hot": True, "by_weight": False, "ignore_index": ignore_index}
        ordinary = native.of_index("softmax_mse", same, logits, targets, **by_index, **options)
    elif type(ignore_index) is int and ignore_index < 0:
        ordinary = native.of_shares("softmax_mse", same, logits, targets, look=SUMS, **options)
    if ordinary is not None:
        return ordinary
    arguments.check_precision(function, precision)
    shared = {
        "reduction": reduction,
        "function": function,
        "precision": precision,
        "inplace": inplace,
    }
    seen = rows.has_values(logits, targets)
    call = arguments.check_rows(
        function, logits, targets, (rows.kind(logits), rows.kind(targets)), axis, reduction
    )
    arguments.check_ignore_index(function, ignore_index, call.by_index)
    if seen:
        arguments.check_target_values(function, targets, call, ignore_index)
    code = Code(_softmax_mse, 1, axis=call.axis)
    if not call.by_index:
        if seen:
            arguments.check_sums(function, rows.real(targets).sum(call.axis))
        return rows.run(code, logits, (targets,), **shared)
    options, index = _counted(targets, ignore_index, seen)
    classes = torch.arange(call.classes, device=logits.device)
    one_hot = rows.real((index.unsqueeze(-1) == classes).movedim(-1, call.axis))
    return rows.run(code, logits, (one_hot,), **shared, **options)


def softmax_focal_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    gamma: float = 2,
    alpha: float | Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    axis: int = 1,
    precision: str = "exact",
    inplace: bool = False,
) -> Tensor:
    """Focal loss of softmax probabilities.

    Domain: logits real, or -inf for a class that is not the target. Formula: -α_t (1 - p_t)^γ log p_t for each row, p the
    softmax of its logits; see the chapters on focal loss.

    logits: (N, K), (N, K, d1, ...), with the classes along `axis`, or (K,): one row.
    targets: class indices (integers), of the shape of logits without `axis`.
    gamma: the focusing exponent, any real number from 0; 0 gives cross entropy.
    alpha: None, one weight for all classes, or (K,), a tensor: a weight for each class.
    ignore_index: rows with this class index count for nothing.
    reduction: "none": the loss of each row, 0 where ignored. "sum": their sum, 0.0 where no row counts. "mean": the sum
        divided by the number of rows that count (not, as in weighted cross entropy, by the sum of their weights); nan
        where there are none, as in an empty batch or one that is ignored whole.
    precision, inplace: see the head of `lossbook.torch`.

    Returns: the loss in the dtype of the logits.
    Errors: targets out of range (shown with their first position), mismatched shapes, wrong dtypes, an empty class axis,
        gamma below 0, negative alpha, an unknown reduction, targets or alpha that require grad.
    Stability: finite at all finite logits for every gamma, in the gradient too; a NaN in an ignored row reaches no result and no gradient.
    Source: `lossbook.losses.get("softmax_focal").source("torch")`.
    """
    function = "softmax_focal_loss"
    if (
        type(gamma) in (int, float)
        and 0 <= gamma < math.inf
        and type(alpha) in (int, float, type(None), Tensor)
    ):
        options = {
            "ignore_index": ignore_index,
            "reduction": reduction,
            "axis": axis,
            "precision": precision,
        }

        def same(x):
            return softmax_focal_loss(x, targets, gamma=gamma, alpha=alpha, **options)

        weight = 1.0 if alpha is None else alpha if isinstance(alpha, Tensor) else float(alpha)
        if isinstance(weight, Tensor) or 0 <= weight < math.inf:
            given = {
                "weight": weight,
                "numbers": (float(gamma),),
                "by_weight": False,
                "inplace": inplace,
            }
            ordinary = native.of_index("softmax_focal", same, logits, targets, **given, **options)
            if ordinary is not None:
                return ordinary
    arguments.check_precision(function, precision)
    seen = rows.has_values(logits, targets, alpha if isinstance(alpha, Tensor) else None)
    arguments.check_kind(function, "targets", targets, rows.kind(targets), ("integer",))
    call = arguments.check_rows(
        function, logits, targets, (rows.kind(logits), "integer"), axis, reduction
    )
    arguments.check_number(function, "gamma", gamma, 0)
    arguments.check_ignore_index(function, ignore_index, True)
    if seen:
        arguments.check_target_values(function, targets, call, ignore_index)
    if isinstance(alpha, Tensor):
        arguments.check_weight(
            function, alpha, rows.kind(alpha), call.classes, values=seen, argument="alpha"
        )
        alpha = rows.real(alpha)
    else:
        if alpha is not None:
            arguments.check_number(function, "alpha", alpha, 0)
        scalar = 1.0 if alpha is None else float(alpha)
        alpha = rows.real(torch.ones(call.classes, device=logits.device)) * scalar
    options, index = _counted(targets, ignore_index, seen)
    code = Code(_softmax_focal, 1, ("alpha",), (("gamma", float(gamma)),), call.axis)
    options |= {
        "reduction": reduction,
        "function": function,
        "precision": precision,
        "inplace": inplace,
    }
    return rows.run(code, logits, (index, alpha), **options)


def _counted(targets: Tensor, ignore_index: int, seen: bool) -> tuple[dict, Tensor]:
    """Which rows count, None for all, with their number; class numbers in all."""
    counts = targets != ignore_index
    options = {"counts": None if seen and bool(counts.all()) else counts, "divisor": counts.sum()}
    return options, torch.where(counts, targets, 0).long()
