"""Every page by axe-core, in both themes, wide and narrow; the keyboard; the colours of figures; and planted faults."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from paths import PAGES, SITE

# The theme's own faults, by rule and selector. A test fails when one of them no longer occurs: then delete it here.
THEME = {
    ("region", ".title"): "the book's name in the sidebar stands outside of every landmark",
}
STATES = [("light", 1280), ("dark", 390)]  # each theme and each width; test_browser measures contrast in all four

# Strokes are no content: MathJax hides them and gives MathML, figures are role="img" with a label (both tested below).
# A page has thousands, and five blocks of code have all colours of code.
THIN = """() => {
  document.querySelectorAll("mjx-container > svg, figure svg[role=img]").forEach((drawn) => drawn.replaceChildren());
  document.querySelectorAll("mjx-assistive-mml math").forEach((math) => math.replaceChildren());
  [...document.querySelectorAll(".highlight pre")].slice(5).forEach((code) => code.replaceChildren("code"));
}"""


def open_page(browser, url, scheme="light", width=1280, plant=""):
    context = browser.new_context(
        color_scheme=scheme, reduced_motion="reduce", viewport={"width": width, "height": 900}
    )
    page = context.new_page()
    page.goto(url, wait_until="load")
    page.evaluate("async () => { await window.MathJax?.startup?.promise; await document.fonts.ready }")
    if plant:
        page.evaluate("html => document.querySelector('.bd-article').insertAdjacentHTML('beforeend', html)", plant)
    return page


def violations(page) -> list[tuple[str, str, str]]:
    """Rule, selector and start of each element that axe-core finds fault with."""
    page.evaluate(THIN)
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations)")
    return [(v["id"], " ".join(map(str, n["target"])), n["html"][:80]) for v in found for n in v["nodes"]]


def ours(found):
    return [fault for fault in found if fault[:2] not in THEME]


@pytest.mark.parametrize("name", [*PAGES, "search", "genindex", "404"])
def test_axe_finds_nothing(browser, site, name):
    page = open_page(browser, f"{site}/{name}.html")
    faults = {}
    for scheme, width in STATES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)  # the theme waits 300 ms before it looks again what scrolls
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        faults[scheme, width] = ours(violations(page))
    page.context.close()
    assert not any(faults.values()), faults


def test_the_list_of_the_themes_faults_is_no_longer_than_it_has_to_be(browser, site):
    page = open_page(browser, f"{site}/references.html")
    found = {fault[:2] for fault in violations(page)}
    page.context.close()
    assert set(THEME) <= found


@pytest.mark.parametrize(
    ("plant", "rule"),
    [
        ('<img src="_static/favicon.svg">', "image-alt"),
        ('<a href="#x"></a>', "link-name"),
        ("<button></button>", "button-name"),
        ("<input>", "label"),
        ("<h6>too deep</h6>", "heading-order"),
        ('<p style="color: #999; background: #fff">faint</p>', "color-contrast"),
        ("<table><tr><th></th></tr></table>", "empty-table-header"),
        (
            '<pre tabindex="-1" style="overflow: auto; width: 9em">' + "wide " * 40 + "</pre>",
            "scrollable-region-focusable",
        ),
        ('<p role="doc-biblioentry">x</p>', "aria-deprecated-role"),
        ('<div aria-label="x" role="list"><p>x</p></div>', "aria-required-children"),
    ],
)
def test_axe_sees(browser, site, plant, rule):
    page = open_page(browser, f"{site}/references.html", plant=plant)
    rules = {fault[0] for fault in ours(violations(page))}
    page.context.close()
    assert rule in rules


# One line for each formula or figure without words, and for each id that two elements share.
WORDLESS = """() => {
  const found = [];
  for (const box of document.querySelectorAll("mjx-container")) {
    if (box.querySelector(":scope > svg")?.getAttribute("aria-hidden") !== "true") found.push("formula's strokes are read");
    if (!box.querySelector("mjx-assistive-mml math")?.textContent) found.push("formula without MathML");
  }
  for (const drawn of document.querySelectorAll("figure svg"))
    if (drawn.getAttribute("role") !== "img" || !drawn.getAttribute("aria-label")?.trim()) found.push("figure without words");
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  return [...found, ...new Set(ids.filter((id, n) => ids.indexOf(id) !== n))];
}"""

# One line for each part of a figure that stands out from the page by less than 3 to 1 (WCAG 1.4.11).
# Grids and shaded areas are drawn to be faint: what is less than half opaque says nothing alone.
FAINT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = luminance(rgb(getComputedStyle(document.body).backgroundColor));
  const found = new Set();
  for (const part of document.querySelectorAll("figure svg :is(path, use, rect, circle, line, polygon)")) {
    if (part.closest("defs, clipPath")) continue;
    const style = getComputedStyle(part);
    for (const paint of ["stroke", "fill"]) {
      if (style[paint] === "none" || style[paint].startsWith("url")) continue;
      const colour = rgb(style[paint]);
      if (colour[3] / 255 * style[`${paint}Opacity`] * style.opacity < 0.5) continue;
      const [light, dark] = [luminance(colour), ground].sort((a, b) => b - a);
      if ((light + 0.05) / (dark + 0.05) < 3) found.add(`${paint} ${style[paint]}`);
    }
  }
  return [...found];
}"""

FIGURES = [name for name in PAGES if 'class="lb-figure"' in (SITE / f"{name}.html").read_text()]


@pytest.mark.parametrize("name", FIGURES)
def test_figures_have_words_and_colours_that_show(browser, site, name):
    page = open_page(browser, f"{site}/{name}.html")
    faults = page.evaluate(WORDLESS)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        faults += [f"{scheme}: {fault}" for fault in page.evaluate(FAINT)]
    page.context.close()
    assert faults == []


@pytest.mark.parametrize(
    ("plant", "fault"),
    [
        ("<figure><svg></svg></figure>", "figure without words"),
        ('<p id="twice"></p><p id="twice"></p>', "twice"),
        ("<mjx-container><svg></svg></mjx-container>", "formula without MathML"),
        ("<mjx-container><svg></svg></mjx-container>", "formula's strokes are read"),
        ('<figure><svg><path d="M0 0H9" stroke="#222"/></svg></figure>', "stroke rgb(34, 34, 34)"),
    ],
)
def test_figures_faults_are_seen(browser, site, plant, fault):
    page = open_page(browser, f"{site}/references.html", scheme="dark", plant=plant)
    found = page.evaluate(WORDLESS) + page.evaluate(FAINT)
    page.context.close()
    assert fault in found


SHOWN = """() => {
  const style = getComputedStyle(document.activeElement);
  return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
}"""


def test_the_keyboard_skips_to_the_text_and_shows_where_it_is(browser, site):
    page = open_page(browser, f"{site}/chapters/sigmoid.html")
    page.keyboard.press("Tab")
    assert "Skip to main content" in page.evaluate("document.activeElement.textContent")
    assert page.evaluate(SHOWN)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    for _ in range(12):
        assert page.evaluate(SHOWN), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        page.keyboard.press("Tab")
    page.context.close()


def test_a_solution_opens_by_keyboard(browser, site):
    page = open_page(browser, f"{site}/chapters/sigmoid.html")
    solution = page.locator(".solution.toggle, .solution.dropdown").first
    button = solution.locator("button").first
    hidden = "s => s.classList.contains('toggle-hidden')"
    assert solution.evaluate(hidden)
    button.focus()
    assert page.evaluate(SHOWN)
    page.keyboard.press("Enter")
    assert not solution.evaluate(hidden)
    assert button.evaluate("b => b.tabIndex") == 0
    page.context.close()


def test_a_wide_formula_is_reached_and_scrolled_by_keyboard(browser, site):
    page = open_page(browser, f"{site}/chapters/focal_gradient.html", width=390)
    box = page.locator("[aria-label='formula, scrolls sideways'][tabindex='0']").first
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert box.evaluate("b => b.scrollLeft") > 0
    page.set_viewport_size({"width": 2600, "height": 900})
    page.wait_for_function("b => !b.hasAttribute('tabindex')", arg=box.element_handle(), timeout=5000)
    page.context.close()
