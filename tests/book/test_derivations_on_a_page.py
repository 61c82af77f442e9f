"""A derivation on a page: one badge for all its lines, evidence where it is asked for, and lines that break."""

import pytest
from sympy import cos, sin

from browser import visit
from lossbook import Derivation, losses
from lossbook.book import show
from lossbook.calculus.html import badge_of_all, summary
from lossbook.calculus.prove import Evidence
from lossbook.notation import logit, sigmoid

PROVED = Evidence("proved", 6, 50, (), "for all K")
OF_A_SCALAR = Evidence("proved", 6, 50, ())
CHECKED = Evidence("checked", 6, 50, ())

SUMMARIES = {
    "nothing derived": [],
    "1 step, proved for all K": [PROVED],
    "9 steps, each proved for all K": [PROVED] * 9,
    "2 steps, each checked at 6 points to 50 digits": [CHECKED] * 2,
    "8 steps proved for all K, 1 checked at 6 points to 50 digits": [CHECKED, *[PROVED] * 8],
    "1 step proved, 1 checked at 6 points to 50 digits": [OF_A_SCALAR, CHECKED],
}


@pytest.mark.parametrize("expected", SUMMARIES)
def test_a_badge_counts_the_steps(expected):
    assert summary(SUMMARIES[expected]) == expected


def test_a_badge_is_green_only_if_all_is_proved():
    assert 'class="lb-badge lb-proved"' in badge_of_all([PROVED, PROVED])
    assert 'class="lb-badge lb-checked"' in badge_of_all([PROVED, CHECKED])


def test_a_derivation_has_one_badge_and_the_evidence_of_each_line():
    html = losses.get("cross_entropy").derivation()._repr_html_()
    assert html.count("lb-badge") == 1
    assert html.count('<span class="lb-evidence lb-proved">proved for all K</span>') == 8
    assert "tabindex" not in html


def test_a_theorem_has_a_mark_that_can_have_the_focus():
    proved = show.theorem(sigmoid(logit) + sigmoid(-logit), 1)._repr_html_()
    assert "lb-badge" not in proved
    assert proved.count("lb-quiet") == proved.count('tabindex="0"') == 1
    assert "<span>proved</span>" in proved
    checked = show.theorem(sin(logit) ** 2, 1 - cos(logit) ** 2)._repr_html_()
    assert "lb-quiet" not in checked
    assert '<span class="lb-evidence lb-checked">checked at 6 points' in checked


# -- in a browser ----------------------------------------------------------------------------------


def planted() -> str:
    mixed = Derivation(sin(logit) ** 2).append(1 - cos(logit) ** 2, "Pythagoras")
    mixed.append(-(cos(logit) ** 2) + 1, "in another order")
    shown = {
        "proved": losses.get("cross_entropy").derivation(),
        "mixed": mixed,
        "long": losses.get("sigmoid_focal").derivation(),
        "theorem": show.theorem(sigmoid(logit) + sigmoid(-logit), 1),
    }
    return "".join(f'<div id="plant-{k}">{v._repr_html_()}</div>' for k, v in shown.items())


@pytest.fixture(scope="module", params=[1280, 390])
def page(browser, site, request):
    url = f"{site}/chapters/preface.html"
    with visit(browser, url, width=request.param, plant=planted()) as found:
        yield found.page


def seen(page, name: str) -> list[bool]:
    """Of each piece of evidence of a derivation, whether it can be seen."""
    return page.evaluate(
        """(id) => [...document.querySelectorAll(`#${id} .lb-step .lb-evidence`)]
          .map((e) => e.querySelector("span") ?? e)
          .map((e) => getComputedStyle(e).clipPath === "none" && e.checkVisibility())""",
        f"plant-{name}",
    )


def test_evidence_of_a_line_shows_under_the_pointer(page):
    page.mouse.move(0, 0)
    assert seen(page, "proved") == [False] * 8
    page.hover("#plant-proved .lb-step:nth-child(3)")
    assert seen(page, "proved") == [False, True, *[False] * 6]
    page.mouse.move(0, 0)


def test_evidence_of_all_lines_shows_with_the_focus_and_unfolded(page):
    badge = page.locator("#plant-proved summary")
    page.keyboard.press("Tab")  # from here on the browser shows where the focus is
    badge.focus()
    assert seen(page, "proved") == [True] * 8
    badge.blur()
    assert seen(page, "proved") == [False] * 8
    badge.click()
    badge.blur()
    assert seen(page, "proved") == [True] * 8
    badge.click()


def test_what_is_only_checked_always_shows(page):
    page.mouse.move(0, 0)
    assert seen(page, "mixed") == [True, False]


def test_the_mark_of_a_theorem_has_words_under_the_pointer_and_with_the_focus(page):
    mark = page.locator("#plant-theorem .lb-quiet")
    page.mouse.move(0, 0)
    assert seen(page, "theorem") == [False]
    mark.hover()
    assert seen(page, "theorem") == [True]
    page.mouse.move(0, 0)
    mark.focus()
    assert seen(page, "theorem") == [True]
    mark.blur()


def test_all_evidence_is_printed(page):
    page.emulate_media(media="print")
    shown = {name: seen(page, name) for name in ("proved", "mixed", "theorem")}
    page.emulate_media(media="screen")
    assert shown == {"proved": [True] * 8, "mixed": [True, True], "theorem": [True]}


# Each line that is wider than its box, and whether it has the mark by which the style sheet gives it a shadow.
WIDE = """() => [...document.querySelectorAll("#plant-long .lb-math")]
  .filter((line) => line.scrollWidth > line.clientWidth)
  .map((line) => line.hasAttribute("data-scrolls"))"""
ROWS = """() => Math.max(...[...document.querySelectorAll("#plant-long .lb-math")].map((line) =>
  new Set([...line.querySelectorAll("svg")].map((svg) => Math.round(svg.parentElement.getBoundingClientRect().top))).size))"""


def test_a_long_line_breaks_and_what_still_is_too_wide_shows_that_it_scrolls(page):
    assert page.evaluate(ROWS) >= 3
    assert all(page.evaluate(WIDE))
    if page.viewport_size["width"] == 1280:
        assert page.evaluate(WIDE) == []


def test_a_line_that_cannot_break_is_noticed(page):
    page.add_style_tag(
        content="#plant-long .lb-math, #plant-long .lb-part { white-space: nowrap !important }"
    )
    assert page.evaluate(ROWS) == 1
    assert page.evaluate(WIDE) != []
