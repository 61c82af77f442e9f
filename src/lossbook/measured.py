"""What `make bench` measured, as tables and figures: costs in copies of the logits, with the machine named.

A cost is the time of value and gradient, divided by the time of a plain copy of the logits in the same round; its quartiles
are over the rounds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path

from . import losses, show
from .show import Html

MODES = ("in place", "given buffer", "training step", "value")
ALLOCATORS = ("default", "reuse")
ABOUT = {
    "detection": "sigmoid_focal",
    "segmentation": "softmax_focal",
    "classification": "softmax_focal",
    "vocabulary": "softmax_focal",
    "tiny": "softmax_focal",
}


@dataclass(frozen=True)
class Row:
    """One measurement. precision: "exact", "fast", or None for others' code. ratio: quartiles, in copies of the logits.
    copy_ns: nanoseconds of a copy for each logit. memory: extra memory at the peak, in copies of the logits, beside a given buffer.
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
    """All rows, the machine, the versions of the libraries, and what was to be reached (`lossbook.bench.bars`). smoke: a few quick rounds, not to be relied on."""

    machine: dict
    versions: dict
    smoke: bool
    date: str
    rows: tuple[Row, ...]
    bars: tuple[dict, ...] = ()

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
    return Bench(data["machine"], data["versions"], data["smoke"], data["date"], rows, tuple(data["bars"]))


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
    low, middle, high = map(_short, row.ratio)
    return f"{middle} ({low}–{high})".replace(" ", "\N{NO-BREAK SPACE}")


def _short(copies: float) -> str:
    """Three digits."""
    return f"{copies:,.0f}" if copies >= 99.5 else f"{copies:.1f}" if copies >= 9.95 else f"{copies:.2f}"


def summary(bench: Bench, threads: int, allocator: str = "default") -> Html:
    """Medians only: every implementation on every workload, for the loss that the workload is about."""
    columns = {}
    for name, loss in ABOUT.items():
        found = bench.find(workload=name, loss=loss, threads=threads, allocator=allocator)
        if found:
            columns[f"{name}, {size(found[0].shape)}"] = {(r.mode, r.label): r for r in found}
    keys = {key: row for column in columns.values() for key, row in column.items()}
    ordered = sorted(keys, key=lambda key: (order(keys[key])[1:3], key[1]))
    rows = [
        (label, mode, *(_short(c[mode, label].copies) if (mode, label) in c else "" for c in columns.values()))
        for mode, label in ordered
    ]
    told = {"default": "the allocator as it is", "reuse": "the heap reused"}[allocator]
    return show.table(("code", "gradient", *columns), rows, f"Copies of the logits: {threads_of(threads)}, {told}.")


def threads_of(count: int) -> str:
    return f"{count} thread" if count == 1 else f"{count} threads"


def workload(bench: Bench, name: str, threads: int) -> Html:
    """Every implementation of every loss on one workload, in copies of the logits, with both settings of the allocator; a
    table for each loss, folded away.
    """
    found = sorted(bench.find(workload=name, threads=threads), key=order)
    parts = []
    for loss in dict.fromkeys(r.loss for r in found):
        here = [r for r in found if r.loss == loss]
        rows = []
        for mode, label in dict.fromkeys((r.mode, r.label) for r in here):
            by = {r.allocator: r for r in here if (r.mode, r.label) == (mode, label)}
            memory = next((f"{r.memory:.1f}" for r in by.values() if r.memory is not None), "")
            rows.append((label, mode, *(_cost(by.get(a)) for a in ALLOCATORS), memory))
        title = f"{name.capitalize()}, {size(here[0].shape)}, {threads_of(threads)}: {losses.get(loss).title}"
        table = show.table(("code", "gradient", "default", "heap reused", "extra memory"), rows)
        fold = f"<details><summary>{title}</summary>{table.html}</details>"
        parts.append(Html(fold, f"{title}\n{table.text}"))
    return Html("".join(p.html for p in parts), "\n".join(p.text for p in parts))


def bars(bench: Bench) -> Html:
    """What was to be reached, and for each setting the worst that was measured and whether it is enough."""
    settings = [(n, a) for n in bench.threads for a in ALLOCATORS]
    names = {"default": "default", "reuse": "heap reused"}
    rows = []
    for what in dict.fromkeys(bar["what"] for bar in bench.bars):
        by = {(bar["threads"], bar["allocator"]): bar for bar in bench.bars if bar["what"] == what}
        first = next(iter(by.values()))
        limit = f"{'≤' if first['at_most'] else '≥'}\N{NO-BREAK SPACE}{first['limit']:g}{first['unit']}"
        rows.append((what, limit, *(_verdict(by.get(setting)) for setting in settings)))
    header = ["bar", "", *(f"{threads_of(n)}, {names[a]}" for n, a in settings)]
    return show.table(header, rows, "What was to be reached, the worst measurement, and whether it is enough.")


def _verdict(bar: dict | None) -> str:
    if bar is None:
        return "not measured"
    return f"{_short(bar['measured'])}, {'met' if bar['met'] else 'missed'}".replace(" ", "\N{NO-BREAK SPACE}")


def order(row: Row) -> tuple:
    return row.loss, MODES.index(row.mode), not row.implementation.startswith("ours"), row.copies
