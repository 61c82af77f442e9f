"""What `make bench` measured, as tables and figures: costs in copies of the logits, with the machine named.

A cost is the time of value and gradient, divided by the time of a plain copy of the logits in the same round; its quartiles
are over the rounds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

from . import figures, losses, show
from .show import Html

MODES = ("in place", "given buffer", "training step", "value")
ALLOCATORS = ("default", "reuse")
MARKERS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True)
class Row:
    """One measurement. precision: "exact", "fast", or None for others' code. ratio: quartiles, in copies of the logits.
    copy_ns: what one copy took. memory: extra memory at the peak, in copies of the logits, beside a given buffer.
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
        return self.copies * self.copy_ns / self.logits

    @property
    def label(self) -> str:
        """The implementation; `fast` wherever it is the less accurate one."""
        return self.implementation + (f", {self.precision}" if self.precision else "")


@dataclass(frozen=True)
class Bench:
    """All rows, the machine, the versions of the libraries. smoke: a few quick rounds, not to be relied on."""

    machine: dict
    versions: dict
    smoke: bool
    date: str
    rows: tuple[Row, ...]

    def find(self, **wanted) -> list[Row]:
        """The rows with these values; a tuple stands for any of its items."""

        def fits(row: Row) -> bool:
            return all(
                getattr(row, name) in value if isinstance(value, tuple) else getattr(row, name) == value
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
    """The file that `make bench` wrote."""
    data = json.loads(Path(path).read_text("utf-8"))
    rows = tuple(Row(**row | {"shape": tuple(row["shape"]), "ratio": tuple(row["ratio"])}) for row in data["rows"])
    return Bench(data["machine"], data["versions"], data["smoke"], data["date"], rows)


def machine(bench: Bench) -> Html:
    """The machine and the libraries, and a warning where the rounds were few."""
    told = [(name, value) for name, value in bench.machine.items() if value]
    told += [(name, version) for name, version in bench.versions.items() if version]
    told += [("measured on", bench.date)]
    table = show.table(("", ""), told, "The machine, and the versions of the libraries.")
    if not bench.smoke:
        return table
    warning = (
        "These numbers come from a few quick rounds on a busy machine: they show the form of the tables, not the speed."
    )
    return Html(f'<p class="lb-hypotheses">{warning}</p>{table.html}', f"{warning}\n{table.text}")


def size(shape: tuple[int, ...]) -> str:
    """A shape in words."""
    return " × ".join(f"{n:,}" for n in shape)


def _cost(row: Row | None) -> str:
    if row is None:
        return ""
    low, middle, high = row.ratio
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def workload(bench: Bench, name: str, threads: int) -> Html:
    """One table: every implementation on one workload, in copies of the logits, with both settings of the allocator."""
    found = bench.find(workload=name, threads=threads)
    if not found:
        return Html("", f"{name}, {threads} threads: not measured")
    keys = dict.fromkeys((r.loss, r.mode, r.label) for r in sorted(found, key=_order))
    rows = []
    for loss, mode, label in keys:
        here = {r.allocator: r for r in found if (r.loss, r.mode, r.label) == (loss, mode, label)}
        memory = next((r.memory for r in here.values() if r.memory is not None), None)
        told = "" if memory is None else f"{memory:.1f}"
        rows.append((losses.get(loss).title, label, mode, *(_cost(here.get(a)) for a in ALLOCATORS), told))
    header = ("loss", "code", "gradient", "default", "heap reused", "extra memory")
    plural = "thread" if threads == 1 else "threads"
    caption = f"{name.capitalize()}, {size(found[0].shape)}, {threads} {plural}: copies of the logits, with quartiles."
    return show.table(header, rows, caption)


def _order(row: Row) -> tuple:
    return row.loss, MODES.index(row.mode), not row.implementation.startswith("ours"), row.copies


def growth(bench: Bench, name: str, threads: int, allocator: str = "default") -> Html:
    """How the cost of one logit grows with the number of classes ("classes") or of rows ("rows"): a log-log figure."""
    found = bench.find(workload=name, threads=threads, allocator=allocator)
    axis, what = {"classes": (1, "number of classes K"), "rows": (0, "number of rows N")}[name]
    fig, ax = figures.subplots(figsize=(6.4, 4.2))
    for marker, (label, line) in zip(MARKERS * 3, _lines(found, axis), strict=False):
        ax.loglog(*zip(*line, strict=True), marker=marker, ms=4, lw=1, label=label)
    copies = sorted({(r.shape[axis], r.copy_ns / r.logits) for r in found})
    ax.loglog(*zip(*copies, strict=True), ls=":", color=figures.INK, label="a copy of the logits")
    ax.set_xlabel(what)
    ax.set_ylabel("nanoseconds per logit")
    ax.legend(fontsize=7, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.16))
    plural = "thread" if threads == 1 else "threads"
    caption = f"The cost of one logit against the {what}, {threads} {plural}, the allocator as it is."
    alt = (
        f"Log-log plot of nanoseconds per logit against the {what}, a line for each implementation and one for a copy."
    )
    return figures.figure(fig, name=f"memory-bus-{name}-{threads}", alt=alt, caption=caption)


def _lines(found: list[Row], axis: int) -> Iterator[tuple[str, list[tuple[int, float]]]]:
    for loss, label, mode in dict.fromkeys((r.loss, r.label, r.mode) for r in sorted(found, key=_order)):
        rows = [r for r in found if (r.loss, r.label, r.mode) == (loss, label, mode)]
        several = len({r.loss for r in found}) > 1
        name = f"{losses.get(loss).title}: " if several else ""
        yield f"{name}{label}, {mode}", sorted((r.shape[axis], r.ns) for r in rows)
