"""What all losses have in common as PyTorch modules."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from ..api import arguments
from ..api.signature import Signature


class LossModule(torch.nn.Module):
    """A function with its options. Tensors are buffers, the other options attributes.

    Options are checked when the module is made; what depends on the logits is checked when it is
    called.
    """

    def __init__(self, function: Callable[..., Tensor], signature: Signature, **options: Any):
        super().__init__()
        name = type(self).__name__
        arguments.check_choice(name, "reduction", options["reduction"], arguments.REDUCTIONS)
        arguments.check_choice(name, "precision", options["precision"], arguments.PRECISIONS)
        for parameter in signature.parameters:
            value = options[parameter.name]
            if parameter.kind == "balance":
                arguments.check_balance(name, parameter.name, value)
            elif parameter.kind == "number":
                low, high = parameter.low, parameter.high
                arguments.check_number(name, parameter.name, value, low, high)
            elif isinstance(value, Real):
                arguments.check_number(name, parameter.name, value, 0)
        self._function = function
        self._options = tuple(options)
        for option, value in options.items():
            if value is None or isinstance(value, Tensor):
                self.register_buffer(option, value)
            else:
                setattr(self, option, value)

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """The loss."""
        options = {name: getattr(self, name) for name in self._options}
        return self._function(inputs, targets, **options)

    def extra_repr(self) -> str:
        """The options, for `print`."""
        values = {name: getattr(self, name) for name in self._options}
        shown = {name: value for name, value in values.items() if not isinstance(value, Tensor)}
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())
