"""What an audit finds: findings with their smallest input, and measured errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SEVERITIES = {
    "error": "a number or a behaviour that is wrong",
    "warning": "digits are lost, or something that should work does not",
    "convention": "differs from the usual definition; nothing wrong with the arithmetic",
}


@dataclass(frozen=True)
class Example:
    """The smallest input that shows a finding. call: the parameters of the call, as text."""

    input: str
    dtype: str
    call: str
    got: str
    expected: str


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        id: its kind, the same in every report.
        severity: a key of `SEVERITIES`.
        title: a sentence.
        example: the smallest input that shows it.
        where: dtypes, gammas, regions, and counts.
    """

    id: str
    severity: str
    title: str
    example: Example | None = None
    where: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Accuracy:
    """The worst errors of a region in a dtype, in ULP; inf where a number is missing or wrong.

    rows: how many were compared, over all γ. gradient: None where there is none.
    """

    dtype: str
    region: str
    rows: int
    value: float
    gradient: float | None


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By severity, then as they were found."""
    rank = list(SEVERITIES)
    return tuple(sorted(findings, key=lambda f: rank.index(f.severity)))


def summary(findings: Iterable[Finding]) -> str:
    """One line: how many findings of each severity."""
    findings = tuple(findings)
    counts = {s: sum(f.severity == s for f in findings) for s in SEVERITIES}
    return ", ".join(f"{n} {s}{'s' * (n != 1)}" for s, n in counts.items() if n) or "nothing found"


def number(x: float | None) -> str:
    """An error in ULP, short."""
    if x is None:
        return "–"
    if x == float("inf"):
        return "∞"
    return f"{x:.2f}" if x < 100 else f"{x:.1e}"
