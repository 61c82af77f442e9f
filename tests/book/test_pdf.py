"""A short edition, printed: chapters, bookmarks, page numbers, tags; and PDFs that lack them."""

import pytest
from pypdf import PdfReader, PdfWriter

from paths import PAGES, ROOT
from print_book import faults, print_pdf

PAGE = ROOT / "_build" / "singlehtml" / "index.html"
SHORT = ("chapters/notation", "chapters/sigmoid")


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    pdf = tmp_path_factory.mktemp("pdf") / "short.pdf"
    return pdf, print_pdf(PAGE, pdf, SHORT)


def test_the_single_page_has_every_chapter():
    html = PAGE.read_text()
    assert [page for page in PAGES[1:] if f'id="document-{page}"' not in html] == []


def test_the_edition_is_whole(edition):
    pdf, titles = edition
    assert titles == ["Losses, Derived", "Notation", "Sigmoid"]
    assert faults(pdf, titles, least_pages=10) == []


def test_solutions_are_open_and_nothing_is_of_the_screen(edition):
    text = "\n".join(page.extract_text() for page in PdfReader(edition[0]).pages)
    assert "Solution to Exercise" in text
    assert not any(
        word in text for word in ("Skip to main content", "Back to top", "Show the imports", "Click to show")
    )


def test_faults_are_seen(edition, tmp_path):
    pdf, titles = edition
    plain = PdfWriter()
    for page in PdfReader(pdf).pages[1:]:
        plain.add_page(page)
    plain.write(tmp_path / "plain.pdf")
    found = faults(tmp_path / "plain.pdf", [*titles, "Softmax squared"], least_pages=500)
    for what in ("no bookmark: Sigmoid", "not in the text: Softmax squared", "not tagged", "no title and author"):
        assert what in found
    assert any("expected at least 500" in fault for fault in found)
    assert any("has no number" in fault for fault in found)
