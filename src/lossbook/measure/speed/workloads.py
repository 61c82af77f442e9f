"""What is measured on: the shapes, and random logits and targets of a loss in a shape."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from sympy import Indexed

from ...losses import Loss, all_losses, get

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
SWEEPS = ("classes", "rows")
LARGE = ("detection", "segmentation", "classification", "vocabulary")
# The cheap ones first, for time may run out.
WORKLOADS = (
    "tiny",
    "classes",
    "rows",
    "segmentation",
    "vocabulary",
    "classification",
    "detection",
)
BUFFERS = 64  # of logits below `SMALL` bytes, so that a round can call in place many times
SMALL = 1 << 16


@dataclass(frozen=True)
class BenchInputs:
    """Logits and targets of one loss in NumPy; `torch` has the same memory as tensors.

    Attributes:
        workload: one of `WORKLOADS`.
        loss: its name.
        logits: float32, with the classes along axis 1.
        targets: class numbers, or numbers of the shape of the logits.
        buffers: arrays like the logits, their memory touched before.
    """

    workload: str
    loss: str
    logits: np.ndarray
    targets: np.ndarray
    buffers: tuple[np.ndarray, ...]

    @property
    def torch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and targets as tensors."""
        return torch.from_numpy(self.logits), torch.from_numpy(self.targets)

    @property
    def part(self) -> tuple[slice, ...]:
        """A few whole rows, on which gradients are compared."""
        return (slice(0, 4),) if self.logits.ndim == 2 else (slice(0, 1), slice(None), slice(0, 4))

    def copy(self, n: int) -> None:
        """The unit of time: the logits written to the n-th buffer."""
        torch.from_numpy(self.buffers[n]).copy_(torch.from_numpy(self.logits))


def loss_names() -> tuple[str, ...]:
    """The losses that are measured: all that are registered, without the activations."""
    return tuple(loss.name for loss in all_losses() if not loss.is_activation)


def losses_of(workload: str) -> tuple[str, ...]:
    """The losses that a workload makes sense for, by the form of their logits and targets."""
    found = map(get, loss_names())
    if workload == "detection":
        chosen = [loss for loss in found if not _of_rows(loss)]
    elif workload in ("segmentation", "classification"):
        chosen = [loss for loss in found if _of_rows(loss)]
    elif workload == "tiny":
        chosen = list(found)
    else:
        chosen = [loss for loss in found if loss.target == "class index"]
    return tuple(loss.name for loss in chosen)


def _of_rows(loss: Loss) -> bool:
    return isinstance(loss.wrt, Indexed)


def shapes(workload: str, smoke: bool) -> list[tuple[int, ...]]:
    """The shapes of a workload; those of a sweep from small to large."""
    if workload == "classes":
        cells, counts = (1 << 22, CLASSES[::3]) if smoke else (1 << 24, CLASSES)
        return [(cells // k, k) for k in counts]
    if workload == "rows":
        return [(n, ROWS_CLASSES) for n in (ROWS[:-1:2] if smoke else ROWS)]
    return [(SMOKE_SHAPES if smoke else SHAPES)[workload]]


def random_inputs(workload: str, name: str, shape: tuple[int, ...], seed: int = 0) -> BenchInputs:
    """Random logits and targets for the loss of that name."""
    loss, random = get(name), torch.Generator().manual_seed(seed)
    logits = torch.randn(shape, generator=random).mul_(2)
    if not _of_rows(loss):
        targets = (torch.rand(shape, generator=random) < 0.1).to(torch.float32)
    elif loss.target == "class index":
        targets = torch.randint(shape[1], (shape[0], *shape[2:]), generator=random)
    else:
        targets = torch.softmax(torch.randn(shape, generator=random), 1)
    count = BUFFERS if 4 * prod(shape) < SMALL else 1
    # Memory from torch is aligned, and a clone has touched it.
    buffers = tuple(logits.clone().numpy() for _ in range(count))
    return BenchInputs(workload, name, logits.numpy(), targets.numpy(), buffers)
