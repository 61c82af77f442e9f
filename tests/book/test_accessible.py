"""What axe-core finds wrong with each page, light and dark. The theme's own faults are listed here; ours are mended."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from paths import PAGES

# Where the theme breaks a rule: the rule and the element, a page that shows it, and why it stays.
OF_THE_THEME = {
    ("region", ".logo__title"): ("index", "it keeps the name of the book outside its landmarks"),
}

# Everything unfolded. Formulas are read from their MathML and drawn as paths that are hidden from screen readers: what
# is inside either takes axe-core minutes and tells it nothing. So does code after code in the same few colours, whose
# contrast test_browser.py looks at.
PREPARE = """
async () => {
  await window.MathJax?.startup?.promise;
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  for (const fold of document.querySelectorAll(".toggle-hidden")) fold.classList.remove("toggle-hidden");
  for (const code of [...document.querySelectorAll(".highlight pre")].slice(4)) code.textContent = code.textContent;
  for (const drawn of document.querySelectorAll("mjx-container > svg")) drawn.replaceChildren();
  for (const math of document.querySelectorAll("mjx-assistive-mml > math")) math.textContent = math.textContent;
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


def violations(page, scheme: str, rules: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    """The rule, a selector of the element, and what is wrong, for each thing that axe-core finds in this theme, by these
    rules or all.
    """
    page.evaluate("(scheme) => { document.documentElement.dataset.theme = scheme }", scheme)
    page.evaluate("Promise.all(document.getAnimations().map((change) => change.finished))")
    only = {"runOnly": list(rules)} if rules else {}
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False} | only)
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


def ours(page, scheme: str, rules: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    return [fault for fault in violations(page, scheme, rules) if not is_of_theme(page, *fault[:2])]


@pytest.mark.parametrize("name", [*PAGES, "search", "404"])
def test_no_violation_of_ours(browser, site, name):
    page = opened(browser, f"{site}/{name}.html")
    found = {"light": ours(page, "light"), "dark": ours(page, "dark", COLOURS)}
    page.context.close()
    assert found == {"light": [], "dark": []}


@pytest.mark.parametrize(("fault", "said"), OF_THE_THEME.items())
def test_what_is_listed_is_still_a_fault_of_the_theme(browser, site, fault, said):
    rule, selector = fault
    page = opened(browser, f"{site}/{said[0]}.html")
    found = [target for r, target, _ in violations(page, "light") if r == rule]
    still = any(
        page.evaluate("([t, s]) => document.querySelector(t)?.matches(s)", [t, selector])
        for t in found
    )
    page.context.close()
    assert still, "mended by now: take it from the list"


@pytest.mark.parametrize(
    ("plant", "rule"),
    [
        ('<img src="_static/favicon.svg">', "image-alt"),
        ("<button></button>", "button-name"),
        ('<a href="#"></a>', "link-name"),
        ('<input type="range">', "label"),
        ('<p style="color: #888; background: #999">faint</p>', "color-contrast"),
        ('<p id="planted">one</p><p id="planted" role="nonsense">two</p>', "aria-roles"),
        ('<div role="img"><svg></svg></div>', "role-img-alt"),
        ("<table><tr><th></th></tr></table>", "empty-table-header"),
        (
            '<div style="height: 2em; overflow: auto"><p>1</p><p>2</p><p>3</p></div>',
            "scrollable-region-focusable",
        ),
    ],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_planted_violation_is_found(planted, plant, rule, scheme):
    planted.evaluate(
        "(html) => { document.querySelector('#planted-here').innerHTML = html }", plant
    )
    assert rule in {r for r, *_ in ours(planted, scheme)}


@pytest.fixture(scope="module")
def planted(browser, site):
    page = opened(browser, f"{site}/404.html")
    page.evaluate(
        "document.querySelector('.bd-article').insertAdjacentHTML('beforeend', '<div id=\"planted-here\"></div>')"
    )
    yield page
    page.context.close()
