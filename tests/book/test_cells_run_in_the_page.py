"""Cells run in the page, with the network closed: each test is something a reader does."""

import json

import pytest
from playwright.sync_api import expect

from browser import EXAMINE
from paths import PAGES, SITE
from reader import FIRST, LATER, Reader, expect_state, press, rewrite, state, within
from run_files import CDN, PINS

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


def test_the_first_cell_with_mathematics(reader):
    """From the click until the output is there: Python, SymPy and our package loaded, and the cells above run."""
    cell = reader.cell("show.")
    with within(FIRST):
        press(cell, "Run all above")
        expect(reader.kernel).to_contain_text("loading")
        expect(live(cell).locator("mjx-container").first).to_be_visible()
    expect_state(cell, "done")


def test_later_cells_are_quick(reader):
    cell = reader.cell(".derivation()")
    press(cell, "Run all above")
    expect_state(cell, "done")
    with within(LATER):
        press(cell, "Run")
        expect_state(cell, "done")
        expect(live(cell).locator(".lb-step mjx-container").first).to_be_visible()
    assert (
        live(cell).locator(".lb-evidence").count()
        == cell.locator(".cell_output").first.locator(".lb-evidence").count()
    )


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
    cell = reader.cells().filter(has=reader.page.locator(".lb-editing, .lb-editor")).first
    press(cell, "Reset")
    expect(live(cell)).to_have_count(0)
    expect(cell.locator(".cell_output").first).to_be_visible()
    expect(cell.locator(".cell_input pre").first).to_be_visible()
    expect(cell.get_by_role("button", name="Reset")).to_be_hidden()


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


def test_names_are_lost_with_a_restart_and_the_page_says_so(reader):
    cell = reader.cell("show.")
    rewrite(reader, cell, "losses")
    press(cell, "Run")
    expect(live(cell).get_by_role("alert")).to_contain_text("Run all above")


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


def test_cells_that_cannot_run_say_how_to_run_them(reader):
    cell = reader.page.locator(".cell:has(.lb-elsewhere)").first
    expect(cell).to_contain_text("needs PyTorch")
    expect(cell).to_contain_text("make lab CHAPTER=chapters/cross_entropy.ipynb")
    expect(cell.locator(".cell_output")).to_be_visible()
    expect(cell.get_by_role("button", name="Run", exact=True)).to_have_count(0)


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


def test_every_page_with_cells_can_typeset():
    for page in PAGES:
        html = (SITE / f"{page}.html").read_text()
        assert ('id="lb-cells"' in html) <= ("mathjax/tex-svg-full.js" in html), page


def test_state_is_said(reader):
    """Last: a screen reader hears of the kernel and of each cell."""
    assert reader.kernel.get_by_role("status").count() == 1
    assert state(reader.cells().first).get_attribute("role") == "status"
