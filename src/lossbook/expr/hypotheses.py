"""What a derivation may assume: a hypothesis states itself, is applied, and is sampled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from sympy import Expr, Indexed, IndexedBase, Integer, KroneckerDelta, Rational, S, Symbol, exp

from .nodes import Vec


class Hypothesis:
    """An assumption about the symbols of an expression.

    A subclass says what the hypothesis lets the prover rewrite, and draws random examples of it.
    """

    @property
    def statement(self) -> str:
        """The hypothesis in words."""
        raise NotImplementedError

    def specialise(self, expr: Expr) -> Expr:
        """Return the expression that is meant where the hypothesis gives a symbol a value.

        Args:
            expr: An expression.
        """
        return expr

    def under(self, other: Hypothesis) -> Hypothesis:
        """Return this hypothesis where another one gives a symbol a value.

        Args:
            other: The other hypothesis.
        """
        return self

    def apply(self, expr: Expr) -> Expr:
        """Rewrite an expression by the hypothesis.

        Args:
            expr: An expression.
        """
        return expr

    def sum_of(self, vec: Vec) -> Expr | None:
        """Return the sum of a vector if the hypothesis fixes it, or else None.

        Args:
            vec: The vector.
        """
        return None

    def sample(self, values: dict[Expr, Any], random: Random) -> None:
        """Overwrite random values so that the hypothesis holds.

        Args:
            values: The value of each symbol and vector.
            random: A generator of random numbers, `random.Random`.
        """


@dataclass(frozen=True)
class Simplex(Hypothesis):
    """The components of a vector are probabilities: at least 0, with sum 1.

    Args:
        vector: The vector, an indexed base such as `y`.
    """

    vector: IndexedBase

    def under(self, other: Hypothesis) -> Hypothesis:
        """Return the hypothesis about the vector of the size that is meant."""
        return replace(self, vector=other.specialise(self.vector))

    @property
    def statement(self) -> str:
        """The hypothesis in words, such as "0 < q < 1"."""
        y = self.vector
        return f"Σ {y} = 1, {y} ≥ 0"

    def apply(self, expr: Expr) -> Expr:
        """Where the number of components is known, write the last one as 1 minus the others."""
        size = self.vector.shape[0]
        if not size.is_Integer:
            return expr
        return expr.xreplace(
            {self.vector[size]: 1 - sum(self.vector[k] for k in range(1, int(size)))}
        )

    def sum_of(self, vec: Vec) -> Expr | None:
        """Σ y = 1, over all of y."""
        return S.One if vec.base == self.vector and vec.size == self.vector.shape[0] else None

    def sample(self, values: dict[Expr, Any], random: Random) -> None:
        """Draw random weights and divide them by their sum."""
        weights = [Rational(random.randint(1, 999), 1000) for _ in values[self.vector]]
        total = sum(weights)
        values[self.vector] = [w / total for w in weights]


@dataclass(frozen=True)
class OneHot(Hypothesis):
    """A vector is 1 at one index and 0 elsewhere.

    Args:
        vector: The vector, an indexed base such as `y`.
        index: The symbol of the index at which it is 1, such as `t`.
    """

    vector: IndexedBase
    index: Symbol

    def under(self, other: Hypothesis) -> Hypothesis:
        """Return the hypothesis about the vector of the size that is meant."""
        return replace(self, vector=other.specialise(self.vector))

    @property
    def statement(self) -> str:
        """The hypothesis in words, such as "0 < q < 1"."""
        return f"{self.vector} is one-hot at {self.index}"

    def apply(self, expr: Expr) -> Expr:
        """Write y[k] as the Kronecker delta of k and the index."""
        return expr.replace(
            lambda e: isinstance(e, Indexed) and e.base == self.vector,
            lambda e: KroneckerDelta(e.indices[0], self.index),
        )

    def sum_of(self, vec: Vec) -> Expr | None:
        """Σ y = 1, over all of y."""
        return S.One if vec.base == self.vector and vec.size == self.vector.shape[0] else None

    def sample(self, values: dict[Expr, Any], random: Random) -> None:
        """Set 1 at the sampled index, and 0 elsewhere."""
        size = len(values[self.vector])
        values[self.vector] = [
            S.One if k == values[self.index] else S.Zero for k in range(1, size + 1)
        ]


@dataclass(frozen=True)
class Size(Hypothesis):
    """A size is a known number, as in "two classes": `Size(K, 2)`.

    Args:
        symbol: The symbol of the size, such as `K`.
        value: The number, at least 1.
    """

    symbol: Symbol
    value: int

    @property
    def statement(self) -> str:
        """The hypothesis in words, such as "0 < q < 1"."""
        return f"{self.symbol} = {self.value}"

    def specialise(self, expr: Expr) -> Expr:
        """Insert the number everywhere, and write out the sums over it."""
        return expr.xreplace({self.symbol: Integer(self.value)})


@dataclass(frozen=True)
class Share(Hypothesis):
    """A number lies strictly between 0 and 1, and so it has log-odds.

    Args:
        symbol: The symbol of the number.
    """

    symbol: Symbol

    @property
    def statement(self) -> str:
        """The hypothesis in words, such as "0 < q < 1"."""
        return f"0 < {self.symbol} < 1"

    def apply(self, expr: Expr) -> Expr:
        """Write the number by its log-odds, which may be any real number."""
        return expr.xreplace(
            {self.symbol: 1 / (1 + exp(-Symbol(f"log-odds of {self.symbol}", real=True)))}
        )

    def sample(self, values: dict[Expr, Any], random: Random) -> None:
        """Draw a random multiple of 1/1000."""
        values[self.symbol] = Rational(random.randint(1, 999), 1000)
