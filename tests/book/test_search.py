"""Symbols are found by their names, by their characters, and by what they are called in code."""

import pytest

NOTATION = "notation.html"


def results(browser, site, query):
    """Where the results of a search typed into the theme's dialog lead, best first."""
    page = browser.new_context(reduced_motion="reduce").new_page()
    page.goto(f"{site}/index.html")
    page.keyboard.press("Control+k")
    page.locator("dialog input[type=search]").fill(query)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?**")
    page.wait_for_function(
        "/finished|did not match/.test(document.querySelector('.search-summary')?.textContent ?? '')"
    )
    found = page.locator("ul.search > li > a").evaluate_all(
        "links => links.map((a) => a.getAttribute('href'))"
    )
    page.context.close()
    return found


@pytest.mark.parametrize(
    ("query", "row", "chapter"),
    [
        ("gamma", "#symbol-gamma", "focal_gradient"),
        ("γ", "#symbol-gamma", "focal_gradient"),
        ("delta", "#symbol-delta", "softmax"),
        ("Kronecker", "#symbol-delta", "softmax"),
        ("∂", "#symbol-partial", "softmax"),
        ("∑", "#symbol-sum", "cross_entropy"),
        ("softmax", "#symbol-probs", "softmax"),
        ("pos_weight", "#symbol-pos_weight", "binary_cross_entropy"),
    ],
)
def test_a_symbol_is_found(browser, site, query, row, chapter):
    found = results(browser, site, query)
    assert any(NOTATION in link and link.endswith(row) for link in found[:4]), found
    assert any(f"{chapter}.html" in link for link in found), found


def test_a_word_of_no_page_is_not_found(browser, site):
    assert results(browser, site, "zyzzyva") == []


def test_every_entry_has_its_row(browser, site):
    from lossbook.notation import NOTATION as ENTRIES
    from lossbook.notation import OPERATORS, anchor

    page = browser.new_context().new_page()
    page.goto(f"{site}/chapters/notation.html")
    ids = page.locator("[id^=symbol-]").evaluate_all("found => found.map((e) => e.id)")
    page.context.close()
    assert ids == [anchor(entry) for entry in (*ENTRIES, *OPERATORS)]
    assert len(set(ids)) == len(ids)
