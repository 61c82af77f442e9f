"""What `lossbook bench` measured: costs in copies of the logits. `lossbook.book.speed` shows it.

A cost is the time of value and gradient, divided by the time of a plain copy of the logits in the
same round; its quartiles are over the rounds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path

MODES = ("in place", "given buffer", "in place step", "training step", "value")
ALLOCATORS = ("default", "reuse")


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        workload: one of `lossbook.measure.speed.workloads.WORKLOADS`.
        shape: of the logits.
        loss: its name.
        implementation: whose code, such as "ours native" or "torch compiled".
        precision: "exact" or "fast"; None for other people's code.
        mode: one of `MODES`.
        threads: how many there were.
        allocator: one of `ALLOCATORS`.
        ratio: quartiles of the time, in copies of the logits.
        copy_ns: nanoseconds that a copy took for each logit.
        memory: extra memory at the peak, in copies of the logits, beside a given buffer.
    """

    workload: str
    shape: tuple[int, ...]
    loss: str
    implementation: str
    precision: str | None
    mode: str
    threads: int
    allocator: str
    ratio: tuple[float, float, float]
    copy_ns: float
    memory: float | None = None

    @property
    def copies(self) -> float:
        """The median."""
        return self.ratio[1]

    @property
    def logits(self) -> int:
        """How many there are."""
        return prod(self.shape)

    @property
    def ns(self) -> float:
        """Nanoseconds for each logit."""
        return self.copies * self.copy_ns

    @property
    def label(self) -> str:
        """The implementation; `fast` wherever it is the less accurate one."""
        return self.implementation + (f", {self.precision}" if self.precision else "")


@dataclass(frozen=True)
class Bench:
    """A run of the benchmark.

    Attributes:
        machine: the processor and the system.
        versions: of the libraries.
        smoke: whether it was a few quick rounds, not to be relied on.
        date: of the run, as in ISO 8601.
        rows: the measurements.
        targets: what was to be reached, and what was measured.
        failures: what could not be measured.
    """

    machine: dict
    versions: dict
    smoke: bool
    date: str
    rows: tuple[Row, ...]
    targets: tuple[dict, ...] = ()
    failures: tuple[dict, ...] = ()

    def find(self, **wanted) -> list[Row]:
        """The rows with these values; a tuple stands for any of its items."""

        def fits(row: Row) -> bool:
            return all(
                getattr(row, name) in value
                if isinstance(value, tuple)
                else getattr(row, name) == value
                for name, value in wanted.items()
            )

        return [row for row in self.rows if fits(row)]

    def one(self, **wanted) -> Row | None:
        """The first of them."""
        return next(iter(self.find(**wanted)), None)

    @property
    def threads(self) -> list[int]:
        """How many threads there were."""
        return sorted({row.threads for row in self.rows})


def read(path: str | Path) -> Bench:
    """The measurements in a file that `lossbook bench` wrote."""
    data = json.loads(Path(path).read_text("utf-8"))
    rows = tuple(
        Row(**row | {"shape": tuple(row["shape"]), "ratio": tuple(row["ratio"])})
        for row in data["rows"]
    )
    return Bench(
        data["machine"],
        data["versions"],
        data["smoke"],
        data["date"],
        rows,
        tuple(data["targets"]),
        tuple(data["failures"]),
    )


def order(row: Row) -> tuple:
    """By loss and mode, ours first, the quickest first."""
    return row.loss, MODES.index(row.mode), not row.implementation.startswith("ours"), row.copies


def threads_of(count: int) -> str:
    """A number of threads in words."""
    return f"{count} thread" if count == 1 else f"{count} threads"
