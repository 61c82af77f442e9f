"""What axe-core finds wrong with each page, light and dark. Faults of the theme are listed here; none may be ours."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from paths import PAGES

# Where the theme breaks a rule: the rule and the element, a page that shows it, and why it stays.
OF_THE_THEME = {
    ("region", ".logo__title"): ("index", "it keeps the name of the book outside its landmarks"),
}

# Everything unfolded. Formulas are read from their MathML and drawn as paths that are hidden from screen readers: axe-core
# takes minutes over what is inside either and finds nothing there.
PREPARE = """
async () => {
  await window.MathJax?.startup?.promise;
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  for (const fold of document.querySelectorAll(".toggle-hidden")) fold.classList.remove("toggle-hidden");
  for (const drawn of document.querySelectorAll("mjx-container > svg")) drawn.replaceChildren();
  for (const math of document.querySelectorAll("mjx-assistive-mml > math")) math.textContent = math.textContent;
}
"""

# For the rules of structure, code after the fourth block is one text without its thousands of coloured spans.
FLATTEN_CODE = """
() => {
  const blocks = [...document.querySelectorAll(".highlight pre")].slice(4);
  window.coloured = blocks.map((code) => [code, [...code.childNodes]]);
  for (const [code] of window.coloured) code.replaceChildren(code.textContent);
}
"""
RESTORE_CODE = (
    "() => { for (const [code, nodes] of window.coloured) code.replaceChildren(...nodes); }"
)

# The contrast of a text depends on its colour, size and weight, on the backgrounds and opacities behind it and, for a link,
# on the text around it. Of the texts that agree in all of these, in both themes, the first two stay and the others go:
# axe-core takes milliseconds over each of thousands. (test_pages_in_a_browser.py looks at the contrast of every one.)
KEEP_TWO_TEXTS_OF_EACH_KIND = """
async (schemes) => {
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); )
    if (node.data.trim() && !node.parentElement.closest("script, style, template, noscript")) texts.push(node);
  const elements = new Map(texts.map((node) => [node.parentElement, ""]));
  for (const scheme of schemes) {
    document.documentElement.dataset.theme = scheme;
    await Promise.all(document.getAnimations().map((change) => change.finished));
    const known = new Map();
    const behind = (element) => {
      if (!element) return "";
      if (!known.has(element)) {
        const { backgroundColor, backgroundImage, opacity } = getComputedStyle(element);
        const own = [backgroundColor, backgroundImage, opacity].join();
        known.set(element, behind(element.parentElement) + (own === "rgba(0, 0, 0, 0),none,1" ? "" : own + ";"));
      }
      return known.get(element);
    };
    const kind = (element) => {
      const { color, fontSize, fontWeight, textDecorationLine, textShadow, visibility } = getComputedStyle(element);
      return [color, fontSize, fontWeight, textDecorationLine, textShadow, visibility, behind(element)].join();
    };
    for (const element of elements.keys()) {
      const link = element.closest("a");
      const whole = kind(element) + (link ? kind(link) + kind(link.parentElement) : "");
      elements.set(element, elements.get(element) + whole);
    }
  }
  const seen = new Map();
  const kept = new Set();
  for (const [element, kind] of elements) {
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    if (seen.get(kind) > 2) continue;
    kept.add(element);
    let block = element.closest("a");
    while (block && getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
    if (block) for (const other of [block, ...block.querySelectorAll("*")]) kept.add(other);
  }
  const around = new Set();
  for (let element of kept) for (; element && !around.has(element); element = element.parentElement) around.add(element);
  for (const node of texts) if (!kept.has(node.parentElement)) node.data = "";
  for (const element of document.body.querySelectorAll("*"))
    if (!around.has(element) && around.has(element.parentElement) && !element.matches("script, style, template, noscript"))
      element.replaceChildren();
}
"""


def opened(browser, url: str):
    page = browser.new_context(color_scheme="light", reduced_motion="reduce").new_page()
    page.goto(url, wait_until="networkidle", timeout=120_000)
    page.wait_for_load_state("load", timeout=120_000)
    page.wait_for_function(
        "!document.querySelector('.lb-playground') || document.querySelector('.lb-play')"
    )
    page.evaluate(PREPARE)
    return page


COLOURS = ("color-contrast", "link-in-text-block")  # the rules for which a theme makes a difference
WITHOUT_COLOURS = {"rules": {rule: {"enabled": False} for rule in COLOURS}}
OF_COLOURS = {"runOnly": list(COLOURS)}


def violations(page, scheme: str, options: dict) -> list[tuple[str, str, str]]:
    """The rule, a selector of the element, and what is wrong, for each thing that axe-core finds in this theme."""
    page.evaluate("(scheme) => { document.documentElement.dataset.theme = scheme }", scheme)
    page.evaluate("Promise.all(document.getAnimations().map((change) => change.finished))")
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False} | options)
    return [
        (rule["id"], " ".join(map(str, node["target"])), node["failureSummary"])
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


def is_of_theme(page, rule: str, target: str) -> bool:
    matches = "([target, selector]) => document.querySelector(target)?.matches(selector)"
    return any(
        rule == r and page.evaluate(matches, [target, selector]) for r, selector in OF_THE_THEME
    )


def ours(page, scheme: str, options: dict) -> list[tuple[str, str, str]]:
    found = violations(page, scheme, options)
    return [fault for fault in found if not is_of_theme(page, *fault[:2])]


def faults(page) -> dict[str, list]:
    """What is ours: by the rules of structure, which no theme changes, and by those of colours in both themes."""
    page.evaluate(FLATTEN_CODE)
    found = {"structure": ours(page, "light", WITHOUT_COLOURS)}
    page.evaluate(RESTORE_CODE)
    page.evaluate(KEEP_TWO_TEXTS_OF_EACH_KIND, ["light", "dark"])
    return found | {scheme: ours(page, scheme, OF_COLOURS) for scheme in ("light", "dark")}


@pytest.mark.parametrize("name", [*PAGES, "search", "404"])
def test_no_violation_of_ours(browser, site, name):
    page = opened(browser, f"{site}/{name}.html")
    found = faults(page)
    page.context.close()
    assert found == {"structure": [], "light": [], "dark": []}


@pytest.mark.parametrize(("fault", "said"), OF_THE_THEME.items())
def test_what_is_listed_is_still_a_fault_of_the_theme(browser, site, fault, said):
    rule, selector = fault
    page = opened(browser, f"{site}/{said[0]}.html")
    found = [target for r, target, _ in violations(page, "light", WITHOUT_COLOURS) if r == rule]
    still = any(
        page.evaluate("([t, s]) => document.querySelector(t)?.matches(s)", [t, selector])
        for t in found
    )
    page.context.close()
    assert still, "mended by now: take it from the list"


# A violation, the rule that it breaks, and where it must be found; all stand in one page, told apart by their ids.
STRUCTURE, BOTH = {"structure"}, {"light", "dark"}
FAINT = "color: #888; background: #999"
PLANTED = {
    '<img id="plant-img" src="_static/favicon.svg">': ("image-alt", STRUCTURE),
    '<button id="plant-button"></button>': ("button-name", STRUCTURE),
    '<a id="plant-link" href="#"></a>': ("link-name", STRUCTURE),
    '<input id="plant-input" type="range">': ("label", STRUCTURE),
    '<p id="plant-role" role="nonsense">two</p>': ("aria-roles", STRUCTURE),
    '<div id="plant-drawing" role="img"><svg></svg></div>': ("role-img-alt", STRUCTURE),
    '<table><tr><th id="plant-header"></th></tr></table>': ("empty-table-header", STRUCTURE),
    '<div id="plant-scroll" style="height: 2em; overflow: auto"><p>1</p><p>2</p><p>3</p></div>': (
        "scrollable-region-focusable",
        STRUCTURE,
    ),
    f'<p id="plant-faint" style="{FAINT}">faint</p>': ("color-contrast", BOTH),
    f'<div style="{FAINT}"><i>a</i><i>b</i><i><b id="plant-inside">faint inside</b></i></div>': (
        "color-contrast",
        BOTH,
    ),
    # the third of its kind in the light theme, and in the dark one of another kind
    "<style>html[data-theme=dark] .plant { color: #222 }</style><p>1</p><p>2</p>"
    '<p class="plant" id="plant-dark">faint in the dark</p>': ("color-contrast", {"dark"}),
    "<style>#plant-in-text { color: color-mix(in srgb, currentcolor 85%, gray); text-decoration: none }"
    '</style><p>Words around <a id="plant-in-text" href="#">a link</a> that looks like them.</p>': (
        "link-in-text-block",
        BOTH,
    ),
}


@pytest.fixture(scope="module")
def found(browser, site):
    """The rule and the id for each violation that is found in a page with all that is planted, by kind of rule."""
    page = opened(browser, f"{site}/404.html")
    page.evaluate(
        "(html) => document.querySelector('.bd-article').insertAdjacentHTML('beforeend', html)",
        "".join(PLANTED),
    )
    found = faults(page)
    page.context.close()
    return {kind: {(rule, target) for rule, target, _ in of} for kind, of in found.items()}


@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_violation_is_found(found, plant):
    rule, where = PLANTED[plant]
    element = re.search(r'id="(plant-.+?)"', plant)[1]
    assert {kind for kind, of in found.items() if (rule, f"#{element}") in of} == where, found
