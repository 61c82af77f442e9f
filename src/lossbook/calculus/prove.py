"""Is a = b? Proved for all K, checked at random points, or refuted with a counterexample."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import mpmath
from sympy import Abs, Expr, IndexedBase, Piecewise, Symbol, sign
from sympy import Max as PairMax
from sympy import Min as PairMin

from ..expr.hypotheses import Hypothesis
from ..expr.importing import import_sympy
from ..expr.indices import free_indices
from ..expr.nodes import Diff
from ..notation import text_of
from .evaluate import Undefined, evaluate
from .random_points import random_point
from .zero_test import is_zero

POINTS = 6
DIGITS = 50
ATTEMPTS = 40


@dataclass(frozen=True)
class Evidence:
    """Why an equality is believed.

    Attributes:
        kind: "proved" if the zero test reduced the difference to 0 symbolically; "checked" if no
            proof was found and both sides agree at random points.
        points: The number of random points at which both sides were compared.
        digits: The number of decimal digits to which they agree there.
        hypotheses: What the proof or the check relies on, in words.
        for_all: The sizes for which the equality holds, such as "for all K".
    """

    kind: str
    points: int
    digits: int
    hypotheses: tuple[str, ...]
    for_all: str = ""

    @property
    def proved(self) -> bool:
        """Whether the equality was proved symbolically."""
        return self.kind == "proved"

    def __str__(self) -> str:
        if self.proved:
            return f"proved {self.for_all}".strip()
        return f"checked at {self.points} points to {self.digits} digits"


@dataclass(frozen=True)
class Counterexample:
    """Values at which two expressions differ.

    Attributes:
        values: The value of each symbol and vector.
        left: The value of the left side there.
        right: The value of the right side there.
    """

    values: dict[Expr, Any]
    left: mpmath.mpf
    right: mpmath.mpf

    def __str__(self) -> str:
        def show(value: Any) -> str:
            if isinstance(value, list):
                return "(" + ", ".join(show(v) for v in value) + ")"
            return (
                str(value)
                if isinstance(value, int)
                else mpmath.nstr(mpmath.mpf(value.p) / value.q, 6)
            )

        given = ", ".join(
            f"{text_of(name)} = {show(value)}"
            for name, value in sorted(self.values.items(), key=_order)
        )
        left, right = mpmath.nstr(self.left, 12), mpmath.nstr(self.right, 12)
        return f"at {given}: left = {left}, right = {right}"


def _order(item: tuple[Expr, Any]) -> tuple[bool, bool, str]:
    name, value = item
    return (isinstance(value, list), not isinstance(value, int), str(name))


class NotEqualError(ValueError):
    """Two expressions are not equal.

    Attributes:
        left: The left side.
        right: The right side.
        counterexample: Values at which they differ.
    """

    def __init__(self, left: Expr, right: Expr, counterexample: Counterexample):
        self.left, self.right, self.counterexample = left, right, counterexample
        super().__init__(f"{left} is not equal to {right}: {counterexample}")


def prove_equal(
    a: Expr | int,
    b: Expr | int,
    *,
    given: Iterable[Hypothesis] = (),
    points: int = POINTS,
    digits: int = DIGITS,
    seed: int = 0,
    symbolic: bool = True,
) -> Evidence:
    """Return the evidence that `a` equals `b` wherever both are defined.

    Both sides are first evaluated at random points. If they agree there, the zero test looks for a
    symbolic proof.

    Args:
        a: The left side: an expression of the calculus, or a SymPy expression.
        b: The right side.
        given: Hypotheses that the proof may use, such as `Simplex(y)`.
        points: The number of random points, at least 1.
        digits: The number of decimal digits to which the sides must agree at a point.
        seed: The seed of the random points.
        symbolic: Whether to look for a proof. False for expressions so large that it would take too
            long.

    Returns:
        The evidence, "proved" or, if no proof was found, "checked".

    Raises:
        NotEqualError: The sides differ. The error holds a counterexample.
        ValueError: There is neither a proof nor a point at which both sides are defined.

    Example:
        >>> from lossbook.notation import K, k, p
        >>> from lossbook.expr.nodes import Sum
        >>> str(prove_equal(Sum(p(k), (k, 1, K)), 1))
        'proved for all K'
    """
    a, b, given = import_sympy(a), import_sympy(b), tuple(given)
    for hypothesis in given:
        a, b = hypothesis.specialise(a), hypothesis.specialise(b)
        given = tuple(h.under(hypothesis) for h in given)
    agreed = _compare(a, b, given, points, digits, seed)
    kind = "proved" if symbolic and is_zero(a - b, given) else "checked"
    if agreed == 0:
        raise ValueError(
            f"no point was found at which both {a} and {b} are defined: nothing can be said of them"
        )
    return Evidence(kind, agreed, digits, hypotheses(a, b, given=given), _for_all(a, b))


def _compare(
    a: Expr, b: Expr, given: tuple[Hypothesis, ...], points: int, digits: int, seed: int
) -> int:
    rng = random.Random(seed)
    agreed = 0
    for _ in range(ATTEMPTS):
        values = random_point([a, b], given, rng)
        try:
            # Cancellation inside an expression costs digits. Sides that differ are compared once
            # more with four times as many.
            for carried in (digits, 4 * digits):
                left, right = evaluate(a, values, carried), evaluate(b, values, carried)
                same = _agree(left, right, digits)
                if same:
                    break
        except Undefined:
            continue
        if not same:
            raise NotEqualError(a, b, Counterexample(values, left, right))
        agreed += 1
        if agreed == points:
            break
    return agreed


def _agree(left: mpmath.mpf, right: mpmath.mpf, digits: int) -> bool:
    """Whether two values agree to that many digits, relative to the larger of them and 1."""
    with mpmath.workdps(digits + 20):
        return (
            abs(left - right)
            <= max(abs(left), abs(right), mpmath.mpf(1)) * mpmath.mpf(10) ** -digits
        )


def hypotheses(*exprs: Expr, given: Iterable[Hypothesis] = ()) -> tuple[str, ...]:
    """What is assumed of the free names of some expressions, in words."""
    imported = [import_sympy(e) for e in exprs]
    sizes = sorted(
        {
            s
            for e in imported
            for base in e.atoms(IndexedBase)
            for n in base.shape or ()
            for s in n.free_symbols
        },
        key=str,
    )
    ranges: dict[Expr, list[str]] = {}
    named = set(sizes)
    for e in imported:
        for index, size in free_indices(e).items():
            if size is not None and index not in named:
                named.add(index)
                ranges.setdefault(size, []).append(str(index))
    lines = [f"{size} a positive integer" for size in map(str, sizes)]
    lines += [f"1 ≤ {', '.join(sorted(names))} ≤ {size}" for size, names in ranges.items()]
    labels = {base.label for e in imported for base in e.atoms(IndexedBase)}
    given = tuple(given)
    spoken_for = {g.vector for g in given if hasattr(g, "vector")}
    for base in sorted({b for e in imported for b in e.atoms(IndexedBase)} - spoken_for, key=str):
        lines.append(f"{text_of(base)} {_domain(base.label)}")
    for symbol in sorted(
        {s for e in imported for s in e.free_symbols if isinstance(s, Symbol)} - labels - named,
        key=str,
    ):
        lines.append(f"{text_of(symbol)} {_domain(symbol)}")
    lines += [g.statement for g in given]
    if any(e.has(Diff) and e.has(Piecewise, Abs, sign, PairMax, PairMin) for e in imported):
        lines.append("away from the points where cases meet")
    return tuple(lines)


def _domain(symbol: Expr) -> str:
    if symbol.is_positive:
        return "> 0"
    return "≥ 0" if symbol.is_nonnegative else "real"


def _for_all(*exprs: Expr) -> str:
    names = sorted(
        {
            s.name
            for e in exprs
            for base in e.atoms(IndexedBase)
            for n in base.shape or ()
            for s in n.free_symbols
        }
    )
    return f"for all {', '.join(names)}" if names else ""
