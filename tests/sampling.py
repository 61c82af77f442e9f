"""The fixed sample of costly cases that `make test` runs; `pytest --full` runs every case.

Two marks say which cases are left out of the sample:

- `@pytest.mark.pairwise`, on a test with several parameters, keeps the fewest combinations it can find in which every
  pair of values still meets. The combinations are those of the `parametrize` decorators.
- `pytest.param(..., marks=pytest.mark.exhaustive)`, or the mark on a test, leaves out just these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations


def pairwise(rows: Sequence[Sequence[Hashable]]) -> list[int]:
    """Choose few rows that hold every value of every column and every pair of values that meet in a row.

    Greedy: always the first row that adds most. The choice depends on nothing but the rows and their order.

    Args:
        rows: Combinations of parameter values, all of one length.

    Returns:
        The positions of the chosen rows, in order.
    """
    held = [{*enumerate(row), *combinations(enumerate(row), 2)} for row in rows]
    missing = set().union(*held)
    chosen = []
    while missing:
        best = max(range(len(rows)), key=lambda n: len(held[n] & missing))
        chosen.append(best)
        missing -= held[best]
    return sorted(chosen)


def left_out(items: Iterable) -> list:
    """The collected tests that are not in the sample."""
    out = [item for item in items if item.get_closest_marker("exhaustive")]
    crossed = defaultdict(list)
    for item in items:
        if item.get_closest_marker("pairwise"):
            crossed[item.path, item.originalname].append(item)
    for group in crossed.values():
        chosen = pairwise([[_key(v) for v in item.callspec.params.values()] for item in group])
        out += [item for n, item in enumerate(group) if n not in chosen]
    return out


def _key(value) -> Hashable:
    """A value to compare by; cases share their arrays and dictionaries, so those are compared by identity."""
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value), value  # 1, 1.0 and True are three values
