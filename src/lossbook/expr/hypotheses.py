"""What a derivation may assume about its symbols, such as that targets are probabilities.

Each hypothesis is an object. It can state itself in words, rewrite an expression for the prover,
and make random values satisfy it for the numeric check.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sympy import Expr, Indexed, IndexedBase, Integer, KroneckerDelta, Rational, S, Symbol, exp

from .nodes import Vec


class Hypothesis:
    """A hypothesis. Subclasses say what it lets the prover rewrite and how a random example of it looks."""

    @property
    def statement(self) -> str:
        """The hypothesis in words."""
        raise NotImplementedError

    def specialise(self, expr: Expr) -> Expr:
        """The expression that is meant, where the hypothesis fixes a name."""
        return expr

    def under(self, other: Hypothesis) -> Hypothesis:
        """The same hypothesis where another one fixes a name."""
        return self

    def apply(self, expr: Expr) -> Expr:
        """Rewrite an expression by the hypothesis."""
        return expr

    def sum_of(self, vec: Vec) -> Expr | None:
        """The sum of a vector, if the hypothesis knows it."""
        return None

    def sample(self, values: dict, random) -> None:
        """Overwrite the random `values` so that the hypothesis holds."""


@dataclass(frozen=True)
class Simplex(Hypothesis):
    """The components of a vector are probabilities: not negative, with sum 1."""

    vector: IndexedBase

    def under(self, other: Hypothesis) -> Hypothesis:
        """About the vector of the size that is meant."""
        return replace(self, vector=other.specialise(self.vector))

    @property
    def statement(self) -> str:
        """The hypothesis in words."""
        y = self.vector
        return f"Σ {y} = 1, {y} ≥ 0"

    def apply(self, expr: Expr) -> Expr:
        """Of a known number of components the last is 1 minus the others."""
        size = self.vector.shape[0]
        if not size.is_Integer:
            return expr
        return expr.xreplace(
            {self.vector[size]: 1 - sum(self.vector[k] for k in range(1, int(size)))}
        )

    def sum_of(self, vec: Vec) -> Expr | None:
        """Σ y = 1, over all of y."""
        return S.One if vec.base == self.vector and vec.size == self.vector.shape[0] else None

    def sample(self, values, random) -> None:
        """Random weights, divided by their sum."""
        weights = [Rational(random.randint(1, 999), 1000) for _ in values[self.vector]]
        total = sum(weights)
        values[self.vector] = [w / total for w in weights]


@dataclass(frozen=True)
class OneHot(Hypothesis):
    """A vector is 1 at one index and 0 elsewhere."""

    vector: IndexedBase
    index: Symbol

    def under(self, other: Hypothesis) -> Hypothesis:
        """About the vector of the size that is meant."""
        return replace(self, vector=other.specialise(self.vector))

    @property
    def statement(self) -> str:
        """The hypothesis in words."""
        return f"{self.vector} is one-hot at {self.index}"

    def apply(self, expr: Expr) -> Expr:
        """y[k] becomes the delta of k and the index."""
        return expr.replace(
            lambda e: isinstance(e, Indexed) and e.base == self.vector,
            lambda e: KroneckerDelta(e.indices[0], self.index),
        )

    def sum_of(self, vec: Vec) -> Expr | None:
        """Σ y = 1, over all of y."""
        return S.One if vec.base == self.vector and vec.size == self.vector.shape[0] else None

    def sample(self, values, random) -> None:
        """1 at the sampled index."""
        size = len(values[self.vector])
        values[self.vector] = [
            S.One if k == values[self.index] else S.Zero for k in range(1, size + 1)
        ]


@dataclass(frozen=True)
class Size(Hypothesis):
    """A size is a known number, as in "two classes": `Size(K, 2)`."""

    symbol: Symbol
    value: int

    @property
    def statement(self) -> str:
        """The hypothesis in words."""
        return f"{self.symbol} = {self.value}"

    def specialise(self, expr: Expr) -> Expr:
        """The size put in everywhere; sums over it are written out."""
        return expr.xreplace({self.symbol: Integer(self.value)})


@dataclass(frozen=True)
class Share(Hypothesis):
    """A number lies between 0 and 1: it has log-odds."""

    symbol: Symbol

    @property
    def statement(self) -> str:
        """The hypothesis in words."""
        return f"0 < {self.symbol} < 1"

    def apply(self, expr: Expr) -> Expr:
        """The number by its log-odds, which may be any real number."""
        return expr.xreplace(
            {self.symbol: 1 / (1 + exp(-Symbol(f"log-odds of {self.symbol}", real=True)))}
        )

    def sample(self, values, random) -> None:
        """A random thousandth."""
        values[self.symbol] = Rational(random.randint(1, 999), 1000)
