"""What is measured on: the shapes, and logits and targets of a loss in that shape."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import torch

# Losses of single outputs; the others have their classes along axis 1.
ELEMENTS = ("sigmoid_focal", "binary_cross_entropy", "sigmoid_mse", "mse")
BY_INDEX = ("softmax_focal", "cross_entropy_index")
LOSSES = (*BY_INDEX, "cross_entropy", "softmax_mse", *ELEMENTS)

SHAPES = {
    "detection": (200_000, 80),
    "segmentation": (8, 8, 384, 1024),
    "classification": (65_536, 1000),
    "vocabulary": (4096, 32_000),
    "tiny": (32, 10),
}
SMOKE_SHAPES = SHAPES | {
    "detection": (50_000, 80),
    "segmentation": (2, 8, 384, 1024),
    "classification": (16_384, 1000),
    "vocabulary": (512, 32_000),
}
CLASSES = (2, 3, 8, 21, 32, 64, 256, 1024, 16_384, 262_144)
ROWS = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000)
ROWS_CLASSES = 80
BUFFERS = 64  # of logits below `SMALL` bytes, so that a round can call in place many times
SMALL = 1 << 16


@dataclass(frozen=True)
class Case:
    """Logits and targets, in NumPy; `torch` has the same memory as tensors. buffers: warm arrays like the logits."""

    workload: str
    loss: str
    logits: np.ndarray
    targets: np.ndarray
    buffers: tuple[np.ndarray, ...]

    @property
    def torch(self) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.from_numpy(self.logits), torch.from_numpy(self.targets)

    @property
    def part(self) -> tuple[slice, ...]:
        """A few whole rows, on which gradients are compared."""
        return (slice(0, 4),) if self.logits.ndim == 2 else (slice(0, 1), slice(None), slice(0, 4))

    def copy(self, n: int) -> None:
        """The unit: the logits written to the n-th buffer."""
        torch.from_numpy(self.buffers[n]).copy_(torch.from_numpy(self.logits))


def shapes(workload: str, smoke: bool) -> list[tuple[int, ...]]:
    """The shapes of a workload; those of a sweep from small to large."""
    if workload == "classes":
        cells, counts = (1 << 22, CLASSES[::3]) if smoke else (1 << 24, CLASSES)
        return [(cells // k, k) for k in counts]
    if workload == "rows":
        return [(n, ROWS_CLASSES) for n in (ROWS[:-1:2] if smoke else ROWS)]
    return [(SMOKE_SHAPES if smoke else SHAPES)[workload]]


def case(workload: str, loss: str, shape: tuple[int, ...], seed: int = 0) -> Case:
    """Random logits and targets."""
    random = torch.Generator().manual_seed(seed)
    logits = torch.randn(shape, generator=random).mul_(2)
    if loss in ELEMENTS:
        targets = (torch.rand(shape, generator=random) < 0.1).to(torch.float32)
    elif loss in BY_INDEX:
        targets = torch.randint(shape[1], (shape[0], *shape[2:]), generator=random)
    else:
        targets = torch.softmax(torch.randn(shape, generator=random), 1)
    count = BUFFERS if 4 * prod(shape) < SMALL else 1
    buffers = tuple(
        logits.clone().numpy() for _ in range(count)
    )  # torch's own memory is aligned; clone warms it
    return Case(workload, loss, logits.numpy(), targets.numpy(), buffers)
