"""Timing in interleaved rounds, and the peak of memory.

In each round the copy of the logits and every implementation are timed in turn, and a figure is a
ratio to the copy of the same round: on a machine that others use, times drift, and ratios drift
less.
"""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...native import pool

FEWEST = 3  # rounds, however slow
LONG = 1.0  # seconds; a slower call takes hundreds of copies, and one round is enough
LEAST = 1e-3  # seconds; shorter calls are repeated until they take as long


@dataclass
class Candidate:
    """One implementation, ready to be called, and what was measured of it.

    Attributes:
        implementation: its name, such as "torch compiled".
        precision: "exact" or "fast"; None for other people's code.
        mode: what a call does, such as "training step".
        call: the n-th call of a round; gives (value, gradient), None for what there is not.
        restore: what comes before the n-th call, outside the timing.
        ratios: times of a call in units of a copy, one for each round.
        memory: the peak above what was there before, in multiples of the logits.
        cost: seconds of a call, as first seen.
        error: what it raised.
    """

    implementation: str
    precision: str | None
    mode: str
    call: Callable[[int], tuple]
    restore: Callable[[int], None] | None = None
    ratios: list[float] = field(default_factory=list)
    memory: float | None = None
    cost: float | None = None
    error: str | None = None

    def timed(self, calls: int) -> float:
        """Seconds for each of so many calls."""
        if self.restore is not None:
            for n in range(calls):
                self.restore(n)
        start = time.perf_counter()
        for n in range(calls):
            self.call(n)
        return (time.perf_counter() - start) / calls

    def attempt(self, function: Callable, *arguments):
        """The function's result; None where it raises, which is noted in `error`."""
        try:
            return function(*arguments)
        except Exception as error:  # whatever an implementation raises is a result
            text = " ".join(str(error).split())
            self.error = f"{type(error).__name__}: {text[:200]}"
            return None


def measure(
    copy: Callable[[int], None],
    entries: Sequence[Candidate],
    *,
    rounds: int,
    seconds: float,
    most: int = 1,
):
    """Fill `ratios` of all candidates that did not fail; returns the median seconds of a copy.

    Slow ones take part in the first rounds only, as far as their share of the seconds goes, but in
    `FEWEST` at least. most: how many calls can be repeated in a round.
    """
    unit = Candidate("copy", None, "copy", copy)
    unit.timed(1)
    for entry in (unit, *entries):
        if entry.error is None and entry.cost is None:
            entry.cost = entry.attempt(entry.timed, 1)
    alive = [e for e in entries if e.error is None]
    calls = {id(e): max(1, min(most, round(LEAST / max(e.cost, 1e-9)))) for e in (unit, *alive)}
    share = seconds / max(1, len(alive))
    wanted = {}
    for entry in alive:
        fewest = FEWEST if entry.cost < LONG else 1
        wanted[id(entry)] = max(fewest, min(rounds, int(share / max(entry.cost, 1e-9))))
    units = []
    for turn in range(rounds):
        if turn >= max(wanted.values(), default=0):
            break
        units.append(unit.timed(calls[id(unit)]))
        for entry in alive:
            if entry.error is None and turn < wanted[id(entry)]:
                took = entry.attempt(entry.timed, calls[id(entry)])
                if took is not None:
                    entry.ratios.append(took / units[-1])
    return float(np.median(units)) if units else unit.timed(1)


def peak(entry: Candidate, size: int) -> tuple[float | None, tuple]:
    """The peak of resident memory in one call, and what the call gave; it fills `cost` too.

    Args:
        entry: what is called.
        size: bytes of the logits, the unit.

    Returns:
        The peak above what was resident before, None where the system does not tell; the result.
    """
    if entry.restore is not None:
        entry.restore(0)
    give_back()
    told = _forget_the_peak()
    before = _resident("VmRSS") if told else 0
    start = time.perf_counter()
    result = entry.call(0)
    entry.cost = time.perf_counter() - start
    return (max(0, _resident("VmHWM") - before) / size if told else None), result


def _forget_the_peak() -> bool:
    """Reset the peak; False where the system has none."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return False
    return True


def give_back() -> None:
    """Return all idle memory to the system, so that the next call has to ask for its own."""
    gc.collect()
    pool.clear()
    ctypes.CDLL(None).malloc_trim(0)


def _resident(what: str) -> int:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith(what + ":"))
