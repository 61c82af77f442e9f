"""Every page, in Chromium, light and dark, wide and narrow; and each check, on a page with a planted fault."""

import pytest

from browser import chromium, examine
from paths import PAGES, SITE


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", [*PAGES, "search"])
def test_page(browser, site, page, scheme, width):
    assert examine(browser, f"{site}/{page}.html", scheme=scheme, width=width) == []


MATH = '<div class="math notranslate">'


@pytest.mark.parametrize(
    ("plant", "complaint"),
    [
        ('<img alt="" src="https://example.org/pixel.png">', "external request: https://example.org/pixel.png"),
        ('<script src="//example.org/script.js"></script>', "external request"),
        ("<style>@import url(https://example.org/font.css);</style>", "external request"),
        ('<img alt="" src="nowhere.svg">', "404"),
        ("<p>The gradient is $p_j - y_j$.</p>", "raw TeX"),
        (r"<p>The gradient is \frac{1}{p}.</p>", "raw TeX"),
        (rf"{MATH}\[\frac{{1}}\]</div>", "MathJax error"),
        (rf"{MATH}\[\nosuchmacro{{x}}\]</div>", "MathJax does not know a macro"),
        (f"{MATH}p_j - y_j</div>", "not typeset"),
        ('<div style="width: 2000px">wide</div>', "sticks out of the page"),
        ('<p><span class="math notranslate">\\(' + "p+" * 200 + "p\\)</span></p>", "cut off"),
        ('<script>console.error("planted")</script>', "console error: planted"),
        ('<script>throw new Error("planted")</script>', "page error"),
        ('<p style="opacity: 0.3">faint</p>', "contrast"),
        ('<p style="color: #888; background: #999">faint</p>', "contrast"),
    ],
)
def test_examine_sees(browser, site, plant, complaint):
    page = next(page for page in PAGES if "math notranslate" in (SITE / f"{page}.html").read_text())
    found = examine(browser, f"{site}/{page}.html", width=390, plant=plant)
    assert any(complaint in problem for problem in found), found


def test_a_missing_browser_is_named(monkeypatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="apt-get install chromium"):
        chromium()
