"""What an audit found: findings, measured accuracy and conventions, as text, JSON or HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from . import report_html, report_text
from .findings import Accuracy, Finding

SCHEMA = "lossbook-audit/1"


@dataclass(frozen=True)
class Report:
    """The result of an audit.

    Attributes:
        name: of the function.
        loss: the name of the loss it was audited as.
        framework: "torch", "numpy" or "jax".
        versions: of the framework, and of the package that the function comes from.
        call: how it was called.
        parameters: the γ, the α and the tolerances.
        findings: by severity, then by kind.
        accuracy: by dtype and region.
        facts: what was measured of the conventions.
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
        return (
            json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False, default=str)
            + "\n"
        )

    def to_html(self) -> str:
        """A page of its own: no scripts, nothing from elsewhere."""
        return report_html.page(self)

    def to_text(self) -> str:
        """A short report."""
        return report_text.text(self)

    __str__ = to_text

    def _repr_html_(self) -> str:
        return report_html.body(self)
