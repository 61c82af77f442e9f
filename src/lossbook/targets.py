"""The bars that the speed of the losses was to reach, each judged by what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import show
from .measured import ALLOCATORS, Bench, Row
from .show import Html

EAGER = ("torch", "kornia", "MONAI", "fvcore", "torchvision", "optax")
COMPILED = ("torch compiled", "torchvision compiled")
LARGE = ("classification", "vocabulary")
SOFTMAX = ("softmax_focal", "cross_entropy_index")
OURS = "ours native"
Found = Callable[[Bench, dict], float | None]


@dataclass(frozen=True)
class Target:
    """what: in words. bar: what was to be reached, at most or, for a speed-up (`at_least`), at least. found: the worst
    measurement for one setting of threads and allocator; None where there is none.
    """

    what: str
    bar: float
    found: Found
    at_least: bool = False

    def met(self, found: float) -> bool:
        """Whether a measurement reaches the bar."""
        return found >= self.bar if self.at_least else found <= self.bar


def copies(**wanted) -> Found:
    """The largest cost among our rows, in copies of the logits."""

    def found(bench: Bench, setting: dict) -> float | None:
        return max((r.copies for r in bench.find(implementation=OURS, **wanted, **setting)), default=None)

    return found


def short_rows(fewest: int, most: int, **wanted) -> Found:
    """The same among rows of few classes."""

    def found(bench: Bench, setting: dict) -> float | None:
        rows = bench.find(workload="classes", implementation=OURS, **wanted, **setting)
        return max((r.copies for r in rows if fewest <= r.shape[1] <= most), default=None)

    return found


def times_faster(peers: tuple[str, ...], **wanted) -> Found:
    """The smallest of our speed-ups over the best of the peers on the same workload and loss."""

    def found(bench: Bench, setting: dict) -> float | None:
        gains = []
        for ours in bench.find(implementation=OURS, **wanted, **setting):
            theirs = bench.find(
                implementation=peers, workload=ours.workload, loss=ours.loss, shape=(ours.shape,), **setting
            )
            theirs = [r for r in theirs if r.mode == "training step"]
            if theirs:
                gains.append(min(r.copies for r in theirs) / ours.copies)
        return min(gains, default=None)

    return found


def even(workload: str, axis: int, fewest: int) -> Found:
    """The largest cost of a logit in a sweep, divided by the smallest, within one precision and mode."""

    def found(bench: Bench, setting: dict) -> float | None:
        lines: dict[tuple, list[Row]] = {}
        for row in bench.find(workload=workload, implementation=OURS, mode="given buffer", **setting):
            if row.shape[axis] >= fewest:
                lines.setdefault((row.loss, row.precision), []).append(row)
        return max((max(r.ns for r in rows) / min(r.ns for r in rows) for rows in lines.values()), default=None)

    return found


def memory(mode: str) -> Found:
    """The largest extra memory, in copies of the logits."""

    def found(bench: Bench, setting: dict) -> float | None:
        rows = bench.find(implementation=OURS, mode=mode, **setting)
        known = [r.memory for r in rows if r.memory is not None and r.workload != "tiny"]
        return max(known, default=None)

    return found


FAST, EXACT = {"precision": "fast"}, {"precision": "exact"}
STEP = {"mode": "training step"}
TARGETS = (
    Target("many classes, in place, fast", 1.0, copies(workload=LARGE, loss=SOFTMAX, mode="in place", **FAST)),
    Target("many classes, given buffer, fast", 1.2, copies(workload=LARGE, loss=SOFTMAX, mode="given buffer", **FAST)),
    Target("segmentation, in place, fast", 1.25, copies(workload="segmentation", mode="in place", **FAST)),
    Target("segmentation, given buffer, fast", 1.4, copies(workload="segmentation", mode="given buffer", **FAST)),
    Target("rows of 3 to 32 classes, in place, fast", 2.0, short_rows(3, 32, mode="in place", **FAST)),
    Target(
        "many classes and segmentation, in place, exact",
        1.6,
        copies(workload=(*LARGE, "segmentation"), loss=SOFTMAX, mode="in place", **EXACT),
    ),
    Target(
        "training step, exact, times as fast as PyTorch's cross entropy",
        3.0,
        times_faster(("torch",), loss=SOFTMAX, workload=(*LARGE, "segmentation"), **STEP, **EXACT),
        True,
    ),
    Target("sigmoid, given buffer, fast", 2.2, copies(workload="detection", mode="given buffer", **FAST)),
    Target(
        "sigmoid, given buffer, fast, times as fast as torchvision's formula",
        20.0,
        times_faster(("torchvision",), workload="detection", mode="given buffer", **FAST),
        True,
    ),
    Target(
        "the same, as that formula compiled",
        4.0,
        times_faster(("torchvision compiled",), workload="detection", mode="given buffer", **FAST),
        True,
    ),
    Target(
        "segmentation, training step, fast, times as fast as the best eager one",
        5.0,
        times_faster(EAGER, workload="segmentation", **STEP, **FAST),
        True,
    ),
    Target(
        "the same, as the best compiled one", 3.0, times_faster(COMPILED, workload="segmentation", **STEP, **FAST), True
    ),
    Target(
        "many classes, training step, fast, times as fast as the best eager one",
        4.0,
        times_faster(EAGER, workload=LARGE, **STEP, **FAST),
        True,
    ),
    Target("the same, as the best compiled one", 2.5, times_faster(COMPILED, workload=LARGE, **STEP, **FAST), True),
    Target(
        "32 rows of 10 classes, training step, times as fast as PyTorch's",
        1.25,
        times_faster(("torch",), workload="tiny", **STEP),
        True,
    ),
    Target("extra memory of a training step, in gradients", 1.05, memory("training step")),
    Target("extra memory in place, in gradients", 0.05, memory("in place")),
    Target("cost per logit, 256 classes or more: largest by smallest", 1.5, even("classes", 1, 256)),
    Target("cost per logit, 1,000 rows or more: largest by smallest", 1.5, even("rows", 0, 1000)),
)


def table(bench: Bench) -> Html:
    """Every target, and for each setting what was measured and whether it is met."""
    settings = [{"threads": n, "allocator": a} for n in bench.threads for a in ALLOCATORS]
    names = {"default": "default", "reuse": "heap reused"}
    header = ["target", "bar"]
    header += [f"{s['threads']} thread{'s' * (s['threads'] > 1)}, {names[s['allocator']]}" for s in settings]
    rows = [
        (
            t.what,
            f"{'≥' if t.at_least else '≤'}\N{NO-BREAK SPACE}{t.bar:g}",
            *(_verdict(t, t.found(bench, s)) for s in settings),
        )
        for t in TARGETS
    ]
    return show.table(header, rows, "What was aimed at, the worst measurement, and whether it is met.")


def _verdict(target: Target, found: float | None) -> str:
    if found is None:
        return "not measured"
    return f"{found:.2f}: {'met' if target.met(found) else 'missed'}"
