"""The PDF edition, built, printed and examined as `make pdf` does: of a book of two pages with all that prints badly, and
of the book itself. The whole of it takes minutes, so only `--full` prints more than two chapters.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from one_page import PDF
from paths import PAGES, ROOT, SITE
from print_book import faults, print_pdf, text_of

INDEX = "# Small book\n\n```{toctree}\nfirst\nsecond\n```\n"
FIRST = r"""
# First chapter

It leads to [the second](second.md), to [elsewhere](https://host.example/), and to {download}`a file <conf.py>`.

$$\sum_{k=1}^K p_k = 1$$

$$WIDE$$

```python
LONG
```

````{exercise} Try
:label: try

What is $p_k$?
````

````{solution} try
:class: dropdown

It is unfolded.
````
""".replace("WIDE", " + ".join(f"p_{{{k}}}" for k in range(80))).replace(
    "LONG", "x = " + " + ".join(["word"] * 80)
)
SECOND = "# Second chapter\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"


def build(folder: Path, builder: str) -> Path:
    script = f"import sys; sys.path.insert(0, {str(ROOT / '_ext')!r}); from sphinx.cmd.build import main; sys.exit(main())"
    out = folder / builder
    subprocess.run(
        [sys.executable, "-c", script, "-q", "-b", builder, str(folder), str(out)], check=True
    )
    return out


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    for name, text in {"index": INDEX, "first": FIRST, "second": SECOND}.items():
        (folder / f"{name}.md").write_text(text)
    conf = {
        "project": "Tiny",
        "extensions": ["myst_parser", "sphinx_exercise", "sphinx_togglebutton", "one_page"],
        "myst_enable_extensions": ["dollarmath"],
        "html_theme": "sphinx_book_theme",
        "html_static_path": [str(ROOT / "_static")],
        "html_css_files": ["lossbook.css"],
        "mathjax_path": (SITE / "_static" / "mathjax" / "tex-svg-full.js").as_uri(),
        "mathjax_options": {},
        "exclude_patterns": ["html", "singlehtml"],
    }
    (folder / "conf.py").write_text("".join(f"{key} = {value!r}\n" for key, value in conf.items()))
    return folder


@pytest.fixture(scope="module")
def printed(tiny):
    """The PDF, the titles of its chapters, and what was left as TeX."""
    pdf = tiny / "pdf" / PDF
    pdf.parent.mkdir()
    return pdf, *print_pdf(build(tiny, "singlehtml") / "index.html", pdf)


def test_it_is_whole(printed):
    pdf, titles, raw = printed
    assert titles == ["First chapter", "Second chapter"]
    assert raw == []
    assert faults(pdf, titles) == []


def test_what_folds_on_a_screen_is_open_and_what_is_wide_is_not_cut(printed):
    text = "\n".join(text_of(page) for page in PdfReader(printed[0]).pages)
    assert "It is unfolded." in text
    assert text.count("word") == 80
    assert "https://host.example/" in text
    assert "Search" not in text


def test_the_formulas_are_drawn(printed):
    """Paths, for formulas have no font: many more of them than a page without formulas needs."""
    reader = PdfReader(printed[0])
    curves = [page.get_contents().get_data().count(b" c\n") for page in reader.pages]
    assert max(curves) > 500 > curves[-1]


@pytest.fixture
def changed(printed, tmp_path):
    """Writes the PDF anew, with a fault."""

    def change(plant) -> Path:
        writer = PdfWriter(clone_from=printed[0])
        plant(writer)
        writer.write(tmp_path / PDF)
        return tmp_path / PDF

    return change


def unmark(writer):
    del writer.root_object["/MarkInfo"]


def forget_outline(writer):
    del writer.root_object["/Outlines"]


def local_link(writer):
    writer.add_uri(0, "file:///home/somebody/book/index.html", (0, 0, 9, 9))


def blank(writer):
    writer.add_blank_page()


@pytest.mark.parametrize(
    ("plant", "complaint"),
    [
        (unmark, "not tagged"),
        (forget_outline, "no bookmark, or not in its place: First chapter"),
        (local_link, "page 1 links file:"),
        (blank, "has no number"),
    ],
)
def test_a_fault_is_noticed(changed, printed, plant, complaint):
    found = faults(changed(plant), printed[1])
    assert any(complaint in line for line in found), found


def test_a_missing_or_misplaced_chapter_is_noticed(printed):
    pdf, titles, _ = printed
    assert faults(pdf, [*titles, "Third chapter"])
    assert faults(pdf, titles[::-1])
    assert faults(pdf, titles, least_pages=50)


def test_what_is_not_typeset_is_noticed(tiny, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        r'<span id="document-a"></span><section><h1>A</h1><p>\frac{1}{2}</p><pre>\frac{1}{2}</pre></section>'
    )
    assert print_pdf(page, tmp_path / PDF) == (["A"], [r"\frac{1}{2}"])


def test_the_site_links_it_where_it_is(tiny, printed):
    out = build(tiny, "html")
    assert f'href="{PDF}"' in (out / "second.html").read_text()
    assert (out / PDF).read_bytes() == printed[0].read_bytes()


def test_the_site_does_not_link_it_where_it_is_not(tiny, tmp_path):
    for name in ("index.md", "first.md", "second.md", "conf.py"):
        shutil.copy(tiny / name, tmp_path)
    out = build(tmp_path, "html")
    assert PDF not in (out / "second.html").read_text()
    assert not (out / PDF).exists()


def title_of(page: str) -> str:
    heading = re.search(
        r"<h1>((?:(?!<h1>).)*?)<a class=.headerlink", (SITE / f"{page}.html").read_text(), re.DOTALL
    )
    return re.sub(r"<[^>]+>", "", heading[1]).strip()


@pytest.mark.parametrize(
    ("pages", "least_pages"),
    [
        (["chapters/sigmoid", "chapters/notation"], 10),
        pytest.param(PAGES, 50, marks=pytest.mark.exhaustive),
    ],
    ids=["two chapters", "the whole book"],
)
def test_the_book_is_printed_whole(pages, least_pages, tmp_path):
    pdf = tmp_path / PDF
    only = () if pages == PAGES else tuple(pages)
    titles, raw = print_pdf(ROOT / "_build" / "singlehtml" / "index.html", pdf, only)
    assert sorted(titles) == sorted(map(title_of, pages))
    assert raw == []
    assert faults(pdf, titles, least_pages) == []
