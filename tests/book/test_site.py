"""The built site has every page of the table of contents, with its equations, and no link that leads nowhere; pages that
have moved lead to their new places; and no page has characters that most readers cannot read."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import yaml

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


# -- formulas and the marks after them -----------------------------------------------------------

LOOSE = re.compile(r'nohighlight">[^<]*</span>[.,;:!?)’”]+(?!</span>|[.,;:!?)’”])')


@pytest.mark.parametrize("page", PAGES)
def test_no_full_stop_is_parted_from_its_formula(page):
    assert LOOSE.findall((SITE / f"{page}.html").read_text()) == []


def test_a_parted_full_stop_is_noticed():
    formula = r'<span class="math notranslate nohighlight">\(K\)</span>'
    assert LOOSE.findall(f"<p>for all {formula}. Then</p>")
    assert not LOOSE.findall(f'<p>for all <span class="lb-together">{formula}.</span> Then</p>')


# -- pages that have moved ---------------------------------------------------------------------------

REDIRECTS = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]["redirects"]


def faults_of_redirect(page: str, target: str) -> list[str]:
    """What is wrong with a redirect from an old page, without its suffix, to an address relative to it."""
    found = [f"{page} is still a page"] if page in PAGES else []
    new = (SITE / page).parent / urlsplit(target).path
    if new.relative_to(SITE).with_suffix("").as_posix() not in PAGES:
        return [*found, f"{target} is no page"]
    return found + broken_links(page, f'<a href="{target}">x</a>')


@pytest.mark.parametrize("page", REDIRECTS)
def test_a_page_that_has_moved_leads_to_its_new_place(page):
    assert faults_of_redirect(page, REDIRECTS[page]) == []
    assert Links((SITE / f"{page}.html").read_text()).references == [REDIRECTS[page]]


@pytest.mark.parametrize(
    ("page", "target", "fault"),
    [
        ("chapters/old", "nowhere.html", "nowhere.html is no page"),
        ("chapters/old", "_static/favicon.svg", "_static/favicon.svg is no page"),
        ("chapters/old", "sigmoid.html#nowhere", "sigmoid.html#nowhere"),
        ("chapters/sigmoid", "softmax.html", "chapters/sigmoid is still a page"),
    ],
)
def test_a_wrong_redirect_is_noticed(page, target, fault):
    assert faults_of_redirect(page, target) == [fault]


def test_a_redirect_keeps_the_place_on_the_page_and_calls_no_other_site(browser, site):
    stub = (ROOT / "_ext" / "redirect.html").read_text()
    page = browser.new_context().new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    old = f"{site}/chapters/old.html"
    page.route(
        old,
        lambda route: route.fulfill(
            body=stub.replace("${to_uri}", "sigmoid.html"), content_type="text/html"
        ),
    )
    page.goto(f"{old}#exercises")
    page.wait_for_url(f"{site}/chapters/sigmoid.html#exercises")
    page.context.close()
    assert len(asked) > 2
    assert [url for url in asked if not url.startswith((site, "data:", "blob:"))] == []


# -- characters --------------------------------------------------------------------------------------

CJK = re.compile("[\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+")


class Text(HTMLParser):
    """Collects what a page says: its text, and what its pictures and links are called."""

    def __init__(self, html: str):
        super().__init__()
        self.said, self.silent = [], False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.silent = tag in ("script", "style")
        self.said += [
            value or "" for key, value in attributes if key in ("alt", "aria-label", "title")
        ]

    def handle_endtag(self, tag):
        self.silent = False

    def handle_data(self, data):
        if not self.silent:
            self.said.append(data)


def chinese(html: str) -> list[str]:
    return [found for text in Text(html).said for found in CJK.findall(text)]


@pytest.mark.parametrize("page", [*PAGES, "404", "search", "genindex"])
def test_titles_in_chinese_are_transcribed(page):
    assert chinese((SITE / f"{page}.html").read_text()) == []


def test_characters_that_stay_are_noticed():
    planted = '<p>mse loss \u53ca\u5176\u6c42\u5bfc, γ → ∞ – “jíqí qiúdǎo”</p><img alt="\u524d\u5411"><script>"\u524d"</script>'
    assert chinese(planted) == ["\u53ca\u5176\u6c42\u5bfc", "\u524d\u5411"]
