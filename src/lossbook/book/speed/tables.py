"""Tables of speed: the machine, the costs of every loss, and the targets."""

from __future__ import annotations

from ... import losses
from ...calculus import html
from ...measure.results import ALLOCATORS, Bench, Row, order, threads_of
from .. import show
from ..show import Html

ABOUT = {
    "detection": "sigmoid_focal",
    "segmentation": "softmax_focal",
    "classification": "softmax_focal",
    "vocabulary": "softmax_focal",
    "tiny": "softmax_focal",
}


def machine(bench: Bench) -> Html:
    """The machine and the libraries, and a warning where the rounds were few."""
    told = [(name, value) for name, value in bench.machine.items() if value]
    told += [(name, version) for name, version in bench.versions.items() if version]
    told += [("measured on", bench.date)]
    table = show.table(("", ""), told, "The machine and the versions of the libraries.")
    if not bench.smoke:
        return table
    warning = (
        "These numbers come from a few quick rounds on a busy machine. "
        "They show what the tables look like, not how fast anything is."
    )
    return show.below([Html(html.remark(warning), warning), table])


def workloads(bench: Bench) -> Html:
    """The shape of the logits of each workload, and the loss that the summary is about."""
    found = [(name, loss, bench.one(workload=name, loss=loss)) for name, loss in ABOUT.items()]
    rows = [(name, size(r.shape), losses.get(loss).title) for name, loss, r in found if r]
    return show.table(("workload", "logits", "loss"), rows)


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
    return (
        f"{copies:,.0f}"
        if copies >= 99.5
        else f"{copies:.1f}"
        if copies >= 9.95
        else f"{copies:.2f}"
    )


def summary(bench: Bench, threads: int, allocator: str = "default") -> Html:
    """The medians of every implementation on every workload, for the loss that it is about."""
    columns = {}
    for name, loss in ABOUT.items():
        found = bench.find(workload=name, loss=loss, threads=threads, allocator=allocator)
        if found:
            columns[_hyphenated(name)] = {(r.mode, r.label): r for r in found}
    keys = {key: row for column in columns.values() for key, row in column.items()}
    ordered = sorted(keys, key=lambda key: (order(keys[key])[1:3], key[1]))
    rows = [
        (
            label,
            mode,
            *(
                _short(c[mode, label].copies) if (mode, label) in c else ""
                for c in columns.values()
            ),
        )
        for mode, label in ordered
    ]
    told = {"default": "default allocator", "reuse": "heap reused"}[allocator]
    return show.table(
        ("code", "gradient", *columns),
        rows,
        f"Time in copies of the logits; {threads_of(threads)}, {told}.",
    )


def _hyphenated(name: str) -> str:
    """The name of a workload with the place where a narrow column may break it."""
    return name.replace("ation", "\N{SOFT HYPHEN}ation")


def workload(bench: Bench, name: str, threads: int) -> Html:
    """Every implementation of every loss on one workload, a folded table for each loss.

    The unit is a copy of the logits; there is a column for each setting of the allocator.
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
        title = (
            f"{name.capitalize()}, {size(here[0].shape)}, {threads_of(threads)}: "
            f"{losses.get(loss).title}"
        )
        table = show.table(("code", "gradient", "default", "heap reused", "extra memory"), rows)
        parts.append(show.folded(title, table))
    return show.below(parts)


def targets(bench: Bench) -> Html:
    """The targets; for each setting the worst measurement and whether it is enough."""
    settings = [(n, a) for n in bench.threads for a in ALLOCATORS]
    names = {"default": "default", "reuse": "heap reused"}
    rows = []
    for what in dict.fromkeys(target["what"] for target in bench.targets):
        by = {
            (target["threads"], target["allocator"]): target
            for target in bench.targets
            if target["what"] == what
        }
        first = next(iter(by.values()))
        limit = (
            f"{'≤' if first['at_most'] else '≥'}\N{NO-BREAK SPACE}{first['limit']:g}{first['unit']}"
        )
        rows.append((what, limit, *(_verdict(by.get(setting)) for setting in settings)))
    header = ["measured", "target", *(f"{threads_of(n)}, {names[a]}" for n, a in settings)]
    return show.table(
        header, rows, "Each target, the worst measurement, and whether the target was met."
    )


def _verdict(target: dict | None) -> str:
    if target is None:
        return "not measured"
    return f"{_short(target['measured'])}, {'met' if target['met'] else 'missed'}".replace(
        " ", "\N{NO-BREAK SPACE}"
    )


def failures(bench: Bench) -> Html:
    """What was not measured, and why, folded away."""
    names = ("workload", "loss", "implementation", "mode", "threads", "allocator", "error")
    title = f"Measurements that could not be made: {len(bench.failures)}"
    told = [failure | {"loss": losses.get(failure["loss"]).title} for failure in bench.failures]
    header = ["code" if name == "implementation" else name for name in names]
    table = show.table(header, [[failure[name] for name in names] for failure in told])
    return show.folded(title, table)
