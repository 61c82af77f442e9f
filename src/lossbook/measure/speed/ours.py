"""Our losses, ready to be timed: which function, in which mode."""

from __future__ import annotations

import numpy as np
import torch

import lossbook.numpy
import lossbook.torch

from ...losses import get
from .rounds import Candidate
from .workloads import BenchInputs

PRECISIONS = ("exact", "fast")
MAIN = ("in place", "given buffer", "training step")
MODES = (*MAIN, "value")


def native(inputs: BenchInputs, modes: tuple[str, ...] = MODES) -> list[Candidate]:
    """Our kernels, in both precisions."""
    return [
        _ours(inputs, "ours native", precision, mode) for mode in modes for precision in PRECISIONS
    ]


def generated(inputs: BenchInputs, name: str) -> list[Candidate]:
    """Our generated code, where the kernels are switched off."""
    if name == "ours torch":
        return [_ours(inputs, name, "exact", mode) for mode in ("training step", "value")]
    if name == "ours NumPy":
        return [_ours(inputs, name, "exact", "given buffer")]
    return [_ours(inputs, name, "exact", "training step")]


def _ours(inputs: BenchInputs, name: str, precision: str, mode: str) -> Candidate:
    function, options = get(inputs.loss).function, {"reduction": "mean"}
    if precision != "exact":  # the default
        options = options | {"precision": precision}
    if mode in ("in place", "given buffer"):
        return _into_a_buffer(inputs, name, precision, mode, function, options)
    function = getattr(lossbook.torch, function)
    logits, targets = inputs.torch
    if name == "ours compiled":
        function = compiled(function)
    if mode == "value":
        return Candidate(
            name, precision, mode, lambda n: (function(logits, targets, **options), None)
        )
    return step(name, precision, lambda x, y: function(x, y, **options), logits, targets)


def _into_a_buffer(
    inputs: BenchInputs, name: str, precision: str, mode: str, function: str, options: dict
) -> Candidate:
    function = getattr(lossbook.numpy, function + "_with_grad")
    logits, targets, buffers = inputs.logits, inputs.targets, inputs.buffers
    if mode == "given buffer":
        return Candidate(
            name, precision, mode, lambda n: function(logits, targets, out=buffers[n], **options)
        )
    return Candidate(
        name,
        precision,
        mode,
        lambda n: function(buffers[n], targets, out=buffers[n], **options),
        lambda n: np.copyto(buffers[n], logits),
    )


def step(
    name: str, precision: str | None, function, logits: torch.Tensor, targets: torch.Tensor
) -> Candidate:
    """Forward and backward through autograd; the gradient is dropped as in a training loop."""
    logits = logits.detach().requires_grad_()

    def call(n):
        value = function(logits, targets)
        (gradient,) = torch.autograd.grad(value, logits)
        return value, gradient

    return Candidate(name, precision, "training step", call)


def compiled(function):
    """By torch.compile, for this one shape: what was compiled for others is forgotten."""
    torch.compiler.reset()
    return torch.compile(function, dynamic=False)
