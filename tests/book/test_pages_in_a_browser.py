"""Every page, in Chromium, light and dark, wide and narrow, what its first view costs, and its row in the table of pages;
and each check, on a page with planted faults."""

import gzip

import pytest

import pages
from browser import DIFFERENT, HEIGHT, STATES, chromium, visit
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


# A box that can be scrolled sideways must look like it, and is marked by scroll.js.
UNMARKED = """
async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const found = [];
  for (const box of document.querySelectorAll(".bd-article :not(svg, svg *)")) {
    if (box.scrollWidth <= box.clientWidth + 1 || !box.checkVisibility({ checkVisibilityCSS: true })) continue;
    const style = getComputedStyle(box);
    if (!["auto", "scroll"].includes(style.overflowX)) continue;
    if (!box.matches("[data-scrolls]") || !style.backgroundImage.includes("gradient"))
      found.push(`${box.tagName} ${box.className}`);
  }
  return found;
}
"""


def test_what_scrolls_sideways_shows_it(visited):
    visited.page.set_viewport_size({"width": 390, "height": HEIGHT})
    assert visited.page.evaluate(UNMARKED) == []


def test_page_is_as_in_the_table(visited, request):
    page = request.node.callspec.params["visited"]
    if page not in PAGES:  # the search is no page of the book
        return
    visited.page.set_viewport_size({"width": pages.WIDTH, "height": HEIGHT})
    row = pages.measure(visited.page)
    assert (
        pages.faults(page, row) + pages.stale(page, row, pages.read(pages.TABLE.read_text())) == []
    )


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


LISTING = f'<div class="highlight"><pre>{"wide " * 100}</pre></div>'
FOLDED = [
    f"<details><summary>The code</summary>{LISTING}</details>",
    f'<div class="solution admonition dropdown"><p class="admonition-title">Solution</p>{LISTING}<p>{"word " * 900}</p></div>',
]
SEEN = [
    LISTING,
    '<div style="height: 20000px"></div>',
    '<figure class="lb-figure"><img alt="" src="../_static/favicon.svg"></figure>',
    '<span class="lb-evidence lb-proved">proved</span>',
    f"<p>{'word ' * 1000}</p>",
    '<div class="exercise">An exercise.</div>',
    '<div class="narrow" style="width: 100px; overflow: auto"><div style="width: 300px">wide</div></div>',
]


def test_what_is_planted_is_measured(browser, site):
    url = f"{site}/chapters/sigmoid.html"
    with visit(browser, url) as found:
        plain = pages.measure(found.page)
    with visit(browser, url, plant="".join(SEEN + FOLDED)) as found:
        row = pages.measure(found.page)
        assert pages.measure(found.page) == row  # it has folded all again
        unmarked = found.page.evaluate(UNMARKED)
    more = {column: row[column] - plain[column] for column in row}
    assert 20_000 < more.pop("height") < 24_000
    assert 8 <= more.pop("minutes") <= 9
    assert more == {"figures": 1, "interactive": 0, "scrolling": 3, "badges": 1}
    assert unmarked == ["DIV narrow"]


FINE = dict(zip(pages.COLUMNS, (20, 16_000, 2, 1, 0, 3), strict=True))


@pytest.mark.parametrize(
    ("page", "change", "said"),
    [
        ("chapters/sigmoid", {}, []),
        ("chapters/sigmoid", {"height": 16_001}, ["is 16001 pixels high, more than 16000"]),
        ("chapters/sigmoid", {"scrolling": 1}, ["has 1 listings that scroll sideways"]),
        ("chapters/sigmoid", {"figures": 1}, ["has 1 figures, fewer than 2"]),
        ("chapters/sigmoid", {"interactive": 0}, ["has no interactive figure"]),
        ("chapters/focal_idea", {"figures": 0, "interactive": 0}, []),
        ("chapters/focal_idea", {"height": 20_000}, ["is 20000 pixels high, more than 16000"]),
        ("chapters/memory_bus", {"height": 20_000, "scrolling": 1}, []),
    ],
)
def test_a_page_beyond_its_limits_is_noticed(page, change, said):
    assert pages.faults(page, FINE | change) == [f"{page} {what}" for what in said]


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        ({}, False),
        ({"height": 16_700, "minutes": 21}, False),
        ({"height": 17_000}, True),
        ({"minutes": 22}, True),
        ({"figures": 3}, True),
        ({"badges": 2}, True),
    ],
)
def test_an_old_row_is_noticed(change, noticed):
    table = pages.read(pages.write({"chapters/old": FINE}))
    assert table == {"chapters/old": FINE}
    assert bool(pages.stale("chapters/old", FINE | change, table)) == noticed


def test_a_missing_row_is_noticed():
    assert pages.stale("chapters/new", FINE, {}) == [
        "chapters/new is not in the table: run `make pages`"
    ]


def test_a_missing_browser_is_named(monkeypatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="apt-get install chromium"):
        chromium()
