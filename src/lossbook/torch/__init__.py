"""Losses and activations for PyTorch, with generated first and second derivatives.

Common to all: the dtype of the logits is kept; float16, bfloat16 and float32 are computed in float64, float64 in pairs
of float64, and rounded once, at the end. Differentiated by the logits, twice by generated code; `torch.func.grad` and `vmap` work. A wrong argument
raises `ValueError` or `TypeError` that names it; values are not looked at while `vmap` maps over them.

On a CPU they are computed by kernels in C++, generated from the same equations and compiled when
first used, where there is a compiler: `lossbook.native.status()` says whether and why not. Then all losses take two options:

precision: "exact", as above, or "fast", float32 arithmetic, at most 16 units in the last place off. Where there is no
    kernel, and for float64, "fast" is computed exactly too.
inplace: True lets the gradient overwrite the logits, which saves its memory; they hold no logits afterwards. Refused where
    it would be unsafe: reduction "none", a leaf that requires grad, logits that have gaps in memory.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..api import arguments
from ..generated.torch import cross_entropy as _cross_entropy
from ..generated.torch import cross_entropy_index as _cross_entropy_index
from ..generated.torch import log_softmax as _log_softmax
from ..generated.torch import sigmoid as _sigmoid
from ..generated.torch import softmax as _softmax
from . import autograd as rows
from . import kernels as native
from .autograd import Activation, Code
from .classes import softmax_focal_loss, softmax_mse_loss
from .elements import (
    binary_cross_entropy_with_logits,
    mse_loss,
    sigmoid_focal_loss,
    sigmoid_mse_loss,
)
from .modules import (
    BCEWithLogitsLoss,
    MSELoss,
    SigmoidFocalLoss,
    SigmoidMSELoss,
    SoftmaxFocalLoss,
    SoftmaxMSELoss,
)

__all__ = [
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "MSELoss",
    "SigmoidFocalLoss",
    "SigmoidMSELoss",
    "SoftmaxFocalLoss",
    "SoftmaxMSELoss",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "log_softmax",
    "mse_loss",
    "sigmoid",
    "sigmoid_focal_loss",
    "sigmoid_mse_loss",
    "softmax",
    "softmax_focal_loss",
    "softmax_mse_loss",
]


def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
    axis: int = 1,
    precision: str = "exact",
    inplace: bool = False,
) -> Tensor:
    r"""Cross entropy between softmax probabilities and targets, as `torch.nn.functional.cross_entropy`.

    Domain: logits real, or -inf for a class that is not the target. Formula: -Σ_k w_k ((1-ε) y_k + ε/K) log p_k for each
    row, p the softmax of its logits; see the chapter on cross entropy.

    logits: (N, K), (N, K, d1, ...), with the classes along `axis`, or (K,): one row.
    targets: class indices (integers), of the shape of logits without `axis`; or probabilities (floats), of the shape of
        logits. Probabilities need not sum to 1. They are constants: no gradient reaches targets or weight.
    weight: (K,), a weight for each class. ignore_index: rows with this class index count for nothing.
    label_smoothing: ε, the share of each target spread evenly over the classes.
    reduction: "none": the loss of each row, 0 where ignored. "sum": their sum, 0.0 where no row counts. "mean": the sum
        divided by the sum of the weights of the targets that count (class indices) or by the number of rows
        (probabilities); nan, with gradient 0, where that is 0, as in an empty batch or one that is ignored whole.
    precision, inplace: see the head of this module.

    Returns: the loss in the dtype of the logits.
    Errors: targets out of range (shown with their first position), mismatched shapes, wrong dtypes, an empty class axis,
        negative weights, label_smoothing outside [0, 1], targets or weight that require grad.
    Stability: finite wherever the result is representable; 1 - p_t and log p_t are never formed by a subtraction.
        A NaN in an ignored row reaches no gradient.
    Source: `lossbook.losses.get("cross_entropy").source("torch")`.
    """
    function = "cross_entropy"
    if (
        type(label_smoothing) in (int, float)
        and 0 <= label_smoothing <= 1
        and type(weight) in (type(None), Tensor)
    ):

        def same(x):
            given = {
                "weight": weight,
                "ignore_index": ignore_index,
                "label_smoothing": label_smoothing,
            }
            return cross_entropy(x, targets, reduction=reduction, axis=axis, **given)

        options = {"reduction": reduction, "axis": axis, "precision": precision, "inplace": inplace}
        options["weight"] = 1.0 if weight is None else weight
        smoothing = {"numbers": (float(label_smoothing),)}
        ordinary = None
        if type(targets) is not Tensor or not targets.is_floating_point():
            options |= {"by_weight": True, "ignore_index": ignore_index}
            name, more = (
                ("cross_entropy", {"one_hot": True} | smoothing)
                if label_smoothing
                else ("cross_entropy_index", {})
            )
            ordinary = native.of_index(name, same, logits, targets, **more, **options)
        elif type(ignore_index) is int and ignore_index < 0:
            ordinary = native.of_shares(
                "cross_entropy", same, logits, targets, **smoothing, **options
            )
        if ordinary is not None:
            return ordinary
    arguments.check_precision(function, precision)
    seen = rows.has_values(logits, targets, weight)
    call = arguments.check_rows(
        function, logits, targets, (rows.kind(logits), rows.kind(targets)), axis, reduction
    )
    arguments.check_number(function, "label_smoothing", label_smoothing, 0, 1)
    arguments.check_ignore_index(function, ignore_index, call.by_index)
    if seen:
        arguments.check_target_values(function, targets, call, ignore_index)
    if weight is None:
        weight = rows.real(torch.ones(call.classes, device=logits.device))
    else:
        arguments.check_weight(function, weight, rows.kind(weight), call.classes, values=seen)
        weight = rows.real(weight)

    shared = {
        "reduction": reduction,
        "function": function,
        "precision": precision,
        "inplace": inplace,
    }
    smoothed = Code(
        _cross_entropy, 1, ("weight",), (("label_smoothing", float(label_smoothing)),), call.axis
    )
    if not call.by_index:
        return rows.run(smoothed, logits, (targets, weight), **shared)
    counts = targets != ignore_index
    index = torch.where(counts, targets, 0).long()
    shared |= {
        "counts": None if seen and bool(counts.all()) else counts,
        "divisor": torch.where(
            counts, weight[index.unsqueeze(0)], 0
        ).sum(),  # an index of no axes would end vmap
    }
    if label_smoothing == 0:
        return rows.run(
            Code(_cross_entropy_index, 1, ("weight",), (), call.axis),
            logits,
            (index, weight),
            **shared,
        )
    classes = torch.arange(call.classes, device=logits.device)
    one_hot = rows.real((index.unsqueeze(-1) == classes).movedim(-1, call.axis))
    return rows.run(smoothed, logits, (one_hot, weight), **shared)


class CrossEntropyLoss(torch.nn.Module):
    """`cross_entropy` as a module, with the same arguments; `weight` is a buffer."""

    def __init__(
        self,
        *,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
        axis: int = 1,
        precision: str = "exact",
        inplace: bool = False,
    ):
        super().__init__()
        arguments.check_reduction(type(self).__name__, reduction)
        arguments.check_number(type(self).__name__, "label_smoothing", label_smoothing, 0, 1)
        arguments.check_precision(type(self).__name__, precision)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.reduction = reduction
        self.axis = axis
        self.precision = precision
        self.inplace = inplace

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss."""
        return cross_entropy(
            logits,
            targets,
            weight=self.weight,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            reduction=self.reduction,
            axis=self.axis,
            precision=self.precision,
            inplace=self.inplace,
        )

    def extra_repr(self) -> str:
        """The options, for `print`."""
        return (
            f"ignore_index={self.ignore_index}, label_smoothing={self.label_smoothing}, "
            f"reduction={self.reduction!r}, axis={self.axis}, precision={self.precision!r}, inplace={self.inplace}"
        )


def sigmoid(logits: Tensor) -> Tensor:
    """1 / (1 + exp(-logits)), for each element.

    Domain: any real number, ±inf included. Formula: the chapter on the sigmoid. Shape and dtype are those of the logits.
    Stability: full relative accuracy on both sides, in the gradient too.
    Source: `lossbook.losses.get("sigmoid").source("torch")`.
    """
    return _activation("sigmoid", _sigmoid, logits)


def softmax(logits: Tensor, *, axis: int = -1) -> Tensor:
    """exp(logits) divided by its sum along `axis` (PyTorch's `dim`).

    Domain: real numbers, or -inf (not all along the axis). Formula: the chapter on softmax. Shape and dtype are those of
    the logits. Stability: nothing overflows. Source: `lossbook.losses.get("softmax").source("torch")`.
    """
    return _activation("softmax", _softmax, logits, axis)


def log_softmax(logits: Tensor, *, axis: int = -1) -> Tensor:
    """The logarithm of the softmax along `axis` (PyTorch's `dim`).

    Domain: real numbers, or -inf (not all along the axis). Formula: the chapter on softmax. Shape and dtype are those of
    the logits. Stability: keeps a probability near 1 (its small logarithm) and one near 0 (its large one).
    Source: `lossbook.losses.get("log_softmax").source("torch")`.
    """
    return _activation("log_softmax", _log_softmax, logits, axis)


def _activation(function: str, code, logits: Tensor, axis: int | None = None) -> Tensor:
    arguments.check_kind(function, "logits", logits, rows.kind(logits), ("float",))
    if axis is not None:
        axis = arguments.check_axis(function, logits, axis)
    return Activation.apply(logits, Code(code, axis=axis))
