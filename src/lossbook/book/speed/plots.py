"""Figures of speed: the roofs over a loss, and how its cost grows."""

from __future__ import annotations

import io
from collections.abc import Iterator

from ... import losses
from ...calculus.markup import element
from ...measure.results import Bench, Row, order, threads_of
from .. import figures
from ..show import Html, below
from .roofline import Roofs

MARKERS = "os^Dv*PX"


def roofline(roofs: Roofs, kind: str, work: dict[str, tuple[float, float | None]]) -> Html:
    """The roofs, and below them each loss: operations per byte, and operations per nanosecond."""
    fig, ax = figures.subplots(figsize=(6.4, 4.6))
    ridge, top = roofs.ridge(kind), roofs.operations[kind]
    least, most = 0.2, max(4 * ridge, *(2 * x for x, _ in work.values()))
    ax.loglog([least, ridge, most], [least * roofs.bytes_, top, top], color=figures.INK, lw=1.5)
    ax.text(ridge / 1.3, top * 1.12, "limited by memory", ha="right")
    ax.text(most / 1.05, top * 1.12, "limited by arithmetic", ha="right")
    for marker, colour, (name, (x, y)) in zip(
        MARKERS, figures.colours(), work.items(), strict=False
    ):
        ax.plot([x], [min(x * roofs.bytes_, top)], marker, ms=6, color=colour, label=name)
        if y is not None:
            ax.plot([x, x], [y, min(x * roofs.bytes_, top)], ":", color=colour, lw=1)
            ax.plot([x], [y], marker, ms=6, color=colour, fillstyle="none")
    ax.set_ylim(top=top * 1.8)
    ax.set_xlabel("operations per byte of memory traffic")
    ax.set_ylabel("operations per nanosecond")
    ax.legend(fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.18))
    _freeze_layout(fig, ax)
    alt = (
        "Log-log plot of operations per nanosecond against operations per byte. The limit is a "
        "line that rises with slope 1 and then runs flat. Each loss has a filled mark on the line; "
        "a hollow mark below it shows what was measured."
    )
    caption = (
        f"The limits of one core in {kind}; no program can lie above them. "
        "Filled marks: the most that is possible for a loss. Hollow marks: measured."
    )
    return figures.figure(fig, name=f"roofline-{kind}", alt=alt, caption=caption)


def _freeze_layout(fig, ax) -> None:
    """Round the positions of the axes, so that a figure is the same text on every machine.

    The last digit of a layout depends on the processor's vector instructions, and matplotlib names
    clip paths after all digits.
    """
    with figures.style():
        fig.savefig(io.BytesIO(), format="svg")
    fig.set_layout_engine("none")
    ax.set_position([round(x, 13) for x in ax.get_position().bounds])


def growth(bench: Bench, name: str, threads: int, allocator: str = "default") -> Html:
    """How the cost of one logit grows: a log-log figure for each loss that was measured.

    Args:
        bench: the measurements.
        name: "classes" or "rows", whose number grows.
        threads: how many there were.
        allocator: one of `ALLOCATORS`.
    """
    axis, what = {"classes": (1, "number of classes K"), "rows": (0, "number of rows N")}[name]
    found = bench.find(workload=name, threads=threads, allocator=allocator)
    if not found:
        told = f"The cost against the {what} was not measured with {threads_of(threads)}."
        return Html(element("p", told), told)
    drawn = []
    for loss in dict.fromkeys(r.loss for r in found):
        title = losses.get(loss).title
        drawn.append(
            figures.figure(
                _growth([r for r in found if r.loss == loss], axis, what),
                name=f"growth-{name}-{threads}-{loss.replace('_', '-')}",
                alt=f"Log-log plot of nanoseconds per logit against the {what}, with a line for "
                "each implementation and one for a copy.",
                caption=f"{title}: the cost of one logit against the {what}, "
                f"{threads_of(threads)}, default allocator.",
            )
        )
    return below(drawn)


def _growth(found: list[Row], axis: int, what: str):
    fig, ax = figures.subplots(figsize=(6.4, 4.4))
    for marker, (label, line) in zip(MARKERS * 3, _lines(found, axis), strict=False):
        ax.loglog(*zip(*line, strict=True), marker=marker, ms=4, lw=1, label=label)
    copies = {r.shape[axis]: r.copy_ns for r in found}
    ax.loglog(
        *zip(*sorted(copies.items()), strict=True),
        ls=":",
        color=figures.INK,
        label="a copy of the logits",
    )
    ax.set_xlabel(what)
    ax.set_ylabel("nanoseconds per logit")
    ax.legend(fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.16))
    return fig


def _lines(found: list[Row], axis: int) -> Iterator[tuple[str, list[tuple[int, float]]]]:
    for label, mode in dict.fromkeys((r.label, r.mode) for r in sorted(found, key=order)):
        line = {r.shape[axis]: r.ns for r in found if (r.label, r.mode) == (label, mode)}
        yield f"{label}, {mode}", sorted(line.items())
