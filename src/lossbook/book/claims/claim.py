"""A claim, what was checked of it, and the judgement that follows from the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from ...calculus.prove import NotEqualError
from ...expr.hypotheses import Hypothesis
from ...expr.importing import import_sympy
from ..show import Html, ProvedEquality, theorem

KINDS = {
    "derived": "correct as stated; proved or computed here",
    "corrected": "wrong as stated; what is right is proved or computed here",
    "refuted": "wrong, and no small change makes it right",
    "opinion": "not decided by a theorem: a choice, an experience or a reference, with evidence",
}


@dataclass(frozen=True)
class Check:
    """One equality or fact that was checked. `holds` says whether it speaks for the claim.

    Attributes:
        holds: whether it is true.
        text: what it says, formulas between dollar signs; may be empty.
        exhibit: what to show: the theorem, its refutation, or a table.
    """

    holds: bool
    text: str
    exhibit: ProvedEquality | NotEqualError | Html | None = None


@dataclass(frozen=True)
class Judgement:
    """What became of a claim.

    Attributes:
        kind: a key of `KINDS`.
        evidence: the reason in words, with computed numbers.
        checks: what was checked, to be shown.
    """

    kind: str
    evidence: str
    checks: tuple[Check, ...]

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(
                f"Judgement: kind must be one of {', '.join(KINDS)}, got {self.kind!r}"
            )

    def with_(self, *more: Check) -> Judgement:
        """The same judgement with more to show."""
        return replace(self, checks=(*self.checks, *more))


@dataclass(frozen=True)
class Claim:
    """One claim of a source: an id, the statement in our words, and the function that judges it."""

    id: str
    statement: str
    judge: Callable[[], Judgement]

    @property
    def source(self) -> str:
        """The letter of the source."""
        return self.id[0]

    def verdict(self) -> Judgement:
        """The judgement, computed once."""
        return _judged(self)


def claim(name: str, judge: Callable[[], Judgement]) -> Claim:
    """A claim whose statement is the docstring of the function that judges it."""
    return Claim(name, " ".join(judge.__doc__.split()), judge)


@cache
def _judged(claim: Claim) -> Judgement:
    return claim.judge()


def equality(left, right, *, given: Iterable[Hypothesis] = (), rule: str = "") -> Check:
    """Whether left = right: a theorem, or its refutation with a counterexample."""
    try:
        found = theorem(left, right, given=given, rule=rule)
    except NotEqualError as error:
        return Check(
            False,
            rule,
            NotEqualError(import_sympy(left), import_sympy(right), error.counterexample),
        )
    return Check(True, rule, found)


def fact(text: str, holds: bool, exhibit: Html | None = None) -> Check:
    """Whether a computed condition holds."""
    return Check(bool(holds), text, exhibit)


def exhibit(shown: Html) -> Check:
    """Something to look at that says nothing for or against the claim."""
    return Check(True, "", shown)


def verdict(stated: Sequence[Check], *, right: Sequence[Check] = (), evidence: str) -> Judgement:
    """The judgement that follows: derived if everything stated holds, else corrected or refuted.

    Args:
        stated: checks of the claim as its source states it.
        right: checks of a corrected statement; without them a claim that fails is refuted.
        evidence: the reason in words.

    Raises:
        ValueError: if the correction does not hold either.
    """
    if not all(c.holds for c in right):
        raise ValueError(
            f"the correction does not hold either: {next(c for c in right if not c.holds)}"
        )
    failed = "corrected" if right else "refuted"
    kind = "derived" if all(c.holds for c in stated) else failed
    return Judgement(kind, evidence, (*stated, *right))


def opinion(checks: Sequence[Check], *, evidence: str) -> Judgement:
    """A claim that no theorem decides, with what can be computed about it."""
    return Judgement("opinion", evidence, tuple(checks))
