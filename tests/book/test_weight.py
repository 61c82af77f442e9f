"""What a first view of a page costs: everything the browser asks for, compressed as a static host would send it."""

import gzip

import pytest

from paths import PAGES

BOUND = 1_500_000


def weight(browser, url) -> int:
    """Compressed size of all that the first view of a page loads, mathematics drawn, in bytes."""
    sizes = []
    page = browser.new_context().new_page()
    page.on("requestfinished", lambda request: sizes.append(request.response()))
    page.goto(url, wait_until="networkidle")
    page.evaluate("async () => { await window.MathJax?.startup?.promise }")
    total = sum(len(gzip.compress(response.body(), 6)) for response in sizes if response.status == 200)
    page.context.close()
    return total


@pytest.mark.parametrize("name", [*PAGES, "search"])
def test_first_view_is_light(browser, site, name, record_property):
    found = weight(browser, f"{site}/{name}.html")
    record_property("first view", (f"kB {name}", found // 1000))
    assert 100_000 < found <= BOUND


def test_weight_sees_what_a_page_loads(browser, site):
    page = f"{site}/index.html"
    assert weight(browser, page) > weight(browser, f"{site}/_static/favicon.svg") + 300_000


def test_every_icon_is_still_drawn(browser, site):
    page = browser.new_context().new_page()
    page.goto(f"{site}/chapters/sigmoid.html", wait_until="networkidle")
    outlines = page.locator("svg.svg-inline--fa path").evaluate_all("paths => paths.map((p) => p.getAttribute('d'))")
    page.context.close()
    assert len(outlines) > 5
    assert all(outlines)
