"""A report as HTML: a page of its own, or its body for a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..calculus.markup import Markup, element, join
from .findings import SEVERITIES, Example, Finding, number, summary
from .report_text import where

if TYPE_CHECKING:
    from .report import Report

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #fffefb; --ink: #1f1f1e; --line: #c9c5bb;
  --error: #a01b2e; --warning: #744700; --convention: #14506b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181d; --ink: #e8e6e1; --line: #3a434d;
    --error: #ff9aa6; --warning: #f2c873; --convention: #8fd0e8;
  }
}
body {
  background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
}
code { font-size: 0.95em; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin-top: 2rem; }
h3 { font-size: 1rem; }
.error { color: var(--error); }
.warning { color: var(--warning); }
.convention { color: var(--convention); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
caption { text-align: left; }
th, td {
  text-align: left; vertical-align: top;
  padding: 0.25rem 0.8rem 0.25rem 0; border-bottom: 1px solid var(--line);
}
td.n { text-align: right; font-variant-numeric: tabular-nums; }
dt { font-weight: 600; }
dd { margin: 0 0 0.3rem; overflow-wrap: anywhere; }
"""


def page(report: Report) -> str:
    """A whole page, with its own style and nothing else."""
    head = (
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"Audit of {report.name}"),
        element("style", Markup(STYLE)),
    )
    main = element(
        "main",
        element("h1", "Audit of ", element("code", report.name)),
        _intro(report),
        _section("Findings", _findings(report)),
        _section("Accuracy", _accuracy(report)),
        _section("Measured", _pairs(report.facts)) if report.facts else None,
        _section("Not checked", _pairs(report.skipped)) if report.skipped else None,
    )
    both = (element("head", *head), "\n", element("body", main))
    return f"<!DOCTYPE html>\n{element('html', *both, lang='en')}\n"


def body(report: Report) -> str:
    """What a notebook shows: the findings as a table."""
    caption = f"{report.name} as {report.loss}: {summary(report.findings)}"
    if not report.findings:
        return element("p", f"{caption}.")
    rows = (
        element(
            "tr",
            element("td", element("strong", f.severity)),
            element("td", f.title, element("br"), element("small", where(f))),
            element("td", _example(f)),
        )
        for f in report.findings
    )
    return element(
        "table",
        element("caption", caption),
        _head("", "finding", "smallest input"),
        element("tbody", *rows),
    )


def _head(*titles: str) -> Markup:
    return element("thead", element("tr", *(element("th", t, scope="col") for t in titles)))


def _section(title: str, *content: object) -> Markup:
    anchor = title.lower().replace(" ", "-")
    heading = element("h2", title, id=anchor)
    return join(element("section", heading, *content, aria_labelledby=anchor), "\n")


def _intro(report: Report) -> Markup:
    versions = ", ".join(f"{k} {v}" for k, v in report.versions.items())
    return element(
        "p",
        element("strong", "clean" if report.ok else "not clean"),
        f": {summary(report.findings)}. Audited as ",
        element("code", report.loss),
        ", called as ",
        element("code", report.call),
        f", with {versions}.",
    )


def _findings(report: Report) -> Markup:
    if not report.findings:
        return element("p", "None.")
    kinds = (
        join(element("dt", kind, class_=kind), element("dd", meaning))
        for kind, meaning in SEVERITIES.items()
    )
    articles = map(_finding, report.findings)
    return join(*articles, element("h3", "Severities"), element("dl", *kinds))


def _finding(finding: Finding) -> Markup:
    title = element(
        "h3",
        element("span", finding.severity, class_=finding.severity),
        " ",
        element("code", finding.id),
        f": {finding.title}",
    )
    shown = element("dl", _terms(finding.example)) if finding.example else None
    place = element("p", where(finding)) if finding.where else None
    return join(element("article", title, shown, place), "\n")


def _terms(example: Example) -> Markup:
    """An example as terms with their definitions."""
    rows = {
        "smallest input": example.input,
        "dtype": example.dtype,
        "call": example.call,
        "got": example.got,
        "expected": example.expected,
    }
    return _definitions({k: element("code", v) for k, v in rows.items() if v})


def _example(finding: Finding) -> Markup | None:
    """An example in a cell of a table."""
    e = finding.example
    if e is None:
        return None
    call = ", ".join(filter(None, (e.dtype, e.call)))
    return join(
        *(element("code", e.input), element("br"), element("small", call), element("br")),
        *("got ", element("code", e.got), ", expected ", element("code", e.expected)),
    )


def _accuracy(report: Report) -> Markup:
    rows = (
        element(
            "tr",
            element("th", r.dtype, scope="row"),
            element("td", r.region),
            *(element("td", n, class_="n") for n in (r.rows, number(r.value), number(r.gradient))),
        )
        for r in report.accuracy
    )
    table = element(
        "table",
        element("caption", "Worst error, in units in the last place of the truth"),
        _head("dtype", "region", "rows", "loss", "gradient"),
        element("tbody", *rows),
    )
    return element(
        "div", table, class_="scroll", tabindex="0", role="region", aria_label="Accuracy table"
    )


def _pairs(pairs: Mapping[str, str]) -> Markup:
    return element("dl", _definitions(pairs))


def _definitions(pairs: Mapping[str, object]) -> Markup:
    return join(*(join(element("dt", k), element("dd", v)) for k, v in pairs.items()))
