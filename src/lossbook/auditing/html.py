"""A report as HTML: a page of its own, or its body for a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .findings import SEVERITIES, Finding, number, summary
from .text import where

if TYPE_CHECKING:
    from .report import Report

STYLE = """
:root { color-scheme: light dark; --ground: #fffefb; --ink: #1f1f1e; --line: #c9c5bb; --error: #a01b2e; --warning: #744700;
  --convention: #14506b; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181d; --ink: #e8e6e1; --line: #3a434d; --error: #ff9aa6; --warning: #f2c873; --convention: #8fd0e8; }
}
body { background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
code { font-size: 0.95em; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
.error { color: var(--error); } .warning { color: var(--warning); } .convention { color: var(--convention); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; } caption { text-align: left; }
th, td { text-align: left; padding: 0.25rem 0.8rem 0.25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
dt { font-weight: 600; } dd { margin: 0 0 0.3rem; overflow-wrap: anywhere; }
"""


def page(report: Report) -> str:
    """A whole page, with its own style and nothing else."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Audit of {escape(report.name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Audit of <code>{escape(report.name)}</code></h1>\n{_intro(report)}\n"
        f'<section aria-labelledby="findings">\n<h2 id="findings">Findings</h2>\n{_findings(report)}\n</section>\n'
        f'<section aria-labelledby="accuracy">\n<h2 id="accuracy">Accuracy</h2>\n{_accuracy(report)}\n</section>\n'
        f"{_pairs('Measured', report.facts)}{_pairs('Not checked', report.skipped)}</main>\n</body>\n</html>\n"
    )


def body(report: Report) -> str:
    """What a notebook shows: the findings as a table."""
    rows = "".join(
        f"<tr><td><strong>{f.severity}</strong></td><td>{escape(f.title)}<br><small>{escape(where(f))}</small></td>"
        f"<td>{_example(f)}</td></tr>"
        for f in report.findings
    )
    caption = f"{escape(report.name)} as {escape(report.loss)}: {escape(summary(report.findings))}"
    if not rows:
        return f"<p>{caption}.</p>"
    head = "".join(f'<th scope="col">{h}</th>' for h in ("", "finding", "smallest input"))
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _intro(report: Report) -> str:
    versions = ", ".join(f"{k} {v}" for k, v in report.versions.items())
    verdict = "clean" if report.ok else "not clean"
    return (
        f"<p><strong>{verdict}</strong>: {escape(summary(report.findings))}. Audited as <code>{escape(report.loss)}</code>, called as "
        f"<code>{escape(report.call)}</code>, with {escape(versions)}.</p>"
    )


def _findings(report: Report) -> str:
    if not report.findings:
        return "<p>None.</p>"
    kinds = "".join(f"<dt class='{k}'>{k}</dt><dd>{escape(v)}</dd>" for k, v in SEVERITIES.items())
    return "".join(_finding(f) for f in report.findings) + f"<h3>Severities</h3><dl>{kinds}</dl>"


def _finding(finding: Finding) -> str:
    shown = f"<dl>{_example(finding, terms=True)}</dl>" if finding.example else ""
    place = f"<p>{escape(where(finding))}</p>" if finding.where else ""
    return (
        f'<article><h3><span class="{finding.severity}">{finding.severity}</span> <code>{finding.id}</code>: '
        f"{escape(finding.title)}</h3>{shown}{place}</article>\n"
    )


def _example(finding: Finding, *, terms: bool = False) -> str:
    e = finding.example
    if e is None:
        return ""
    rows = (
        ("smallest input", e.input),
        ("dtype", e.dtype),
        ("call", e.call),
        ("got", e.got),
        ("expected", e.expected),
    )
    if terms:
        return "".join(f"<dt>{k}</dt><dd><code>{escape(v)}</code></dd>" for k, v in rows if v)
    call = ", ".join(filter(None, (e.dtype, e.call)))
    return (
        f"<code>{escape(e.input)}</code><br><small>{escape(call)}</small><br>"
        f"got <code>{escape(e.got)}</code>, expected <code>{escape(e.expected)}</code>"
    )


def _accuracy(report: Report) -> str:
    rows = "".join(
        f'<tr><th scope="row">{r.dtype}</th><td>{escape(r.region)}</td><td class="n">{r.rows}</td>'
        f'<td class="n">{number(r.value)}</td><td class="n">{number(r.gradient)}</td></tr>'
        for r in report.accuracy
    )
    head = "".join(
        f'<th scope="col">{h}</th>' for h in ("dtype", "region", "rows", "loss", "gradient")
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Accuracy table"><table>'
        "<caption>Worst error, in units in the last place of the truth</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _pairs(title: str, pairs) -> str:
    if not pairs:
        return ""
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in pairs.items())
    return f"<section><h2>{title}</h2><dl>{rows}</dl></section>\n"
