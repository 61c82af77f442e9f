"""A report as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .findings import Finding, number, summary

if TYPE_CHECKING:
    from .report import Report


def text(report: Report) -> str:
    """Findings first, then the errors by region, then what was measured of the conventions."""
    versions = ", ".join(f"{k} {v}" for k, v in report.versions.items())
    lines = [
        f"{report.name}, audited as {report.loss}",
        f"called as {report.call}",
        versions,
        "",
        summary(report.findings),
    ]
    for finding in report.findings:
        lines += ["", *_finding(finding)]
    lines += ["", "worst error, in units in the last place", *_accuracy(report)]
    if report.facts:
        lines += ["", "measured", *(f"  {k}: {v}" for k, v in report.facts.items())]
    if report.skipped:
        lines += ["", "not checked", *(f"  {k}: {v}" for k, v in report.skipped.items())]
    return "\n".join(lines)


def _finding(finding: Finding) -> list[str]:
    lines = [f"{finding.severity.upper()} {finding.id}: {finding.title}"]
    if finding.example is not None:
        e = finding.example
        lines.append(f"  smallest input  {e.input} ({', '.join(filter(None, (e.dtype, e.call)))})")
        lines.append(f"  got             {e.got}")
        lines.append(f"  expected        {e.expected}")
    if finding.where:
        lines.append(f"  where           {where(finding)}")
    return lines


def where(finding: Finding) -> str:
    """In which dtypes, at which γ and in which regions; how many of how many rows."""
    w = finding.where
    parts = []
    if "rows" in w:
        parts.append(f"{w['rows']} of {w['of']} rows")
    if "dtypes" in w:
        parts.append(", ".join(w["dtypes"]))
    if "gammas" in w:
        parts.append("γ = " + ", ".join(f"{g:g}" for g in w["gammas"]))
    if "regions" in w:
        parts.append(", ".join(w["regions"]))
    return "; ".join(parts)


def _accuracy(report: Report) -> list[str]:
    wide = max((len(r.region) for r in report.accuracy), default=0)
    lines = [f"  {'dtype':9} {'region':{wide}} {'value':>8} {'gradient':>8}"]
    for r in report.accuracy:
        lines.append(
            f"  {r.dtype:9} {r.region:{wide}} {number(r.value):>8} {number(r.gradient):>8}"
        )
    return lines
