"""Every page, in Chromium, light and dark, wide and narrow, and what its first view costs; and each check, on a page
with planted faults."""

import gzip

import pytest

from browser import DIFFERENT, STATES, chromium, visit
from paths import PAGES, SITE

BOUND = 1_500_000


def weight(responses) -> int:
    """Compressed size of what was loaded, as a static host would send it, in bytes."""
    return sum(
        len(gzip.compress(response.body(), 6)) for response in responses if response.status == 200
    )


# Colours follow the theme and the layout the width, so two states hold all that differs, but for what shows on wide screens
# alone: test_accessible.py looks at its contrast in both themes.
LOOKED_AT = [
    state if state in DIFFERENT else pytest.param(*state, marks=pytest.mark.exhaustive)
    for state in STATES
]


@pytest.mark.parametrize(("scheme", "width"), LOOKED_AT)
def test_page(visited, scheme, width):
    assert visited.examine(scheme, width) == []


def test_first_view_is_light(visited, request, record_property):
    found = weight(visited.first)
    record_property("first view", (f"kB {request.node.callspec.params['visited']}", found // 1000))
    assert 100_000 < found <= BOUND


def test_weight_sees_what_a_page_loads(browser, site):
    with (
        visit(browser, f"{site}/index.html") as page,
        visit(browser, f"{site}/_static/favicon.svg") as icon,
    ):
        assert weight(page.first) > weight(icon.first) + 300_000


def test_every_icon_is_still_drawn(browser, site):
    with visit(browser, f"{site}/chapters/sigmoid.html") as found:
        outlines = found.page.locator("svg.svg-inline--fa path").evaluate_all(
            "all => all.map((p) => p.getAttribute('d'))"
        )
    assert len(outlines) > 5
    assert all(outlines)


MATH = '<div class="math notranslate">'
# A fault, and what must be said of it; all stand in one page, so that each has words of its own.
PLANTED = {
    '<img alt="" src="https://example.org/pixel.png">': "external request: https://example.org/pixel.png",
    '<script src="//example.org/script.js"></script>': "external request: http://example.org/script.js",
    "<style>@import url(https://example.org/font.css);</style>": "external request: https://example.org/font.css",
    '<img alt="" src="nowhere.svg">': "404: http",
    "<p>The gradient is $p_j - y_j$.</p>": "raw TeX: The gradient is $p_j - y_j$.",
    r"<p>The gradient is \frac{1}{p}.</p>": r"raw TeX: The gradient is \frac{1}{p}.",
    rf"{MATH}\[\frac{{1}}\]</div>": "MathJax error",
    rf"{MATH}\[\nosuchmacro{{x}}\]</div>": "MathJax does not know a macro",
    f"{MATH}p_j - y_j</div>": "not typeset: p_j - y_j",
    '<div class="broad" style="width: 2000px">wide</div>': 'sticks out of the page: <div class="broad">',
    '<p><span class="math notranslate">\\(' + "p+" * 200 + "p\\)</span></p>": "cut off",
    '<script>console.error("planted")</script>': "console error: planted",
    '<script>throw new Error("thrown")</script>': "page error: thrown",
    '<p class="thin" style="opacity: 0.3">faint</p>': '<p class="thin"> faint',
    '<p class="grey" style="color: #888; background: #999">faint</p>': '<p class="grey"> faint',
}


@pytest.fixture(scope="module")
def complaints(browser, site) -> list[str]:
    page = next(page for page in PAGES if "math notranslate" in (SITE / f"{page}.html").read_text())
    with visit(browser, f"{site}/{page}.html", width=390, plant="".join(PLANTED)) as found:
        return found.examine("light", 390)


@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_fault_is_seen(complaints, plant):
    assert any(PLANTED[plant] in complaint for complaint in complaints), complaints


def test_a_missing_browser_is_named(monkeypatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="apt-get install chromium"):
        chromium()
