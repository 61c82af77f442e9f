"""What the site tells other sites: addresses, cards, sitemap, citation; with an address and without one."""

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from paths import PAGES, ROOT, SITE

sys.path.insert(0, str(ROOT / "_ext"))
import citation
import published

CFF = yaml.safe_load((ROOT / "CITATION.cff").read_text())
# the schema of the Citation File Format 1.2.0, CC BY 4.0, as published by its authors
SCHEMA = json.loads((Path(__file__).parent / "data" / "cff-1.2.0.schema.json").read_text())


def cff_faults(cff) -> list[str]:
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(cff)]


def test_citation_file_is_valid():
    assert cff_faults(CFF) == []


@pytest.mark.parametrize(
    "change", [{"type": "novel"}, {"authors": []}, {"cff-version": "9"}, {"titel": "x"}]
)
def test_a_wrong_citation_file_is_noticed(change):
    assert cff_faults(CFF | change) != []


def test_the_book_says_how_to_cite_it():
    html = re.sub(r"<[^>]+>", "", (SITE / "references.html").read_text())
    fields = citation.reference(CFF, "")
    assert fields["title"] == CFF["title"]
    assert citation.sentence(fields) in html
    assert citation.bibtex(fields).splitlines()[1] in html


def test_bibtex_is_read_by_pybtex():
    from pybtex.database import parse_string

    entry = parse_string(
        citation.bibtex(citation.reference(CFF, "https://host/book/")), "bibtex"
    ).entries["losses-derived"]
    assert entry.type == "book"
    assert entry.fields["title"] == "{Losses, Derived}"
    assert entry.fields["url"] == "https://host/book/"
    assert [str(person) for person in entry.persons["author"]] == ["The authors of Losses, Derived"]


ADDRESS = "https://host.example/a/book/"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A book of two pages, built with an address and without."""
    built = {}
    for address in ("", ADDRESS):
        folder = tmp_path_factory.mktemp("tiny")
        (folder / "sub").mkdir()
        (folder / "index.md").write_text(
            "# Start\n\nWhat it is about.\n\n```{toctree}\nsub/page\n```\n"
        )
        (folder / "sub" / "page.md").write_text("# Page\n\nWhat the page says.\n")
        conf = {
            "project": "Tiny",
            "extensions": ["myst_parser", "published", "notfound.extension", "sphinxext.opengraph"],
            "html_baseurl": address,
            "html_theme": "sphinx_book_theme",
        }
        (folder / "conf.py").write_text(
            "".join(f"{key} = {value!r}\n" for key, value in conf.items())
        )
        script = f"import sys; sys.path.insert(0, {str(ROOT / '_ext')!r}); from sphinx.cmd.build import main; sys.exit(main())"
        subprocess.run(
            [sys.executable, "-c", script, "-q", str(folder), str(folder / "out")], check=True
        )
        built[address] = folder / "out"
    return built


def test_with_an_address_every_page_says_it(tiny):
    out = tiny[ADDRESS]
    html = (out / "sub" / "page.html").read_text()
    assert f'<link rel="canonical" href="{ADDRESS}sub/page.html"' in html
    assert f'property="og:url" content="{ADDRESS}sub/page.html"' in html
    card = re.search(r'property="og:image" content="([^"]+)"', html).group(1)
    assert card.startswith(ADDRESS)
    assert (out / card.removeprefix(ADDRESS)).read_bytes().startswith(b"\x89PNG")
    assert 'name="description" content="What the page says."' in html
    assert re.findall(r"<loc>(.+?)</loc>", (out / "sitemap.xml").read_text()) == [
        f"{ADDRESS}index.html",
        f"{ADDRESS}sub/page.html",
    ]
    assert 'href="/a/book/_static/' in (out / "404.html").read_text()


def test_without_an_address_no_page_says_a_wrong_one(tiny):
    out = tiny[""]
    html = (out / "sub" / "page.html").read_text()
    assert not re.search(r"canonical|og:url|og:image", html)
    assert 'property="og:title" content="Page"' in html
    assert not (out / "sitemap.xml").exists()
    assert 'href="/_static/' in (out / "404.html").read_text()


@pytest.mark.parametrize("address", ["host/book/", "https://host/book", "ftp://host/"])
def test_a_wrong_address_is_refused(address):
    class Config:
        html_baseurl = address

    with pytest.raises(Exception, match="must look like https://host/path/"):
        published.share_address(None, Config)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_its_own_description(page):
    html = (SITE / f"{page}.html").read_text()
    assert len(re.search(r'name="description" content="([^"]*)"', html).group(1)) > 20
    assert html.count('property="og:title"') == 1


def test_404_works_at_any_depth(browser, site):
    page = browser.new_context().new_page()
    failed = []
    page.on(
        "response",
        lambda r: failed.append(r.url) if r.status >= 400 and "nowhere" not in r.url else None,
    )
    response = page.goto(f"{site}/some/folder/nowhere.html", wait_until="networkidle")
    assert response.status == 404
    assert page.locator(".bd-article h1").first.text_content() == "Page not found"
    assert failed == []
    page.locator("nav.bd-links a", has_text="Softmax").first.click()
    assert page.locator(".bd-article h1").first.text_content().startswith("Softmax")
    page.context.close()
