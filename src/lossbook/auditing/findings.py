"""What an audit finds: findings, each with its smallest input, and measured errors."""

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
    """The smallest input that shows a finding.

    Attributes:
        input: The logits and targets, as text.
        dtype: The dtype of the logits.
        call: The parameters of the call, as text.
        got: What the implementation returned.
        expected: What it should return.
    """

    input: str
    dtype: str
    call: str
    got: str
    expected: str


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        id: Its kind, the same in every report.
        severity: A key of `SEVERITIES`.
        title: What is wrong, in a sentence.
        example: The smallest input that shows it, or None.
        where: The dtypes, values of γ and regions in which it occurs, and how often.
    """

    id: str
    severity: str
    title: str
    example: Example | None = None
    where: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Accuracy:
    """The largest errors in a region of inputs.

    Attributes:
        dtype: The dtype of the logits.
        region: The region of inputs.
        rows: The number of rows that were compared, over all γ.
        value: The largest error of the value in ULP; inf where a number is missing or wrong.
        gradient: The same for the gradient, or None if there is no gradient.
    """

    dtype: str
    region: str
    rows: int
    value: float
    gradient: float | None


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings by severity, and otherwise in the order in which they were found."""
    rank = list(SEVERITIES)
    return tuple(sorted(findings, key=lambda f: rank.index(f.severity)))


def summary(findings: Iterable[Finding]) -> str:
    """Return the number of findings of each severity, in one line."""
    findings = tuple(findings)
    counts = {s: sum(f.severity == s for f in findings) for s in SEVERITIES}
    return ", ".join(f"{n} {s}{'s' * (n != 1)}" for s, n in counts.items() if n) or "nothing found"


def number(x: float | None) -> str:
    """Return an error in ULP as short text."""
    if x is None:
        return "–"
    if x == float("inf"):
        return "∞"
    return f"{x:.2f}" if x < 100 else f"{x:.1e}"
