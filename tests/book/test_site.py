"""The built site has every page of the table of contents, with its equations, and no link that leads nowhere."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

from paths import PAGES, ROOT, SITE

DISPLAY = re.compile(
    r"\$\$.+?\$\$|^`{3,}\{math\}|^\\begin\{(?:align|equation|gather)", re.DOTALL | re.MULTILINE
)


def source_of(page: str) -> tuple[str, list[dict]]:
    """The Markdown of a page, and the data of each output that the page shows."""
    notebook = ROOT / f"{page}.ipynb"
    if not notebook.exists():
        return (ROOT / f"{page}.md").read_text(), []
    cells = nbformat.read(notebook, as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    shown = [
        c
        for c in cells
        if c.cell_type == "code" and "remove-output" not in c.metadata.get("tags", [])
    ]
    return text, [output.data for cell in shown for output in cell.outputs if "data" in output]


def missing(page: str, html: str) -> list[str]:
    """What the source of a page has and its HTML lacks."""
    text, outputs = source_of(page)
    latex = sum("text/latex" in data and "text/html" not in data for data in outputs)
    steps = sum(data.get("text/html", "").count("lb-step") for data in outputs)
    figures = sum("image/svg+xml" in data and "text/html" not in data for data in outputs)
    wanted = {
        'class="math notranslate': len(DISPLAY.findall(text)) + latex,
        "lb-step": steps,
        "<img": figures,
        "<h1": 1,
    }
    return [
        f"{n} of {what}, found {html.count(what)}"
        for what, n in wanted.items()
        if html.count(what) < n
    ]


@pytest.mark.parametrize("page", PAGES)
def test_page_has_its_equations(page):
    path = SITE / f"{page}.html"
    assert path.exists(), "not built: run `make book`"
    assert missing(page, path.read_text()) == []


def test_a_page_without_its_equations_is_noticed():
    page = max(
        PAGES, key=lambda page: (SITE / f"{page}.html").read_text().count("math notranslate")
    )
    html = (SITE / f"{page}.html").read_text()
    assert missing(page, html) == []
    assert missing(page, html.replace("math notranslate", "").replace("lb-step", "")) != []


class Links(HTMLParser):
    """Collects what a page refers to and which names it defines."""

    def __init__(self, html: str):
        super().__init__()
        self.references, self.ids = [], set()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        for key, value in attributes:
            if key in ("href", "src") and value is not None:
                self.references.append(value)
            if key in ("id", "name") and value:
                self.ids.add(value)


@cache
def ids_of(page: Path) -> set[str]:
    return Links(page.read_text()).ids


def broken_links(page: str, html: str) -> list[str]:
    found = []
    for reference in Links(html).references:
        url = urlsplit(reference)
        if url.scheme or url.netloc:
            continue
        target = (SITE / page).parent / unquote(url.path) if url.path else SITE / f"{page}.html"
        if not target.exists():
            found.append(reference)
        elif url.fragment and target.suffix == ".html" and url.fragment not in ids_of(target):
            found.append(reference)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    assert broken_links(page, (SITE / f"{page}.html").read_text()) == []


@pytest.mark.parametrize(
    "reference", ["nowhere.html", "index.html#nowhere", "#nowhere", "_static/nowhere.svg"]
)
def test_a_broken_link_is_noticed(reference):
    assert broken_links("index", f'<a href="{reference}">x</a>') == [reference]
