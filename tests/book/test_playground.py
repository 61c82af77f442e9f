"""The playground, moved in Chromium: what it shows is what `lossbook.numpy` computes; soon enough; and by keyboard."""

import hashlib
import json
import statistics
from contextlib import contextmanager
from importlib import import_module
from itertools import pairwise
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from lossbook import losses
from lossbook import numpy as ours
from lossbook.book.figures import PALETTE
from paths import PAGES, ROOT, SITE
from reader import timed

PAGE, CHAPTER = "chapters/playground", "chapters/focal_idea"
LIMIT = 50  # milliseconds from a move to the new curves, the median of many, waiting for a core left out


@contextmanager
def opened(browser, site, page=PAGE, setting="", answer=None, **settings):
    """A page with its playground ready; whatever it asks of another host, or complains of, fails the test.

    answer: takes a route and says whether it has dealt with it.
    """
    context = browser.new_context(reduced_motion="reduce", **settings)
    tab = context.new_page()
    wrong = []
    tab.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: wrong.append(str(error)))

    def handle(route):
        url = urlsplit(route.request.url)
        if answer and answer(route):
            return
        if url.netloc == urlsplit(site).netloc or url.scheme in ("data", "blob"):
            route.continue_()
        else:
            wrong.append(route.request.url)
            route.abort()

    context.route("**/*", handle)
    try:
        tab.goto(f"{site}/{page}.html{setting and '#' + setting}")
        expect(tab.locator(".lb-play").first).to_be_visible()
        yield tab
        assert wrong == []
    finally:
        context.close()


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def numbers(tab, title: str) -> list[list[float]]:
    """The rows of an unfolding table."""
    details = tab.locator("details.lb-play-details").filter(has=tab.get_by_text(title, exact=True))
    details.evaluate("(details) => { details.open = true; }")
    rows = details.locator("tbody tr")
    expect(rows.first).to_be_visible()
    cells = rows.evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return [
        [number(cell) if cell[:1] not in ("c", "") else np.nan for cell in row] for row in cells
    ]


def curves(tab) -> np.ndarray:
    return np.array(numbers(tab, "The curves as a table"))


def move(tab, parameter: str, value: float) -> None:
    slider = tab.locator(f'input[data-parameter="{parameter}"]')
    slider.fill(str(value))
    settle(tab)


def settle(tab) -> None:
    tab.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def focal(row, gamma, weight=1.0):
    """Loss and gradient of the true class, the first."""
    row = np.atleast_2d(row)
    weights = np.r_[weight, np.ones(row.shape[1] - 1)]
    of = ours.softmax_focal_loss_with_grad
    value, gradient = of(row, np.zeros(len(row), int), gamma=gamma, alpha=weights, reduction="none")
    return value, gradient[:, 0]


def test_moving_gamma_moves_the_curve(browser, site):
    with opened(browser, site, setting="loss=softmax_focal&gamma=2&z=1,0,-1&t=1&keep=none") as tab:
        seen = []
        for gamma in (2, 0, 0.5, 5):
            move(tab, "gamma", gamma)
            found = curves(tab)
            x = found[:, 0]
            np.testing.assert_array_equal(x, np.arange(-10, 11))
            rows = np.stack([x, np.zeros_like(x), -np.ones_like(x)], axis=-1)
            value, gradient = focal(rows, gamma)
            step = np.array([1e-5, 0, 0])
            second = (focal(rows + step, gamma)[1] - focal(rows - step, gamma)[1]) / 2e-5
            np.testing.assert_allclose(found[:, 1], value, rtol=1e-5)
            np.testing.assert_allclose(found[:, 2], gradient, rtol=1e-5)
            np.testing.assert_allclose(found[:, 3], second, rtol=1e-4, atol=1e-9)
            seen.append(found)
        assert all(np.abs(a[:, 1:] - b[:, 1:]).max() > 0.1 for a, b in pairwise(seen))


def test_a_wrong_curve_is_noticed(browser, site):
    """The comparison above tells γ = 2 from γ = 2.1."""
    with opened(browser, site, setting="loss=softmax_focal&gamma=2.1&z=1,0,-1") as tab:
        found = curves(tab)
        value, _ = focal(
            np.stack([found[:, 0], 0 * found[:, 0], 0 * found[:, 0] - 1], axis=-1), 2.0
        )
        assert not np.allclose(found[:, 1], value, rtol=1e-4)


SETTINGS = {
    "cross_entropy_index": (
        "weight=2",
        lambda x: ours.cross_entropy(x, first(x), weight=np.array([2.0, 1, 1]), reduction="none"),
    ),
    "cross_entropy": (
        "weight=2&label_smoothing=0.3&y=0.9",
        lambda x: ours.cross_entropy(
            x, soft(x), weight=np.array([2.0, 1, 1]), label_smoothing=0.3, reduction="none"
        ),
    ),
    "softmax_focal": ("alpha=2&gamma=0.5", lambda x: focal(x, 0.5, 2.0)[0]),
    "softmax_mse": ("y=0.9", lambda x: ours.softmax_mse_loss(x, soft(x), reduction="none")),
    "binary_cross_entropy": (
        "pos_weight=3&y=0.25",
        lambda x: ours.binary_cross_entropy_with_logits(
            x, np.full_like(x, 0.25), pos_weight=3.0, reduction="none"
        ),
    ),
    "sigmoid_focal": (
        "alpha=0.3&gamma=1&y=0",
        lambda x: ours.sigmoid_focal_loss(
            x, np.zeros_like(x), alpha=0.3, gamma=1.0, reduction="none"
        ),
    ),
    "sigmoid_mse": (
        "y=0.25",
        lambda x: ours.sigmoid_mse_loss(x, np.full_like(x, 0.25), reduction="none"),
    ),
    "mse": ("y=1.5", lambda x: ours.mse_loss(x, np.full_like(x, 1.5), reduction="none")),
}


def first(x):
    return np.zeros(len(x), int)


def soft(x):
    return np.tile([0.9, 0.05, 0.05], (len(x), 1))


def test_every_loss_is_tried():
    assert SETTINGS.keys() == {loss.name for loss in losses.all_losses() if not loss.is_activation}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_loss_is_that_of_numpy(browser, site, name):
    setting, value = SETTINGS[name]
    row = hasattr(losses.get(name).wrt, "base")
    with opened(
        browser, site, setting=f"loss={name}&{setting}&z={'1,0.5,-1' if row else '1'}&t=1&keep=none"
    ) as tab:
        found = curves(tab)
        x = found[:, 0]
        at = (lambda s: np.stack([s, 0 * s + 0.5, 0 * s - 1], axis=-1)) if row else (lambda s: s)
        np.testing.assert_allclose(found[:, 1], value(at(x)), rtol=1e-5, atol=1e-12)
        slope = (value(at(x + 1e-4)) - value(at(x - 1e-4))) / 2e-4
        np.testing.assert_allclose(found[:, 2], slope, rtol=1e-5, atol=1e-8)
        assert tab.locator(".lb-play-equation mjx-container").count() == 1
        for title, inside in (
            ("The gradient, derived", ".lb-step mjx-container"),
            ("The generated code", ".highlight"),
        ):
            part = tab.locator("details.lb-play-details").filter(
                has=tab.get_by_text(title, exact=True)
            )
            part.locator("summary").first.click()
            expect(part.locator(f"{inside} >> visible=true").first).to_be_visible()


def test_probabilities_and_gradient_of_each_class(browser, site):
    with opened(browser, site, setting="loss=softmax_focal&gamma=2&z=2,0,-1,0.5&t=2") as tab:
        cells = tab.locator(".lb-play-classes .lb-play-number")
        found = [number(text) for text in cells.all_text_contents()]
        row = np.array([[2.0, 0.0, -1.0, 0.5]])
        np.testing.assert_allclose(found[::2], ours.softmax(row)[0], rtol=1e-3)
        gradient = ours.softmax_focal_loss_with_grad(row, np.array([1]), gamma=2.0)[1][0]
        np.testing.assert_allclose(found[1::2], gradient, rtol=1e-3)
        hessian = np.array(numbers(tab, "The whole Hessian"))[:, 1:]
        assert hessian.shape == (4, 4)
        np.testing.assert_allclose(hessian, hessian.T)
        np.testing.assert_allclose(hessian.sum(0), 0, atol=1e-3)
        tab.locator('.lb-play-classes input[type="radio"]').nth(0).check()
        settle(tab)
        found = [number(text) for text in cells.all_text_contents()]
        gradient = ours.softmax_focal_loss_with_grad(row, np.array([0]), gamma=2.0)[1][0]
        np.testing.assert_allclose(found[1::2], gradient, rtol=1e-3)
        move(tab, "K", 8)
        assert tab.locator(".lb-play-classes tbody tr").count() == 8


MOVES = """
async () => {
  const inputs = [...document.querySelectorAll('.lb-play input[type="range"]:not([data-parameter="K"])')];
  const times = [];
  for (let n = 0; n < 120; n++) {
    const input = inputs[n % inputs.length];
    const [least, most] = [Number(input.min), Number(input.max)];
    input.value = least + (most - least) * ((n * 0.37) % 1);
    const before = document.querySelector(".lb-play-summary").textContent;
    const start = performance.now();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done))); // what was drawn is handed over by then
    times.push(performance.now() - start);
    if (document.querySelector(".lb-play-summary").textContent === before && n > 3) throw new Error(`move ${n} changed nothing`);
  }
  return times;
}
"""


@pytest.mark.parametrize(
    "setting", ["loss=softmax_focal&gamma=2&z=1,0,-1", "loss=cross_entropy&z=1,0,-1,2,0,0,1,1"]
)
def test_a_move_is_seen_at_once(browser, site, setting, record_property):
    with opened(browser, site, setting=setting) as tab, timed() as spent:
        times = tab.evaluate(MOVES)
    median = statistics.median(times) * (1 - spent.waited / spent.elapsed)
    record_property("playground, moves seen", (f"with a median of {median:.0f} ms", len(times)))
    assert median < LIMIT


def test_by_keyboard_and_for_screen_readers(browser, site):
    with opened(browser, site) as tab:
        slider = tab.get_by_role("slider", name="γ focusing exponent")
        slider.focus()
        before = curves(tab)
        for _ in range(5):
            tab.keyboard.press("ArrowRight")
        settle(tab)
        assert slider.input_value() == "2.5"
        assert np.abs(curves(tab)[:, 2] - before[:, 2]).max() > 0.01
        drawings = tab.get_by_role("img", name="Gradient against the logit of the true class")
        assert drawings.count() == 1
        expect(tab.locator('.lb-play [aria-live="polite"]')).to_contain_text("γ = 2.5")
        unnamed = tab.locator(".lb-play :is(input, select, button)").evaluate_all(
            "(all) => all.filter((one) => !one.labels?.length && !one.textContent.trim() && !one.ariaLabel).length"
        )
        assert unnamed == 0


def test_a_setting_is_an_address(browser, site):
    with opened(
        browser,
        site,
        setting="loss=sigmoid_focal&alpha=0.4&gamma=1.5&z=-2&y=0&against=probability&keep=none",
    ) as tab:
        move(tab, "gamma", 3)
        tab.wait_for_url("**gamma=3&z=-2&y=0&against=probability&keep=none")
        address, shown = tab.url.partition("#")[2], curves(tab)
        tab.get_by_role("button", name="Keep this curve").click()
        tab.wait_for_url("**keep=sigmoid_focal,alpha:0.4,gamma:3")
        assert curves(tab).shape[1] == 7
        tab.get_by_role("button", name="Reset").click()
        tab.wait_for_url("**gamma=2&z=1&y=1&against=logit&keep=binary_cross_entropy,pos_weight:1")
    with opened(browser, site, setting=address) as tab:
        np.testing.assert_array_equal(curves(tab), shown)


@pytest.mark.parametrize(
    "setting",
    [
        "loss=nothing",
        "loss=softmax_focal&gamma=-3&z=1",
        "loss=softmax_focal&gamma=1e999&z=a,b",
        "loss=mse&keep=%3Cb%3E",
        "loss=&&&=",
        "loss=softmax_focal&t=99&K=&z=,,",
    ],
)
def test_an_address_that_makes_no_sense_gives_a_sensible_setting(browser, site, setting):
    with opened(browser, site, setting=setting) as tab:
        assert np.isfinite(curves(tab)).all()


def test_dragging_in_a_chart_moves_the_logit(browser, site):
    with opened(
        browser,
        site,
        setting="loss=softmax_focal&gamma=2&z=1,0,-1",
        viewport={"width": 1280, "height": 1200},
    ) as tab:
        box = tab.locator(".lb-play-drawing .u-over").first.bounding_box()
        tab.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
        tab.mouse.down()
        tab.mouse.up()
        settle(tab)
        assert (
            abs(float(tab.locator(".lb-play-classes input[type=range]").first.input_value()) - 5)
            < 0.3
        )


def claim(name, tab):
    """What an experiment of the page says, read from the curves after its button was pressed."""
    found = curves(tab)
    x, gradient, second, kept = found[:, 0], found[:, 2], found[:, 3], found[:, 5]
    if name == "Sure, and wrong":
        sure = x <= -6
        assert (np.abs(gradient[sure]) < 0.01).all()
        assert (np.abs(kept[sure]) > 0.99).all()
        assert -4 < x[np.abs(gradient).argmax()] < 4
    if name == "Larger than cross entropy":
        assert (gradient[x < 0.25] < kept[x < 0.25]).all()
        assert (gradient[x > 0.35] > kept[x > 0.35]).all()
    if name == "Not convex":
        assert second[x <= -4].max() < 0
        assert (found[:, 6] >= 0).all()
        move(tab, "gamma", 0.1)
        assert (curves(tab)[:, 3] >= 0).all()
        move(tab, "gamma", 0.5)
        assert curves(tab)[:, 3].min() < -1e-3
    if name == "Where label smoothing stops":
        assert gradient[x == 0.9] < 0 < gradient[x == 0.95]
        assert (found[:, 5] < 0).all()
    if name == "A weight moves the answer":
        assert abs(gradient[x == 0.5]) < 1e-9
        assert abs(kept[x == 0.25]) < 1e-9


def test_the_experiments_show_what_the_page_says(browser, site):
    with opened(browser, site) as tab:
        buttons = tab.get_by_role("button", name="Set it up")
        assert buttons.count() == 5
        for n in range(5):
            name = buttons.nth(n).evaluate(
                "(one) => one.closest('section').querySelector('h3').firstChild.textContent"
            )
            buttons.nth(n).click()
            settle(tab)
            expect(tab.get_by_label("Loss", exact=True)).to_be_focused()
            claim(name, tab)


def test_the_figure_of_the_chapter_can_be_moved(browser, site):
    with opened(browser, site, CHAPTER) as tab:
        expect(tab.locator("#fig-explore")).to_be_hidden()
        move(tab, "gamma", 0.5)
        found = curves(tab)
        rows = np.stack([found[:, 0], 0 * found[:, 0]], axis=-1)
        np.testing.assert_allclose(found[:, 1:3].T, focal(rows, 0.5), rtol=1e-5)
        np.testing.assert_allclose(found[:, 4:6].T, focal(rows, 0.0), rtol=1e-5)
        link = tab.get_by_role("link", name="Open in the playground")
        link.click()
        expect(tab.locator(".lb-play-head")).to_be_visible()
        np.testing.assert_array_equal(curves(tab), found)


def test_without_scripts_the_figure_of_the_chapter_is_there(browser, site):
    context = browser.new_context(java_script_enabled=False)
    try:
        tab = context.new_page()
        tab.goto(f"{site}/{CHAPTER}.html")
        expect(tab.locator("#fig-explore svg")).to_be_visible()
        assert tab.locator(".lb-play").count() == 0
    finally:
        context.close()


# The page's Python, played by the Python of the tests: what is tested here is what the page makes of the answers.
KERNEL = """
export class Stopped extends Error {}
export class Kernel extends EventTarget {
  state = "off"; detail = ""; progress = { started: 0, done: 0 };
  async start() {}
  async run() { return "done"; }
  stop() {}
  async call(module, name, text) { return (await fetch(`/answers/${module}/${name}?${encodeURIComponent(text)}`)).json(); }
}
export const kernel = new Kernel();
"""


def python(asked):
    def answer(route) -> bool:
        url = urlsplit(route.request.url)
        if url.path.endswith("/run/kernel.js"):
            route.fulfill(body=KERNEL, content_type="text/javascript")
        elif url.path.endswith(f"{PAGE}.html"):
            response = route.fetch()
            route.fulfill(
                response=response, body=response.text().replace('"own": false', '"own": true')
            )
        elif url.path.startswith("/answers/"):
            module, name = url.path.split("/")[2:]
            asked.append(name)
            result = getattr(import_module(module), name)(unquote(url.query))
            route.fulfill(body=json.dumps(result), content_type="application/json")
        else:
            return False
        return True

    return answer


def test_a_readers_own_loss(browser, site):
    asked = []
    with opened(browser, site, answer=python(asked)) as tab:
        tab.get_by_label("Loss", exact=True).select_option("own")
        formula, go = (
            tab.get_by_label("Your loss"),
            tab.get_by_role("button", name="Derive and draw"),
        )
        expect(formula).to_be_focused()
        assert asked == []
        formula.fill("-log(p_t")
        go.click()
        expect(tab.locator(".lb-own-wrong")).to_contain_text("column 5: '(' is never closed")
        formula.fill("gamma*(1-p_t) - log(p_t)")
        tab.keyboard.press("Enter")
        expect(tab.locator(".lb-own [role=status]")).to_have_text(
            "Drawn. The gradient and the Hessian are derived."
        )
        assert asked == ["derive", "derive", "curvature"]
        move(tab, "gamma", 3)
        found = curves(tab)
        x = found[:, 0]
        p = ours.softmax(np.stack([x, 0 * x, 0 * x - 1], axis=-1))[:, 0]
        np.testing.assert_allclose(found[:, 1], 3 * (1 - p) - np.log(p), rtol=1e-5)
        np.testing.assert_allclose(found[:, 2], -(1 + 3 * p) * (1 - p), rtol=1e-5)
        np.testing.assert_allclose(found[:, 3], p * (1 - p) * (6 * p - 2), rtol=1e-4, atol=1e-12)
        expect(tab.locator(".lb-play-equation mjx-container")).to_have_count(1)
        code = tab.locator(".lb-of-own pre")
        assert [text.count("hvp(") for text in code.all_text_contents()] == [1, 1, 1]
        tab.wait_for_url("**loss=own&formula=gamma*(1-p_t)%20-%20log(p_t)&gamma=3&*")
        address = tab.url.partition("#")[2]
        formula.fill("(x-y)^2")  # of one output, in the place of one of a row
        tab.keyboard.press("Enter")
        expect(tab.locator('input[data-parameter="target"]')).to_be_visible(timeout=60_000)
        found = curves(tab)
        np.testing.assert_allclose(found[:, 1], (found[:, 0] - 1) ** 2, atol=1e-9)
    asked.clear()
    with opened(browser, site, setting=address, answer=python(asked)) as tab:
        expect(tab.get_by_role("button", name="Derive and draw")).to_be_focused()
        assert asked == []
        tab.keyboard.press("Enter")
        expect(tab.locator('input[data-parameter="gamma"]')).to_have_value("3")
        expect(tab.locator(".lb-play-summary")).to_contain_text("Your own loss, γ = 3")


def test_differences_stand_in_for_a_hessian_that_is_not_derived(browser, site):
    with opened(browser, site, answer=python([])) as tab:
        tab.get_by_label("Loss", exact=True).select_option("own")
        tab.get_by_label("Your loss").fill("abs(x-y)^3 + abs(x)")
        tab.keyboard.press("Enter")
        expect(tab.locator(".lb-own [role=status]")).to_contain_text("it could not be derived")
        found = curves(tab)
        x = found[:, 0]
        np.testing.assert_allclose(found[:, 1], np.abs(x - 1) ** 3 + np.abs(x), rtol=1e-5)
        away = (x != 0) & (x != 1)
        np.testing.assert_allclose(found[away, 3], 6 * np.abs(x - 1)[away], rtol=1e-4)


# How many pixels of a canvas have a colour.
PIXELS = """
(canvas, hex) => {
  const [r, g, b] = hex.match(/[0-9a-f]{2}/g).map((part) => parseInt(part, 16));
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let n = 0; n < data.length; n += 4) count += data[n] === r && data[n + 1] === g && data[n + 2] === b;
  return count;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_and_follows_the_theme(browser, site, scheme, width):
    """With all that unfolds unfolded, and the most classes."""
    setting = "loss=softmax_focal&gamma=2&z=1,0,-1,0,0,0,0,0"
    with opened(
        browser,
        site,
        setting=setting,
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
    ) as tab:
        tab.locator("details.lb-play-details").evaluate_all(
            "(all) => all.forEach((one) => (one.open = true))"
        )
        settle(tab)
        wide = tab.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        assert wide <= 1
        out = tab.evaluate(
            "[...document.querySelectorAll('.lb-play > *')].filter((e) => e.getBoundingClientRect().right > innerWidth).length"
        )
        assert out == 0
        here, there = PALETTE["blue"] if scheme == "light" else PALETTE["blue"][::-1]
        canvas = tab.locator(".lb-play-drawing canvas").first
        assert canvas.evaluate(PIXELS, here) > 50
        assert canvas.evaluate(PIXELS, there) == 0
        tab.evaluate(
            "(theme) => { document.documentElement.dataset.theme = theme; }",
            "dark" if scheme == "light" else "light",
        )
        settle(tab)
        assert canvas.evaluate(PIXELS, there) > 50


def test_only_pages_that_use_it_load_it():
    pages = {page: (SITE / f"{page}.html").read_text() for page in PAGES}
    users = {page for page, text in pages.items() if "playground/playground.js" in text}
    assert users == {page for page, text in pages.items() if "lb-play-data" in text}
    assert users > {PAGE, CHAPTER}
    assert all("uPlot" not in text for page, text in pages.items() if page not in users)


# uPlot 1.6.32, MIT, as its package holds it
PINNED = {
    "uPlot.esm.js": "5dd9b3281aa64b461b42d9945f6adb2649d346502b12281a9ae0d46599a80eba",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}


@pytest.mark.parametrize("name", PINNED)
def test_the_plotting_library_is_the_one_that_was_chosen(name):
    content = (ROOT / "_static" / "playground" / "uplot" / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == PINNED[name]


def test_every_slider_stays_in_the_domain_of_its_parameter():
    html = (SITE / f"{PAGE}.html").read_text()
    data = json.loads(html.partition('class="lb-play-data">')[2].partition("</script>")[0])
    for described in data["losses"]:
        domains = [p.domain for p in losses.get(described["name"]).parameters]
        for parameter, domain in zip(described["parameters"], domains, strict=True):
            least, most, _ = parameter["range"]
            assert least <= parameter["start"] <= most
            assert least > 0 if "> 0" in domain or "0 <" in domain else least >= 0
            assert most < 1 if "< 1" in domain else most <= 1 if "≤ 1" in domain else True
