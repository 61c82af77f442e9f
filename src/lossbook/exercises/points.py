"""Points at which answers are compared.

Some make two indices agree, since random points may miss that case; those of a counterexample have
short numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice

from sympy import Expr, Rational, S, Symbol

from ..expr.hypotheses import Hypothesis, OneHot, Share, Simplex
from ..expr.indices import free_indices
from ..notation import alpha, epsilon, target

SHARES = (epsilon, alpha, target)  # symbols with values between 0 and 1
TENTH = Rational(1, 10)
MAX_PAIRS = 15  # of indices that are made to agree; no formula of the book has more


@dataclass(frozen=True)
class Coincide(Hypothesis):
    """Two indices are the same class. By chance alone, six points could miss that case."""

    first: Symbol
    second: Symbol
    statement = "two indices agree"

    def sample(self, values, random) -> None:
        """The second index at the class of the first."""
        if self.first in values and self.second in values:
            values[self.second] = values[self.first]


@dataclass(frozen=True)
class Plain(Hypothesis):
    """Every number in tenths, shares between 0 and 1: a counterexample to be read and typed."""

    given: tuple[Hypothesis, ...]
    statement = "plain numbers"

    def sample(self, values, random) -> None:
        """The random values, rounded."""
        governed = {g.vector for g in self.given if hasattr(g, "vector")}
        shares = {*SHARES, *(g.symbol for g in self.given if isinstance(g, Share))}
        for name, value in values.items():
            if name in governed or isinstance(value, int):
                continue
            if name in shares:
                values[name] = random.randint(1, 9) * TENTH
            else:
                values[name] = _rounded(value)
        for g in self.given:
            if isinstance(g, Simplex) and g.vector in values:
                values[g.vector] = _tenths(len(values[g.vector]), random)


def _rounded(value):
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    tenths = Rational(round(value * 10), 10)
    return tenths if tenths != 0 else TENTH


def _tenths(size: int, random) -> list[Expr]:
    """Positive tenths with sum 1."""
    cuts = sorted(random.sample(range(1, 10), size - 1))
    return [S(b - a) * TENTH for a, b in zip([0, *cuts], [*cuts, 10], strict=True)]


def cases(*exprs: Expr, given: Iterable[Hypothesis] = ()) -> Iterator[tuple[Hypothesis, ...]]:
    """The hypotheses with nothing added, and with each pair of free indices made to agree."""
    given = tuple(given)
    yield given
    indices = set().union(*(free_indices(e) for e in exprs))
    indices |= {g.index for g in given if isinstance(g, OneHot)}
    for first, second in islice(combinations(sorted(indices, key=str), 2), MAX_PAIRS):
        yield (Coincide(first, second), *given)
