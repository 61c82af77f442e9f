"""What an audit found: findings, measured accuracy and conventions, as text, JSON or HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

SCHEMA = "lossbook-audit/1"
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
    """One thing that was found. id: its kind, the same in every report. where: dtypes, gammas, regions, and counts."""

    id: str
    severity: str
    title: str
    example: Example | None = None
    where: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Accuracy:
    """The worst errors of a region in a dtype, in units in the last place; inf where a number is missing or wrong.

    rows: how many were compared, over all γ. gradient: None where there is none.
    """

    dtype: str
    region: str
    rows: int
    value: float
    gradient: float | None


@dataclass(frozen=True)
class Report:
    """The result of an audit.

    findings: by severity, then by kind. accuracy: by dtype and region. facts: what was measured of the conventions.
    skipped: what was not checked, and why.
    """

    name: str
    loss: str
    framework: str
    versions: Mapping[str, str]
    call: str
    parameters: Mapping[str, object]
    findings: tuple[Finding, ...]
    accuracy: tuple[Accuracy, ...]
    facts: Mapping[str, str]
    skipped: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """No error and no warning; another convention is no fault."""
        return all(f.severity == "convention" for f in self.findings)

    @property
    def ids(self) -> tuple[str, ...]:
        """The kinds of the findings."""
        return tuple(f.id for f in self.findings)

    def get(self, kind: str) -> Finding:
        """The finding of a kind."""
        for finding in self.findings:
            if finding.id == kind:
                return finding
        raise KeyError(f"no finding is called {kind!r}; there are {', '.join(self.ids) or 'none'}")

    def to_dict(self) -> dict:
        """As plain data, what `to_json` writes; the schema is `report.schema.json`."""
        found = asdict(self)
        for row in found["accuracy"]:
            for key in ("value", "gradient"):
                row[key] = "inf" if row[key] == float("inf") else row[key]
        return {"schema": SCHEMA, "ok": self.ok, **found}

    def to_json(self) -> str:
        """JSON, without NaN or Infinity."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n"

    def to_html(self) -> str:
        """A page of its own: no scripts, nothing from elsewhere."""
        from .html import page

        return page(self)

    def to_text(self) -> str:
        """A short report."""
        from .text import text

        return text(self)

    __str__ = to_text

    def _repr_html_(self) -> str:
        from .html import body

        return body(self)


def ordered(findings) -> tuple[Finding, ...]:
    """By severity, then as they were found."""
    rank = list(SEVERITIES)
    return tuple(sorted(findings, key=lambda f: rank.index(f.severity)))


def summary(report: Report) -> str:
    """One line: how many findings of each severity."""
    counts = {s: sum(f.severity == s for f in report.findings) for s in SEVERITIES}
    return ", ".join(f"{n} {s}{'s' * (n != 1)}" for s, n in counts.items() if n) or "nothing found"


def number(x: float | None) -> str:
    """An error in ULP, short."""
    if x is None:
        return "–"
    if x == float("inf"):
        return "∞"
    return f"{x:.2f}" if x < 100 else f"{x:.1e}"
