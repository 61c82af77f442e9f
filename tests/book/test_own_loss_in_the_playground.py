"""A reader's own loss in the playground, with the Python of the page itself. The network is closed."""

import numpy as np
import pytest
from playwright.sync_api import expect

from lossbook import numpy as ours
from reader import Reader
from test_playground import curves, move


@pytest.fixture(scope="module")
def reader(browser, site):
    """One reader of the playground, from the first test to the last; Python is loaded by the first."""
    reader = Reader(browser, site, "chapters/playground.html")
    yield reader
    assert reader.outside == []
    assert reader.faults == []
    reader.close()


def derive(reader, formula: str) -> None:
    reader.page.get_by_label("Your loss").fill(formula)
    reader.page.keyboard.press("Enter")


def said(reader):
    return reader.page.locator(".lb-own [role=status]")


def unfolded(reader, title: str):
    part = reader.page.locator("details.lb-play-details").filter(
        has=reader.page.get_by_text(title, exact=True)
    )
    part.evaluate("(details) => { details.open = true; }")
    return part


def test_python_comes_with_the_first_formula(reader):
    expect(reader.page.locator(".lb-play")).to_be_visible()
    reader.page.get_by_label("Loss", exact=True).select_option("own")
    assert not [path for path in reader.requests if "pyodide" in path]
    derive(reader, "gamma*(1-p_t) - log(p_t)")
    expect(said(reader)).to_have_text("Drawn. The gradient and the Hessian are derived.")
    assert [path for path in reader.requests if path.endswith("pyodide.asm.wasm")]


def test_it_is_drawn_and_its_slider_moves_it(reader):
    """Against ln p and p by themselves: nothing here differentiates as the page does."""
    for gamma in (3, 0.5):
        move(reader.page, "gamma", gamma)
        found = curves(reader.page)
        x = found[:, 0]
        p = ours.softmax(np.stack([x, 0 * x, 0 * x - 1], axis=-1))[:, 0]
        np.testing.assert_allclose(found[:, 1], gamma * (1 - p) - np.log(p), rtol=1e-5)
        np.testing.assert_allclose(found[:, 2], -(1 + gamma * p) * (1 - p), rtol=1e-5)
        np.testing.assert_allclose(
            found[:, 3], p * (1 - p) * (1 - gamma + 2 * gamma * p), rtol=1e-4, atol=1e-9
        )


def test_its_derivation_is_shown_line_by_line(reader):
    part = unfolded(reader, "The gradient, derived")
    expect(part.locator(".lb-step mjx-container").first).to_be_visible()
    assert part.locator(".lb-step").count() >= 4
    assert (
        part.locator(".lb-evidence").count() == part.locator(".lb-evidence.lb-proved").count() >= 3
    )


def test_its_code_is_shown_for_each_target(reader):
    code = unfolded(reader, "The generated code").locator(".lb-of-own pre")
    texts = code.all_text_contents()
    for text, word in zip(texts, ("import numpy", "import torch", "export"), strict=True):
        assert word in text
        assert "hvp" in text


def test_what_is_no_formula_is_pointed_at(reader):
    before = curves(reader.page)
    derive(reader, "-log(p_t")
    expect(reader.page.locator(".lb-own-wrong")).to_contain_text("column 5: '(' is never closed")
    derive(reader, "__import__('os')")
    expect(reader.page.locator(".lb-own-wrong")).to_contain_text("column 1")
    np.testing.assert_array_equal(curves(reader.page), before)


def test_another_loss_takes_its_place(reader):
    derive(reader, "(x-y)^2")
    expect(reader.page.locator('input[data-parameter="target"]')).to_be_visible()
    found = curves(reader.page)
    np.testing.assert_allclose(found[:, 1], (found[:, 0] - 1) ** 2, atol=1e-9)


def test_it_can_be_stopped_and_begun_again(reader):
    derive(reader, "sum(y[k]*log(p[k])^4*p[k]^gamma, k)")
    reader.page.get_by_role("button", name="Stop").first.click()
    expect(said(reader)).to_have_text("Stopped.")
    derive(reader, "log(1 + exp(x-y))")
    expect(said(reader)).to_have_text("Drawn. The gradient and the Hessian are derived.")
