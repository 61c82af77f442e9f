"""Our losses, ready to be timed: which function, in which mode."""

from __future__ import annotations

import numpy as np
import torch

import lossbook.numpy
import lossbook.torch

from .rounds import Entry
from .workloads import Case

# loss: the function of both fronts, and its options
FUNCTIONS = {
    "softmax_focal": ("softmax_focal_loss", {"gamma": 2}),
    "cross_entropy_index": ("cross_entropy", {}),
    "cross_entropy": ("cross_entropy", {}),
    "softmax_mse": ("softmax_mse_loss", {}),
    "sigmoid_focal": ("sigmoid_focal_loss", {"alpha": 0.25, "gamma": 2, "reduction": "mean"}),
    "binary_cross_entropy": ("binary_cross_entropy_with_logits", {}),
    "sigmoid_mse": ("sigmoid_mse_loss", {}),
    "mse": ("mse_loss", {}),
}
PRECISIONS = ("exact", "fast")
MAIN = ("in place", "given buffer", "training step")
MODES = (*MAIN, "value")


def native(case: Case, modes: tuple[str, ...] = MODES) -> list[Entry]:
    """Our kernels, in both precisions."""
    return [
        _ours(case, "ours native", precision, mode) for mode in modes for precision in PRECISIONS
    ]


def generated(case: Case, name: str) -> list[Entry]:
    """Our generated code, where the kernels are switched off."""
    if name == "ours torch":
        return [_ours(case, name, "exact", mode) for mode in ("training step", "value")]
    if name == "ours NumPy":
        return [_ours(case, name, "exact", "given buffer")]
    return [_ours(case, name, "exact", "training step")]


def _ours(case: Case, name: str, precision: str, mode: str) -> Entry:
    function, options = FUNCTIONS[case.loss]
    if precision != "exact":  # the default
        options = options | {"precision": precision}
    if mode in ("in place", "given buffer"):
        return _into_a_buffer(case, name, precision, mode, function, options)
    function = getattr(lossbook.torch, function)
    logits, targets = case.torch
    if name == "ours compiled":
        function = compiled(function)
    if mode == "value":
        return Entry(name, precision, mode, lambda n: (function(logits, targets, **options), None))
    return step(name, precision, lambda x, y: function(x, y, **options), logits, targets)


def _into_a_buffer(
    case: Case, name: str, precision: str, mode: str, function: str, options: dict
) -> Entry:
    function = getattr(lossbook.numpy, function + "_with_grad")
    logits, targets, buffers = case.logits, case.targets, case.buffers
    if mode == "given buffer":
        return Entry(
            name, precision, mode, lambda n: function(logits, targets, out=buffers[n], **options)
        )
    return Entry(
        name,
        precision,
        mode,
        lambda n: function(buffers[n], targets, out=buffers[n], **options),
        lambda n: np.copyto(buffers[n], logits),
    )


def step(
    name: str, precision: str | None, function, logits: torch.Tensor, targets: torch.Tensor
) -> Entry:
    """Forward and backward through autograd; the gradient is dropped before the call ends, as in a training loop."""
    logits = logits.detach().requires_grad_()

    def call(n):
        value = function(logits, targets)
        (gradient,) = torch.autograd.grad(value, logits)
        return value, gradient

    return Entry(name, precision, "training step", call)


def compiled(function):
    """By torch.compile, for this one shape: what was compiled for others is forgotten."""
    torch.compiler.reset()
    return torch.compile(function, dynamic=False)
