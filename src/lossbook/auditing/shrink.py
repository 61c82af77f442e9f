"""The smallest input that still fails: fewer classes, then simpler numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from .batches import Case

TRIES = 80


def shrink(case: Case, fails: Callable[[Case], bool], tries: int = TRIES) -> Case:
    """The simplest case found to fail. `case` must fail; `fails` is called last with the result."""
    seen = {case}
    progress = True
    while progress and tries > 0:
        progress = False
        for smaller in _smaller(case):
            if smaller in seen or tries == 0:
                continue
            seen.add(smaller)
            tries -= 1
            if fails(smaller):
                case, progress = smaller, True
                break
    fails(case)
    return case


def _smaller(case: Case) -> Iterator[Case]:
    if case.classes is None:
        for simple in _simpler(case.logits):
            yield replace(case, logits=simple)
        return
    if isinstance(case.target, int):
        for k in reversed(range(case.classes)):
            if k != case.target and case.classes > 2:
                rest = case.logits[:k] + case.logits[k + 1 :]
                yield replace(case, logits=rest, target=case.target - (k < case.target))
        if case.target != 0:  # the target first, if it still fails
            rest = tuple(x for k, x in enumerate(case.logits) if k != case.target)
            yield replace(case, logits=(case.logits[case.target], *rest), target=0)
    for k, x in enumerate(case.logits):
        for simple in _simpler(x):
            yield replace(case, logits=(*case.logits[:k], simple, *case.logits[k + 1 :]))


def _simpler(x: float) -> Iterator[float]:
    """Simpler numbers, the simplest first: whole ones, of smaller magnitude."""
    if x == 0 or abs(x) == float("inf"):
        return
    size, sign = abs(x), 1 if x > 0 else -1
    candidates = [0.0, 1.0, 2.0, 3.0, 10.0, 20.0, 40.0, 100.0, 200.0, 1000.0]
    found = [c for c in candidates if c < size]
    if size != round(size):
        found.append(float(round(size)))
    if size > 1:
        found += [
            float(size // 2),
            float(size * 3 // 4),
            float(size - 1 if size == round(size) else size // 1),
        ]
    for c in dict.fromkeys(found):
        if c < size or (c == round(size) and size != c):
            yield sign * c if c else 0.0
