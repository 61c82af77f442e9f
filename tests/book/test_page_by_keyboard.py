"""A page used without a mouse: a cell is run, edited, left and stopped by keys alone. The network is closed."""

import pytest
from playwright.sync_api import expect

from reader import Reader, expect_state


@pytest.fixture(scope="module")
def reader(browser, site):
    reader = Reader(browser, site, "chapters/softmax.html")
    yield reader
    assert reader.outside == []
    assert reader.faults == []
    reader.close()


def focused(reader) -> str:
    return reader.page.evaluate(
        "document.activeElement.textContent.trim() || document.activeElement.ariaLabel"
    )


def go_on(reader, name: str, most: int = 9) -> None:
    """Press Tab until the button of that name has the focus."""
    for _ in range(most):
        reader.page.keyboard.press("Tab")
        if focused(reader) == name:
            return
    raise AssertionError(f"{most} times Tab, and no {name}")


def outlined(reader) -> bool:
    """Whether one sees where the focus is."""
    return reader.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_the_buttons_of_a_cell_follow_one_another(reader):
    cell = reader.cells().first
    # from the end of the code: links to the reference in it come before the buttons
    cell.locator("pre").first.evaluate(
        "(code) => { const last = [...code.querySelectorAll('a')].at(-1) ?? code;"
        " code.tabIndex = -1; last.focus(); }"
    )
    tools = cell.locator(".lb-cell-tools")
    for name in ("Run", "Edit"):
        go_on(reader, name, most=2)
        assert outlined(reader)
        expect(tools).to_have_css("opacity", "1")


def test_the_editor_is_opened_left_and_comes_back(reader):
    keyboard = reader.page.keyboard
    keyboard.press("Enter")
    editor = reader.cells().first.get_by_role("textbox")
    expect(editor).to_be_focused()
    keyboard.press("Control+a")
    keyboard.insert_text("6 * 7")
    keyboard.press("Tab")  # the editor is no trap
    assert focused(reader) == "Run"
    keyboard.press("Shift+Tab")
    expect(editor).to_be_focused()


def test_enter_on_run_runs(reader):
    keyboard, cell = reader.page.keyboard, reader.cells().first
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect_state(cell, "done")
    expect(cell.locator(".lb-live")).to_contain_text("42")
    assert focused(reader) == "Run"


def test_an_endless_loop_is_stopped(reader):
    keyboard, cell = reader.page.keyboard, reader.cells().first
    keyboard.press("Shift+Tab")
    keyboard.press("Control+a")
    keyboard.insert_text("while True: pass")
    keyboard.press("Shift+Enter")
    expect(reader.kernel).to_contain_text("running")
    reader.kernel.get_by_role("button", name="Stop").focus()
    keyboard.press("Enter")
    expect_state(cell, "stopped")


def test_reset_gives_the_focus_back(reader):
    cell = reader.cells().first
    cell.get_by_role("button", name="Reset").focus()
    reader.page.keyboard.press("Enter")
    assert focused(reader) == "Run"
    expect(cell.locator(".lb-live")).to_have_count(0)


def test_the_playground_is_moved_by_arrows(browser, site):
    """Each slider of the playground and each choice can be reached and moved."""
    reader = Reader(browser, site, "chapters/playground.html")
    sliders = reader.page.locator('.lb-play input[type="range"]')
    expect(sliders.first).to_be_visible()
    assert sliders.count() >= 5
    reader.page.keyboard.press("Tab")  # from now on the browser shows the focus
    for slider in sliders.all():
        slider.focus()
        before = slider.input_value()
        reader.page.keyboard.press("ArrowRight")
        assert slider.input_value() != before
        assert outlined(reader)
    reader.page.get_by_label("Loss", exact=True).focus()
    reader.page.keyboard.press("ArrowDown")
    expect(reader.page.get_by_label("Loss", exact=True)).to_be_focused()
    assert (reader.outside, reader.faults) == ([], [])
    reader.close()
