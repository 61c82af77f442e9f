"""Reports: what they say, as text, as JSON that keeps its schema, as a page that needs nothing and can be read."""

import itertools
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import jsonschema
import pytest

SCHEMA = json.loads((files("lossbook.auditing") / "report.schema.json").read_text())


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_json_keeps_the_schema(dirty, clean):
    for report in (dirty, clean):
        found = json.loads(report.to_json(), parse_constant=pytest.fail)
        jsonschema.validate(found, SCHEMA)
        assert found["ok"] is report.ok
        assert [f["id"] for f in found["findings"]] == list(report.ids)


def test_the_schema_refuses():
    for broken in ({}, {"schema": "lossbook-audit/2"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)


def test_findings_go_by_severity(dirty):
    severities = [f.severity for f in dirty.findings]
    assert severities == sorted(severities, key=["error", "warning", "convention"].index)
    assert set(severities) == {"error", "warning", "convention"}
    assert not dirty.ok


def test_conventions_alone_are_no_fault(dirty):
    assert replace(
        dirty, findings=tuple(f for f in dirty.findings if f.severity == "convention")
    ).ok


def test_text_has_every_finding_with_its_input(dirty, clean):
    text = str(dirty)
    for finding in dirty.findings:
        assert f"{finding.severity.upper()} {finding.id}: {finding.title}" in text
        assert finding.example.input in text
    assert "nothing found" in str(clean)


def test_an_unknown_finding_is_named(clean):
    with pytest.raises(KeyError, match="there are none"):
        clean.get("wrong-value")


class Page(HTMLParser):
    """Tags in their order, with attributes; complains of a tag that is not closed."""

    VOID = ("meta", "br")

    def __init__(self, html):
        super().__init__()
        self.open, self.tags = [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_stands_alone(dirty, clean):
    for report in (dirty, clean):
        page = Page(report.to_html())
        names = [tag for tag, _ in page.tags]
        assert not {"script", "link", "img", "iframe"} & set(names)
        assert not re.search(r"https?://|url\(|@import", report.to_html())


def test_html_is_accessible(dirty):
    page = Page(dirty.to_html())
    names = [tag for tag, _ in page.tags]
    assert ("html", {"lang": "en"}) in page.tags
    assert names.count("h1") == names.count("main") == names.count("title") == 1
    levels = [int(tag[1]) for tag in names if re.fullmatch(r"h\d", tag)]
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))  # no level is left out
    assert all(a.get("scope") for tag, a in page.tags if tag == "th")
    assert names.count("table") == names.count("caption")
    for finding in dirty.findings:
        assert (
            f'<span class="{finding.severity}">{finding.severity}</span>' in dirty.to_html()
        )  # not by colour alone


def test_html_escapes(dirty):
    page = replace(dirty, name="<script>&", call="a<b").to_html()
    assert "<script>" not in page
    assert "&lt;script&gt;&amp;" in page


def test_a_notebook_shows_the_findings(dirty, clean):
    assert all(f.title in dirty._repr_html_() for f in dirty.findings)
    Page(dirty._repr_html_())
    assert "nothing found" in clean._repr_html_()
