"""The inputs of an audit: rows of logits with a target, by region, from plain to extreme.

Each number has at most eight significant bits, so that it is the same in every dtype, and one truth
serves them all; `wide` cases need float32 or float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from sympy import Indexed

from ..losses import Loss
from ..notation import prediction

INF = float("inf")
MARGINS = (12.0, 17.0, 20.0, 30.0, 40.0, 60.0, 88.0, 100.0, 200.0, 700.0)


@dataclass(frozen=True)
class Case:
    """One row of logits with its target.

    Attributes:
        region: what kind of input it is, as reports call it.
        logits: of each class; a float for a single output.
        target: a class from 0, a number, or probabilities.
        wide: whether float32 or float64 is needed to hold it.
    """

    region: str
    logits: tuple[float, ...] | float
    target: int | float | tuple[float, ...]
    wide: bool = False

    @property
    def classes(self) -> int | None:
        """K, None for one element."""
        return len(self.logits) if isinstance(self.logits, tuple) else None

    def __str__(self) -> str:
        return f"logits {_show(self.logits)}, target {_show(self.target)}"


def _show(x) -> str:
    return "[" + ", ".join(map(_show, x)) + "]" if isinstance(x, tuple) else f"{x:.17g}"


def cases(loss: Loss, *, samples: int = 24, seed: int = 0) -> tuple[Case, ...]:
    """The cases of a loss: fixed corners, then `samples` random ones.

    For an activation the target says which output is meant.
    """
    if not of_rows(loss):
        found = tuple(dict.fromkeys(_elements(loss.wrt != prediction, samples, seed)))
        return tuple({c.logits: c for c in found}.values()) if loss.is_activation else found
    hard = _rows(samples, seed)
    return hard + _soft() if loss.target == "probabilities" else hard


def of_rows(loss: Loss) -> bool:
    """Whether the loss is one of rows of logits, rather than of single outputs."""
    return isinstance(loss.wrt, Indexed)


@cache
def _rows(samples: int, seed: int) -> tuple[Case, ...]:
    found = [
        *_each("ordinary", (0.5, -0.25)),
        *_each("ordinary", (1.0, 0.0, -2.0)),
        *_each("ordinary", (-1.5, 0.75, 0.25, 2.0)),
        Case("ties", (0.0, 0.0), 0),
        Case("ties", (1.0, 1.0, 1.0), 2),
        Case("ties", (2.0, -1.0, 2.0), 0),
        Case("ties", (0.0,) * 10, 9),
        Case("tiny logits", (2.0**-14, 0.0), 0),
        Case("tiny logits", (-(2.0**-14), 2.0**-13, 0.0), 1),
        Case("tiny logits", (2.0**-26, 0.0), 0, wide=True),
    ]
    for margin in MARGINS:
        found.append(Case("p_t → 1", (margin, 0.0), 0))
        found.append(Case("p_t → 1", (0.0, -margin, -2 * margin), 0))
        found.append(Case("p_t → 0", (0.0, margin), 0))
        found.append(Case("p_t → 0", (-margin, 0.0, 0.0), 0))
        found.append(Case("one dominating wrong class", (1.0, margin, -2.0, 0.0), 0))
    found += [
        Case("large logits", (1000.0, 1004.0, 996.0), 0),
        Case("large logits", (10048.0, 0.0, -10048.0), 0),
        Case("large logits", (-10048.0, 0.0, 10048.0), 0),
        Case("large logits", (1e4, 1e4), 1, wide=True),
        Case("many classes", tuple(float(k % 7) / 4 for k in range(100)), 3),
        Case("many classes", (24.0, *(float(k % 5) for k in range(99))), 0),
        Case("-inf for another class", (0.5, -INF), 0),
        Case("-inf for another class", (1.0, -INF, 0.0), 0),
        Case("-inf for another class", (-INF, -INF, 3.0, 0.0), 3),
    ]
    generator = np.random.default_rng(seed)
    for n in range(samples):
        classes = int(generator.integers(2, 9))
        signs = generator.choice((-1.0, 1.0), classes)
        sizes = signs * 2.0 ** generator.uniform(-13, 13, classes)
        narrow = n % 3 != 2
        numbers = _eight_bits(sizes) if narrow else np.float32(sizes)
        row = tuple(map(float, numbers))
        found.append(Case("random", row, int(generator.integers(classes)), wide=not narrow))
    return tuple(found)


def _soft() -> tuple[Case, ...]:
    return (
        Case("soft targets", (0.5, -0.25), (0.25, 0.75)),
        Case("soft targets", (1.0, 0.0, -2.0), (0.5, 0.25, 0.25)),
        Case("soft targets", (20.0, 0.0), (0.75, 0.25)),
        Case("soft targets", (0.0, 100.0, -100.0), (0.25, 0.5, 0.25)),
    )


@cache
def _elements(by_sigmoid: bool, samples: int, seed: int) -> tuple[Case, ...]:
    found = []
    for size in (0.5, 1.0, 2.0, 4.0):
        found += [
            Case("ordinary", sign * size, target) for sign in (1, -1) for target in (1.0, 0.0)
        ]
    found += [Case("tiny logits", sign * size, 1.0) for sign in (1, -1) for size in (0.0, 2.0**-14)]
    found.append(Case("tiny logits", 2.0**-26, 1.0, wide=True))
    generator = np.random.default_rng(seed)
    sizes = generator.choice((-1.0, 1.0), samples) * 2.0 ** generator.uniform(-13, 13, samples)
    if not by_sigmoid:
        found += [Case("near the target", 1 + 2.0**-k, 1.0) for k in (1, 4, 7)]
        found += [
            Case("far from the target", sign * size, 0.5)
            for size in (40.0, 255.0)
            for sign in (1, -1)
        ]
        found += [Case("random", float(x), 0.5) for x in _eight_bits(sizes)]
        return tuple(found)
    for margin in (*MARGINS, 10048.0):
        found += [Case("p_t → 1", margin, 1.0), Case("p_t → 1", -margin, 0.0)]
        found += [Case("p_t → 0", -margin, 1.0), Case("p_t → 0", margin, 0.0)]
    found += [Case("-inf", -INF, 0.0), Case("+inf", INF, 1.0)]
    found += [Case("soft targets", z, y) for z in (0.5, -2.0, 20.0, -100.0) for y in (0.25, 0.5)]
    for n, size in enumerate(sizes):
        narrow = n % 3 != 2
        number = float(_eight_bits(size) if narrow else np.float32(size))
        found.append(Case("random", number, float(n % 2), wide=not narrow))
    return tuple(found)


def _each(region: str, logits: tuple[float, ...]) -> list[Case]:
    return [Case(region, logits, target) for target in range(len(logits))]


def _eight_bits(x):
    mantissa, exponent = np.frexp(x)
    return np.ldexp(np.round(mantissa * 256) / 256, exponent)
