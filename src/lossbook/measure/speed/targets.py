"""The targets of the benchmark, as data, and how far the measurements are from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .workloads import LARGE

SOFTMAX = ("softmax_focal", "cross_entropy_index")
# The losses that the targets are about, measured in every setting; and two of them, one of rows and
# one of single outputs, for a run of a minute.
TARGET_LOSSES = (*SOFTMAX, "sigmoid_focal")
SMOKE_LOSSES = ("cross_entropy_index", "sigmoid_focal")
SOFTMAX_LARGE = LARGE[1:]


def _is(value, wanted) -> bool:
    return value in wanted if isinstance(wanted, tuple) else value == wanted


class Measurements(list):
    """Rows of the benchmark, with what the targets ask of them."""

    def of(self, test: Callable[[dict], bool] = lambda row: True, **wanted) -> Measurements:
        """Those with these fields; a tuple is a choice."""
        return Measurements(
            r for r in self if test(r) and all(_is(r[key], value) for key, value in wanted.items())
        )

    def ours(self, mode: str, precision: str = "fast", **wanted) -> Measurements:
        """Those of our kernels, in one mode."""
        return self.of(implementation="ours native", mode=mode, precision=precision, **wanted)


@dataclass(frozen=True)
class Extreme:
    """The worst of what a target is about, and where it was."""

    value: float
    where: str


def _where(row: dict) -> str:
    return f"{row['loss']} {'×'.join(map(str, row['shape']))}"


def worst(rows: Iterable[dict]) -> Extreme | None:
    """The largest median."""
    row = max(rows, key=lambda r: r["ratio"][1], default=None)
    return None if row is None else Extreme(row["ratio"][1], _where(row))


def most_memory(rows: Measurements) -> Extreme | None:
    """The largest peak of memory."""
    row = max((r for r in rows if r["memory"] is not None), key=lambda r: r["memory"], default=None)
    return None if row is None else Extreme(row["memory"], _where(row))


def faster(ours: Measurements, peers: Measurements) -> Extreme | None:
    """How many times as long the best peer takes for the same loss and shape, where it is least."""
    found = []
    for row in ours:
        same = [p for p in peers if p["loss"] == row["loss"] and p["shape"] == row["shape"]]
        if same:
            best = min(same, key=lambda p: p["ratio"][1])
            found.append(
                (best["ratio"][1] / row["ratio"][1], f"{_where(row)}, {best['implementation']}")
            )
    return Extreme(*min(found)) if found else None


def cost_ratio(rows: Measurements) -> Extreme | None:
    """The dearest logit to the cheapest."""
    costs = [(r["ratio"][1] * r["copy_ns"], _where(r)) for r in rows]
    return (
        Extreme(max(costs)[0] / min(costs)[0], f"{max(costs)[1]} to {min(costs)[1]}")
        if costs
        else None
    )


@dataclass(frozen=True)
class Target:
    """What was to be reached.

    Attributes:
        what: in words; different for every target.
        limit: the number, in the unit that follows.
        unit: printed behind the number.
        measure: the worst that was measured, None where nothing was.
        at_most: whether the limit is one from above.
    """

    what: str
    limit: float
    unit: str
    measure: Callable[[Measurements], Extreme | None]
    at_most: bool = True

    def __str__(self) -> str:
        return f"{self.what} {'≤' if self.at_most else '≥'} {self.limit:g}{self.unit}"


EAGER = ("torch", "kornia", "MONAI", "fvcore", "torchvision", "optax")
COMPILED = ("torch compiled", "torchvision compiled")


def _wide(row: dict) -> bool:
    return len(row["shape"]) == 2 and row["shape"][1] >= 256


def _narrow(row: dict) -> bool:
    return row["workload"] == "classes" and 3 <= row["shape"][1] <= 32


def _against_eager(
    workload: str, names: tuple[str, ...]
) -> Callable[[Measurements], Extreme | None]:
    def measured(rows: Measurements) -> Extreme | None:
        ours = rows.ours("training step", workload=workload, loss=SOFTMAX)
        return faster(ours, rows.of(implementation=names, workload=workload))

    return measured


def _built_in(rows: Measurements) -> Extreme | None:
    ours = rows.ours("training step", "exact", loss="cross_entropy_index")
    return faster(ours, rows.of(implementation="torch"))


def _tiny(rows: Measurements) -> Extreme | None:
    ours = rows.ours("training step", loss="cross_entropy_index", workload="tiny")
    found = faster(ours, rows.of(implementation="torch", workload="tiny"))
    return None if found is None else Extreme(1 / found.value, found.where)


def _sigmoid(name: str) -> Callable[[Measurements], Extreme | None]:
    def measured(rows: Measurements) -> Extreme | None:
        ours = rows.ours("given buffer", loss="sigmoid_focal", workload="detection")
        return faster(ours, rows.of(implementation=name))

    return measured


COPIES, TIMES, LOGITS = " copies", "×", " × the logits"
TARGETS = (
    Target(
        "K ≥ 256, in place",
        1.0,
        COPIES,
        lambda r: worst(r.ours("in place", loss=SOFTMAX).of(_wide)),
    ),
    Target(
        "K ≥ 256, given buffer",
        1.2,
        COPIES,
        lambda r: worst(r.ours("given buffer", loss=SOFTMAX).of(_wide)),
    ),
    Target(
        "segmentation, in place",
        1.25,
        COPIES,
        lambda r: worst(r.ours("in place", loss=SOFTMAX, workload="segmentation")),
    ),
    Target(
        "segmentation, given buffer",
        1.4,
        COPIES,
        lambda r: worst(r.ours("given buffer", loss=SOFTMAX, workload="segmentation")),
    ),
    Target(
        "rows of K = 3 to 32, in place",
        2.0,
        COPIES,
        lambda r: worst(r.ours("in place").of(_narrow)),
    ),
    Target(
        "rows of K = 3 to 32, given buffer",
        2.0,
        COPIES,
        lambda r: worst(r.ours("given buffer").of(_narrow)),
    ),
    Target(
        "exact, in place, large softmax shapes",
        1.6,
        COPIES,
        lambda r: worst(r.ours("in place", "exact", loss=SOFTMAX, workload=SOFTMAX_LARGE)),
    ),
    Target(
        "exact, training step, all shapes, to F.cross_entropy", 3, TIMES, _built_in, at_most=False
    ),
    Target(
        "sigmoid_focal detection, given buffer",
        2.2,
        COPIES,
        lambda r: worst(r.ours("given buffer", loss="sigmoid_focal", workload="detection")),
    ),
    Target("same, to torchvision's formula", 20, TIMES, _sigmoid("torchvision"), at_most=False),
    Target(
        "same, to that formula compiled", 4, TIMES, _sigmoid("torchvision compiled"), at_most=False
    ),
    Target(
        "training step, segmentation, to the best eager",
        5,
        TIMES,
        _against_eager("segmentation", EAGER),
        False,
    ),
    Target(
        "training step, segmentation, to the best compiled",
        3,
        TIMES,
        _against_eager("segmentation", COMPILED),
        False,
    ),
    Target(
        "training step, classification, to the best eager",
        4,
        TIMES,
        _against_eager("classification", EAGER),
        False,
    ),
    Target(
        "training step, classification, to the best compiled",
        2.5,
        TIMES,
        _against_eager("classification", COMPILED),
        False,
    ),
    Target(
        "training step, vocabulary, to the best eager",
        4,
        TIMES,
        _against_eager("vocabulary", EAGER),
        False,
    ),
    Target(
        "training step, vocabulary, to the best compiled",
        2.5,
        TIMES,
        _against_eager("vocabulary", COMPILED),
        False,
    ),
    Target("tiny, training step, of F.cross_entropy's time", 0.8, TIMES, _tiny),
    Target(
        "memory of a training step",
        1.05,
        LOGITS,
        lambda r: most_memory(r.ours("training step", workload=LARGE, loss=TARGET_LOSSES)),
    ),
    Target(
        "memory in place",
        0.05,
        LOGITS,
        lambda r: most_memory(r.ours("in place", workload=LARGE, loss=TARGET_LOSSES)),
    ),
    Target(
        "cost of a logit, K = 256 to 262,144",
        1.5,
        TIMES,
        lambda r: cost_ratio(
            r.ours("in place", workload="classes", loss="softmax_focal").of(_wide)
        ),
    ),
    Target(
        "cost of a logit, N = 1000 to 1,000,000",
        1.5,
        TIMES,
        lambda r: cost_ratio(
            r.ours("in place", workload="rows", loss="softmax_focal").of(
                lambda w: w["shape"][0] >= 1000
            )
        ),
    ),
)


def judged(rows: Iterable[dict]) -> list[dict]:
    """Every target in every setting: what was measured, where, and whether it is met."""
    rows = Measurements(rows)
    found = []
    for threads, allocator in sorted({(r["threads"], r["allocator"]) for r in rows}, reverse=True):
        here = rows.of(threads=threads, allocator=allocator)
        for target in TARGETS:
            if (result := target.measure(here)) is not None:
                met = (
                    result.value <= target.limit if target.at_most else result.value >= target.limit
                )
                found.append(
                    {
                        "what": target.what,
                        "limit": target.limit,
                        "unit": target.unit,
                        "at_most": target.at_most,
                    }
                    | {"threads": threads, "allocator": allocator}
                    | {"measured": round(result.value, 3), "where": result.where, "met": met}
                )
    return found
