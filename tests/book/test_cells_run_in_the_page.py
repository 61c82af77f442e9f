"""Cells run in the page, with the network closed: each test is something a reader does."""

import json
import re

import pytest
from playwright.sync_api import expect

from browser import EXAMINE
from paths import PAGES, SITE
from reader import FIRST, LATER, Reader, expect_state, press, rewrite, state, within
from run_files import CDN, PINS
from test_accessible import faults

CHAPTER = "chapters/cross_entropy.html"
SHORT = "index.html"  # where any cell will do


@pytest.fixture(scope="module")
def reader(browser, site):
    """One reader of one chapter, from the first test to the last; Python is loaded by the first."""
    reader = Reader(browser, site, CHAPTER)
    yield reader
    assert reader.outside == []
    assert reader.faults == []
    reader.close()


def live(cell):
    return cell.locator(".lb-live")


def test_a_view_fetches_none_of_it(reader):
    assert reader.cells().count() > 20
    assert not [
        path
        for path in reader.requests
        if "pyodide" in path or path.endswith((".whl", "codemirror.js", "worker.js"))
    ]
    assert "/_static/run/page.js" in reader.requests
    expect(reader.kernel).to_be_hidden()


def test_the_bar_of_a_cell_waits_to_be_wanted(reader):
    cell = reader.cell("show.")
    tools, copy = cell.locator(".lb-cell-tools"), cell.locator(".copybtn")
    code = cell.locator(".cell_input")
    height = code.bounding_box()["height"]
    reader.page.mouse.move(0, 0)
    expect(tools).to_have_css("opacity", "0")
    cell.locator("pre").first.hover()
    for element in (tools, copy):
        expect(element).to_have_css("opacity", "1")
    reader.page.mouse.move(0, 0)
    expect(tools).to_have_css("opacity", "0")
    tools.get_by_role("button", name="Run cell").focus()
    expect(tools).to_have_css("opacity", "1")
    assert code.bounding_box()["height"] == height
    tools.evaluate("(tools) => { tools.hidden = true }")
    assert code.bounding_box()["height"] == height
    tools.evaluate("(tools) => { tools.hidden = false }")
    assert apart(cell)


def apart(cell) -> bool:
    """Whether no button of the cell lies on another or on its first line of code."""
    return cell.evaluate(
        """(cell) => {
          const boxes = [...cell.querySelectorAll(".cell_input button")].map((b) => b.getBoundingClientRect());
          const text = document.createRange();
          text.selectNodeContents(cell.querySelector(".cell_input pre"));
          boxes.push(...[...text.getClientRects()].filter((box) => box.width));
          const shown = boxes.filter((box) => box.width), of = cell.querySelectorAll(".cell_input button:not([hidden])").length;
          return shown.every((a, n) => n >= of || shown.every((b, m) => m <= n ||
            a.right <= b.left || b.right <= a.left || a.bottom <= b.top + 4 || b.bottom <= a.top));
        }"""
    )


def test_run_begins_with_the_cells_that_are_needed(reader):
    """From the click until the output is there: Python, SymPy and our package loaded, and what the cell needs run."""
    cell = reader.cells().filter(has_text="show.").last
    printed = cell.locator(".cell_output .lb-math").all_text_contents()
    state(cell).evaluate(
        "(state) => { window.said = []; new MutationObserver(() => said.push(state.textContent))"
        ".observe(state, { childList: true }) }"
    )
    with within(FIRST):
        press(cell, "Run")
        expect(reader.kernel).to_contain_text("loading")
        expect(live(cell).locator("mjx-container").first).to_be_visible()
    expect_state(cell, "done")
    assert printed == live(cell).locator(".lb-math").all_text_contents()
    said = reader.page.evaluate("said")
    count = len([text for text in said if re.fullmatch(r"running cell \d+ of \d+ …", text)])
    assert count >= 2
    assert said[:2] == ["waiting for Python", f"running cell 1 of {count + 1} …"]
    assert re.fullmatch(r"ran in [\d.]+ s", said[-1])
    ran = reader.page.locator('.lb-cell-state[data-state="done"]')
    expect(ran).to_have_count(count + 1)
    reader.page.mouse.move(0, 0)
    expect(state(cell)).to_be_visible()


def test_later_cells_are_quick(reader):
    cell = reader.cell(".derivation()")
    press(cell, "Run")
    expect_state(cell, "done")
    with within(LATER):
        press(cell, "Run")
        expect_state(cell, "done")
        expect(live(cell).locator(".lb-step mjx-container").first).to_be_visible()
    assert (
        live(cell).locator(".lb-evidence").count()
        == cell.locator(".cell_output").first.locator(".lb-evidence").count()
    )


@pytest.fixture
def two(reader):
    """Two cells, one below the other, that are as they were printed again afterwards."""
    shown = reader.cells().filter(has_text="show.")
    first, second = shown.nth(0), shown.nth(3)
    yield first, second
    for cell in (first, second):
        press(cell, "Reset")


def test_a_number_that_was_edited_counts_below(reader, two):
    first, second = two
    rewrite(reader, first, "number = 6")
    rewrite(reader, second, "number * 7")
    press(second, "Run")
    expect(live(second)).to_contain_text("42")
    rewrite(reader, first, "number = 7")
    press(second, "Run")
    expect(live(second)).to_contain_text("49")
    expect_state(first, "done")


def test_a_needed_cell_that_fails_is_named(reader, two):
    first, second = two
    rewrite(reader, first, "number = 1 / 0")
    rewrite(reader, second, "number")
    press(second, "Run")
    expect_state(second, "failed")
    expect_state(first, "failed")
    expect(live(second)).to_have_count(0)
    link = state(second).get_by_role("link")
    link.click()
    assert reader.page.url.endswith(f"#{first.get_attribute('id')}")
    expect(live(first).get_by_role("alert")).to_contain_text("ZeroDivisionError")


def test_a_folded_cell_that_fails_unfolds(reader, two):
    folded = reader.cells().filter(has=reader.page.locator("details")).first
    rewrite(reader, folded, "number = 1 / 0")
    folded.locator("details").evaluate("(fold) => { fold.open = false }")
    expect(folded.locator(".lb-cell-tools")).to_be_hidden()
    for cell in two:
        rewrite(reader, cell, "number")
    press(two[1], "Run")
    expect_state(two[1], "failed")
    expect(folded.locator(".lb-cell-tools")).to_be_visible()
    press(folded, "Reset")


def test_edit_and_run_again(reader):
    cell = reader.cell("show.")
    rewrite(
        reader, cell, "from sympy import Symbol, sqrt\nprint('printed', 6 * 7)\nsqrt(Symbol('x'))"
    )
    reader.page.keyboard.press("Shift+Enter")
    expect(live(cell).locator("pre").first).to_have_text("printed 42\n")
    expect(live(cell).locator(".text_latex mjx-container")).to_be_visible()  # LaTeX, typeset
    expect(cell.locator(".cell_output").first).to_be_hidden()


def test_reset(reader):
    cell = reader.cell("show.")
    press(cell, "Reset")
    expect(live(cell)).to_have_count(0)
    expect(cell.locator(".cell_output").first).to_be_visible()
    expect(cell.locator(".cell_input pre").first).to_be_visible()
    expect(cell.get_by_role("button", name="Reset")).to_have_count(0)


def test_an_error_is_readable(reader):
    cell = reader.cell("show.")
    rewrite(reader, cell, "def half(n):\n    return n / 0\nhalf(1)")
    press(cell, "Run")
    expect_state(cell, "failed")
    expect(live(cell).get_by_role("alert")).to_contain_text(
        "ZeroDivisionError: division by zero (line 3 of this cell)"
    )
    expect(live(cell).locator("pre")).to_contain_text("return n / 0")


def test_an_endless_loop_is_stopped(reader):
    cell = reader.cell("show.")
    rewrite(reader, cell, "print('begun')\nwhile True: pass")
    press(cell, "Run")
    expect(live(cell)).to_contain_text("begun")
    expect(reader.kernel).to_contain_text("running")
    expect_state(cell, "running")
    reader.kernel.get_by_role("button", name="Stop").click()
    expect_state(cell, "stopped")
    expect(reader.kernel).to_contain_text("started afresh")
    rewrite(reader, cell, "2 ** 10")
    press(cell, "Run")
    expect(live(cell)).to_contain_text("1024")


def test_stop_ends_those_that_wait_as_well(reader, two):
    for cell, text in zip(two, ("while True: pass", "2"), strict=True):
        rewrite(reader, cell, text)
        press(cell, "Run")
    expect_state(two[0], "running")
    expect_state(two[1], "waiting")
    reader.kernel.get_by_role("button", name="Stop").click()
    for cell in two:
        expect_state(cell, "stopped")
    expect(reader.kernel).to_contain_text("idle")
    assert [state(cell).text_content() for cell in two] == ["stopped", "stopped"]


def test_names_that_are_lost_with_a_restart_are_made_again(reader, two):
    for cell, text in zip(two, ("number = 6", "number * 7"), strict=True):
        rewrite(reader, cell, text)
        press(cell, "Run")
        expect_state(cell, "done")
    reader.kernel.get_by_role("button", name="Restart").click()
    expect(reader.kernel).to_contain_text("started afresh")
    press(two[1], "Run")
    expect(reader.kernel).not_to_contain_text("started afresh")
    expect_state(two[1], "done")
    expect(live(two[1])).to_contain_text("42")


def test_a_name_that_nothing_defines(reader):
    cell = reader.cell("show.")
    rewrite(reader, cell, "nowhere")
    press(cell, "Run")
    expect(live(cell).get_by_role("alert")).to_contain_text("No cell above")


def test_a_figure_of_the_readers(reader):
    cell = reader.cell("show.")
    rewrite(reader, cell, "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9]);")
    press(cell, "Run")
    expect(live(cell).locator("svg").first).to_be_visible()  # matplotlib is loaded first
    rewrite(
        reader,
        cell,
        "from lossbook.book import figures\nfig, ax = figures.subplots()\nfigures.figure(fig, name='mine', alt='Mine', caption='Mine')",
    )
    press(cell, "Run")
    expect(live(cell).get_by_role("img", name="Mine")).to_be_visible()


def test_every_key_reaches_the_editor(browser, site):
    reader = Reader(browser, site, SHORT)
    cell = reader.cell("losses.get")
    rewrite(reader, cell, "")
    reader.page.keyboard.type("6 / 4")
    expect(cell.get_by_role("textbox")).to_have_text("6 / 4")
    reader.close()


def test_cells_that_cannot_run_say_how_to_run_them(reader):
    cell = reader.page.locator(".cell:has(.lb-elsewhere)").first
    expect(cell).to_contain_text("Needs PyTorch")
    expect(cell).to_contain_text("make lab CHAPTER=chapters/cross_entropy.ipynb")
    expect(cell.locator(".cell_output")).to_be_visible()
    expect(cell.get_by_role("button", name="Run")).to_have_count(0)


@pytest.mark.parametrize(
    "name", ["pyodide.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "lossbook-"]
)
def test_a_file_that_is_not_what_it_should_be_is_refused(browser, site, name):
    reader = Reader(browser, site, SHORT)

    def tamper(route):
        response = route.fetch()
        body = bytearray(response.body())
        body[len(body) // 2] ^= 1
        route.fulfill(response=response, body=bytes(body))

    reader.context.route(lambda url: f"/{name}" in url, tamper)
    cell = reader.cells().first
    press(cell, "Run")
    expect(reader.kernel).to_contain_text("could not load")
    expect_state(cell, "failed")
    reader.context.unroute_all()
    reader.close()


@pytest.fixture(scope="module")
def elsewhere(browser, site):
    """A reader with a narrow screen who gets Python as readers do by default, from a CDN, and what was asked of it.

    The CDN is played by the local files.
    """
    reader = Reader(
        browser, site, CHAPTER, color_scheme="light", viewport={"width": 390, "height": 900}
    )
    described = json.loads((SITE / "_static" / "run" / "runtime.json").read_text())
    asked = []

    def serve(route):
        name = route.request.url.removeprefix(CDN)
        asked.append(name)
        route.fulfill(
            path=SITE / "_static" / "pyodide" / name, headers={"Access-Control-Allow-Origin": "*"}
        )

    reader.context.route(f"{CDN}**", serve)
    reader.context.route(
        "**/runtime.json", lambda route: route.fulfill(json={**described, "base": CDN})
    )
    yield reader, asked
    assert (reader.outside, reader.faults) == ([], [])
    reader.close()


def test_the_public_cdn_serves_as_well(elsewhere):
    reader, asked = elsewhere
    cell = reader.cells().first
    press(cell, "Run")
    expect_state(cell, "done")
    assert {*asked} >= {*PINS["runtime"], PINS["lock"]["packages"]["sympy"]["file_name"]}


def test_the_tools_fit_and_can_be_read(elsewhere):
    reader, _ = elsewhere
    cell = reader.cell("show.")
    rewrite(reader, cell, "x = 'text'  # a comment\n1 / 0, " + "x, " * 80)
    press(cell, "Run")
    expect_state(cell, "failed")
    for scheme in ("light", "dark"):
        reader.page.evaluate(
            "(scheme) => { document.documentElement.dataset.theme = scheme }", scheme
        )
        assert reader.page.evaluate(EXAMINE) == []


def test_the_bar_where_nothing_hovers(browser, site):
    """On a touch screen the bar is always there; in use, too, axe-core finds nothing wrong with the cell."""
    reader = Reader(
        browser,
        site,
        SHORT,
        has_touch=True,
        is_mobile=True,
        viewport={"width": 390, "height": 844},
    )
    cell = reader.cells().first
    tools = cell.locator(".lb-cell-tools")
    expect(tools).to_have_css("opacity", "1")
    press(cell, "Run")
    expect_state(cell, "done")
    expect(cell.get_by_role("button", name="Reset cell")).to_be_visible()
    assert apart(cell)
    assert min(b.bounding_box()["height"] for b in tools.get_by_role("button").all()) >= 24
    assert faults(reader.page) == {"structure": [], "light": [], "dark": []}
    reader.close()


def test_every_page_with_cells_can_typeset():
    for page in PAGES:
        html = (SITE / f"{page}.html").read_text()
        assert ('id="lb-cells"' in html) <= ("mathjax/tex-svg-full.js" in html), page


def test_state_is_said(reader):
    """Last: a screen reader hears of the kernel and of each cell."""
    assert reader.kernel.get_by_role("status").count() == 1
    assert state(reader.cells().first).get_attribute("role") == "status"
