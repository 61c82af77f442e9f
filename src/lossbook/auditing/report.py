"""What an audit found, as text, JSON or HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from . import report_html, report_text
from .findings import Accuracy, Finding

SCHEMA = "lossbook-audit/1"


@dataclass(frozen=True)
class Report:
    """The result of an audit.

    Attributes:
        name: What the implementation is called.
        loss: The name of the loss that it was compared with.
        framework: "torch", "numpy" or "jax".
        versions: The versions of the framework and of the package of the implementation.
        call: How the implementation was called.
        parameters: The values of γ and α, and the tolerance for each dtype, in ULP.
        findings: What was found, by severity.
        accuracy: The largest errors, by dtype and region.
        facts: The conventions that were measured.
        skipped: What was not checked, and why.
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
        """Whether there is no error and no warning. A different convention is not a fault."""
        return all(f.severity == "convention" for f in self.findings)

    @property
    def ids(self) -> tuple[str, ...]:
        """The kinds of the findings."""
        return tuple(f.id for f in self.findings)

    def get(self, kind: str) -> Finding:
        """Return the finding of a kind.

        Args:
            kind: One of `ids`.

        Raises:
            KeyError: There is no such finding.
        """
        for finding in self.findings:
            if finding.id == kind:
                return finding
        raise KeyError(f"no finding is called {kind!r}; there are {', '.join(self.ids) or 'none'}")

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data. Its schema is `report.schema.json`."""
        found = asdict(self)
        for row in found["accuracy"]:
            for key in ("value", "gradient"):
                row[key] = "inf" if row[key] == float("inf") else row[key]
        return {"schema": SCHEMA, "ok": self.ok, **found}

    def to_json(self) -> str:
        """Return the report as JSON, without NaN or Infinity."""
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
