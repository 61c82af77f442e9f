"""A claim, what is found about it, and the verdict that follows from the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from ...calculus.prove import NotEqualError
from ...expr.hypotheses import Hypothesis
from ...expr.importing import import_sympy
from ..show import Html, Theorem, theorem

KINDS = {
    "derived": "it holds as stated, and is proved or computed here",
    "corrected": "it fails as stated; what is right is proved or computed here",
    "refuted": "it fails, and no small change saves it",
    "opinion": "no theorem decides it: a choice, an experience or a reference, with evidence",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was found out. `holds` says whether it speaks for the statement it was asked about."""

    holds: bool
    text: str
    exhibit: Theorem | NotEqualError | Html | None = None


@dataclass(frozen=True)
class Verdict:
    """What became of a claim: a key of `KINDS`, the reason in words with computed numbers, and what to show."""

    kind: str
    evidence: str
    findings: tuple[Finding, ...]

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"Verdict: kind must be one of {', '.join(KINDS)}, got {self.kind!r}")

    def with_(self, *more: Finding) -> Verdict:
        """The same verdict with more to show."""
        return replace(self, findings=(*self.findings, *more))


@dataclass(frozen=True)
class Claim:
    """One claim of a source: an id, the statement in our own words, and the function that judges it."""

    id: str
    statement: str
    judge: Callable[[], Verdict]

    @property
    def source(self) -> str:
        """The letter of the source."""
        return self.id[0]

    def verdict(self) -> Verdict:
        """The verdict, judged once."""
        return _judged(self)


@cache
def _judged(claim: Claim) -> Verdict:
    return claim.judge()


def equality(left, right, *, given: Iterable[Hypothesis] = (), rule: str = "") -> Finding:
    """Whether left = right: a theorem, or its refutation with a counterexample."""
    try:
        found = theorem(left, right, given=given, rule=rule)
    except NotEqualError as error:
        return Finding(
            False,
            rule,
            NotEqualError(import_sympy(left), import_sympy(right), error.counterexample),
        )
    return Finding(True, rule, found)


def fact(text: str, holds: bool, exhibit: Html | None = None) -> Finding:
    """Whether a computed condition holds."""
    return Finding(bool(holds), text, exhibit)


def verdict(stated: Sequence[Finding], *, right: Sequence[Finding] = (), evidence: str) -> Verdict:
    """Derived if everything stated holds; else corrected if there is something `right`; else refuted."""
    if not all(f.holds for f in right):
        raise ValueError(
            f"the correction does not hold either: {next(f for f in right if not f.holds)}"
        )
    failed = "corrected" if right else "refuted"
    kind = "derived" if all(f.holds for f in stated) else failed
    return Verdict(kind, evidence, (*stated, *right))


def opinion(findings: Sequence[Finding], *, evidence: str) -> Verdict:
    """A claim that no theorem decides, with what can be computed about it."""
    return Verdict("opinion", evidence, tuple(findings))
