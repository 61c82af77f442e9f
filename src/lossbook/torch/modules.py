"""The losses as modules. The public names are in `lossbook.torch`."""

from __future__ import annotations

from numbers import Real

import torch
from torch import Tensor

from ..api import arguments
from .classes import softmax_focal_loss, softmax_mse_loss
from .elements import (
    binary_cross_entropy_with_logits,
    mse_loss,
    sigmoid_focal_loss,
    sigmoid_mse_loss,
)


class _Loss(torch.nn.Module):
    """A function with its options: tensors are buffers, the others attributes. reduction is checked when made."""

    def __init__(self, function, **options):
        super().__init__()
        arguments.check_reduction(type(self).__name__, options["reduction"])
        self._function = function
        self._names = tuple(options)
        for name, value in options.items():
            if value is None or isinstance(value, Tensor):
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """The loss."""
        return self._function(
            inputs, targets, **{name: getattr(self, name) for name in self._names}
        )

    def extra_repr(self) -> str:
        """The options, for `print`."""
        values = {name: getattr(self, name) for name in self._names}
        return ", ".join(
            f"{name}={value!r}" for name, value in values.items() if not isinstance(value, Tensor)
        )


class MSELoss(_Loss):
    """`mse_loss` as a module, with the same arguments."""

    def __init__(self, *, reduction: str = "mean"):
        super().__init__(mse_loss, reduction=reduction)


class SigmoidMSELoss(_Loss):
    """`sigmoid_mse_loss` as a module, with the same arguments."""

    def __init__(self, *, reduction: str = "mean"):
        super().__init__(sigmoid_mse_loss, reduction=reduction)


class SoftmaxMSELoss(_Loss):
    """`softmax_mse_loss` as a module, with the same arguments."""

    def __init__(self, *, ignore_index: int = -100, reduction: str = "mean", axis: int = 1):
        super().__init__(
            softmax_mse_loss, ignore_index=ignore_index, reduction=reduction, axis=axis
        )


class BCEWithLogitsLoss(_Loss):
    """`binary_cross_entropy_with_logits` as a module, with the same arguments; the weights are buffers."""

    def __init__(
        self,
        *,
        weight: Tensor | None = None,
        pos_weight: Tensor | None = None,
        reduction: str = "mean",
    ):
        super().__init__(
            binary_cross_entropy_with_logits,
            weight=weight,
            pos_weight=pos_weight,
            reduction=reduction,
        )


class SigmoidFocalLoss(_Loss):
    """`sigmoid_focal_loss` as a module, with the same arguments."""

    def __init__(self, alpha: float | None = 0.25, gamma: float = 2, reduction: str = "none"):
        name = type(self).__name__
        arguments.check_alpha(name, alpha)
        arguments.check_number(name, "gamma", gamma, 0)
        super().__init__(sigmoid_focal_loss, alpha=alpha, gamma=gamma, reduction=reduction)


class SoftmaxFocalLoss(_Loss):
    """`softmax_focal_loss` as a module, with the same arguments; alpha is a buffer where it is a tensor."""

    def __init__(
        self,
        *,
        gamma: float = 2,
        alpha: float | Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        axis: int = 1,
    ):
        name = type(self).__name__
        arguments.check_number(name, "gamma", gamma, 0)
        if isinstance(alpha, Real):
            arguments.check_number(name, "alpha", alpha, 0)
        options = {"ignore_index": ignore_index, "reduction": reduction, "axis": axis}
        super().__init__(softmax_focal_loss, gamma=gamma, alpha=alpha, **options)
