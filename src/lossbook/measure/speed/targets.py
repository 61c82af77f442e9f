"""What was to be shown, as data, and how far the measurement is from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .plan import LARGE

SOFTMAX = ("softmax_focal", "cross_entropy_index")
SOFTMAX_LARGE = LARGE[1:]


def _is(value, wanted) -> bool:
    return value in wanted if isinstance(wanted, tuple) else value == wanted


class Rows(list):
    """Rows of the benchmark, with what the bars ask of them."""

    def of(self, test: Callable[[dict], bool] = lambda row: True, **wanted) -> Rows:
        """Those with these fields; a tuple is a choice."""
        return Rows(
            r for r in self if test(r) and all(_is(r[key], value) for key, value in wanted.items())
        )

    def ours(self, mode: str, precision: str = "fast", **wanted) -> Rows:
        return self.of(implementation="ours native", mode=mode, precision=precision, **wanted)


@dataclass(frozen=True)
class Found:
    """The worst of what a bar is about, and where it was."""

    value: float
    where: str


def _where(row: dict) -> str:
    return f"{row['loss']} {'×'.join(map(str, row['shape']))}"


def worst(rows: Iterable[dict]) -> Found | None:
    """The largest median."""
    row = max(rows, key=lambda r: r["ratio"][1], default=None)
    return None if row is None else Found(row["ratio"][1], _where(row))


def most_memory(rows: Rows) -> Found | None:
    row = max((r for r in rows if r["memory"] is not None), key=lambda r: r["memory"], default=None)
    return None if row is None else Found(row["memory"], _where(row))


def faster(ours: Rows, peers: Rows, smallest: bool = True) -> Found | None:
    """How many times as long the best peer takes, for the same loss and shape: where it is least."""
    found = []
    for row in ours:
        same = [p for p in peers if p["loss"] == row["loss"] and p["shape"] == row["shape"]]
        if same:
            best = min(same, key=lambda p: p["ratio"][1])
            found.append(
                (best["ratio"][1] / row["ratio"][1], f"{_where(row)}, {best['implementation']}")
            )
    return Found(*min(found)) if found else None


def spread(rows: Rows) -> Found | None:
    """The dearest logit to the cheapest."""
    costs = [(r["ratio"][1] * r["copy_ns"], _where(r)) for r in rows]
    return (
        Found(max(costs)[0] / min(costs)[0], f"{max(costs)[1]} to {min(costs)[1]}")
        if costs
        else None
    )


@dataclass(frozen=True)
class Bar:
    """at_most: whether the limit is one from above."""

    what: str
    limit: float
    unit: str
    measure: Callable[[Rows], Found | None]
    at_most: bool = True

    def __str__(self) -> str:
        return f"{self.what} {'≤' if self.at_most else '≥'} {self.limit:g}{self.unit}"


EAGER = ("torch", "kornia", "MONAI", "fvcore", "torchvision", "optax")
COMPILED = ("torch compiled", "torchvision compiled")


def _wide(row: dict) -> bool:
    return len(row["shape"]) == 2 and row["shape"][1] >= 256


def _narrow(row: dict) -> bool:
    return row["workload"] == "classes" and 3 <= row["shape"][1] <= 32


def _against_eager(workload: str, names: tuple[str, ...]) -> Callable[[Rows], Found | None]:
    def measured(rows: Rows) -> Found | None:
        ours = rows.ours("training step", workload=workload, loss=SOFTMAX)
        return faster(ours, rows.of(implementation=names, workload=workload))

    return measured


def _built_in(rows: Rows) -> Found | None:
    ours = rows.ours("training step", "exact", loss="cross_entropy_index")
    return faster(ours, rows.of(implementation="torch"))


def _tiny(rows: Rows) -> Found | None:
    ours = rows.ours("training step", loss="cross_entropy_index", workload="tiny")
    found = faster(ours, rows.of(implementation="torch", workload="tiny"))
    return None if found is None else Found(1 / found.value, found.where)


def _sigmoid(name: str) -> Callable[[Rows], Found | None]:
    def measured(rows: Rows) -> Found | None:
        ours = rows.ours("given buffer", loss="sigmoid_focal", workload="detection")
        return faster(ours, rows.of(implementation=name))

    return measured


COPIES, TIMES, LOGITS = " copies", "×", " × the logits"
BARS = (
    Bar(
        "K ≥ 256, in place",
        1.0,
        COPIES,
        lambda r: worst(r.ours("in place", loss=SOFTMAX).of(_wide)),
    ),
    Bar(
        "K ≥ 256, given buffer",
        1.2,
        COPIES,
        lambda r: worst(r.ours("given buffer", loss=SOFTMAX).of(_wide)),
    ),
    Bar(
        "segmentation, in place",
        1.25,
        COPIES,
        lambda r: worst(r.ours("in place", loss=SOFTMAX, workload="segmentation")),
    ),
    Bar(
        "segmentation, given buffer",
        1.4,
        COPIES,
        lambda r: worst(r.ours("given buffer", loss=SOFTMAX, workload="segmentation")),
    ),
    Bar(
        "rows of K = 3 to 32, in place",
        2.0,
        COPIES,
        lambda r: worst(r.ours("in place").of(_narrow)),
    ),
    Bar(
        "rows of K = 3 to 32, given buffer",
        2.0,
        COPIES,
        lambda r: worst(r.ours("given buffer").of(_narrow)),
    ),
    Bar(
        "exact, in place, large softmax shapes",
        1.6,
        COPIES,
        lambda r: worst(r.ours("in place", "exact", loss=SOFTMAX, workload=SOFTMAX_LARGE)),
    ),
    Bar("exact, training step, all shapes, to F.cross_entropy", 3, TIMES, _built_in, at_most=False),
    Bar(
        "sigmoid_focal detection, given buffer",
        2.2,
        COPIES,
        lambda r: worst(r.ours("given buffer", loss="sigmoid_focal", workload="detection")),
    ),
    Bar("same, to torchvision's formula", 20, TIMES, _sigmoid("torchvision"), at_most=False),
    Bar(
        "same, to that formula compiled", 4, TIMES, _sigmoid("torchvision compiled"), at_most=False
    ),
    Bar(
        "training step, segmentation, to the best eager",
        5,
        TIMES,
        _against_eager("segmentation", EAGER),
        False,
    ),
    Bar(
        "training step, segmentation, to the best compiled",
        3,
        TIMES,
        _against_eager("segmentation", COMPILED),
        False,
    ),
    Bar(
        "training step, classification, to the best eager",
        4,
        TIMES,
        _against_eager("classification", EAGER),
        False,
    ),
    Bar(
        "training step, classification, to the best compiled",
        2.5,
        TIMES,
        _against_eager("classification", COMPILED),
        False,
    ),
    Bar(
        "training step, vocabulary, to the best eager",
        4,
        TIMES,
        _against_eager("vocabulary", EAGER),
        False,
    ),
    Bar(
        "training step, vocabulary, to the best compiled",
        2.5,
        TIMES,
        _against_eager("vocabulary", COMPILED),
        False,
    ),
    Bar("tiny, training step, of F.cross_entropy's time", 0.8, TIMES, _tiny),
    Bar(
        "memory of a training step",
        1.05,
        LOGITS,
        lambda r: most_memory(
            r.ours("training step", workload=LARGE, loss=(*SOFTMAX, "sigmoid_focal"))
        ),
    ),
    Bar(
        "memory in place",
        0.05,
        LOGITS,
        lambda r: most_memory(r.ours("in place", workload=LARGE, loss=(*SOFTMAX, "sigmoid_focal"))),
    ),
    Bar(
        "cost of a logit, K = 256 to 262,144",
        1.5,
        TIMES,
        lambda r: spread(r.ours("in place", workload="classes", loss="softmax_focal").of(_wide)),
    ),
    Bar(
        "cost of a logit, N = 1000 to 1,000,000",
        1.5,
        TIMES,
        lambda r: spread(
            r.ours("in place", workload="rows", loss="softmax_focal").of(
                lambda w: w["shape"][0] >= 1000
            )
        ),
    ),
)


def judged(rows: Iterable[dict]) -> list[dict]:
    """Every bar in every setting that was measured: what was found, where, and whether that is enough."""
    rows = Rows(rows)
    found = []
    for threads, allocator in sorted({(r["threads"], r["allocator"]) for r in rows}, reverse=True):
        here = rows.of(threads=threads, allocator=allocator)
        for bar in BARS:
            if (result := bar.measure(here)) is not None:
                met = result.value <= bar.limit if bar.at_most else result.value >= bar.limit
                found.append(
                    {"what": bar.what, "limit": bar.limit, "unit": bar.unit, "at_most": bar.at_most}
                    | {"threads": threads, "allocator": allocator}
                    | {"measured": round(result.value, 3), "where": result.where, "met": met}
                )
    return found
