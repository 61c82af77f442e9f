"""The figures that move, in Chromium: what they show is what `lossbook.numpy` computes, by mouse and by keyboard."""

import json
import re
from functools import partial
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from lossbook import numpy as ours
from paths import PAGES, SITE
from playground import about, data_block
from test_accessible import PREPARE, faults
from test_playground import PAGE, move, number, opened, settle

CLOSE = partial(np.testing.assert_allclose, rtol=1e-3, atol=1e-9)  # what four digits can tell
FIGURE = '<figure id="fig-{0}" class="lb-figure"><svg width="300" height="200"></svg></figure>'

# Each kind: the losses, what is shown, the controls and the settings, as a chapter says them.
KINDS = {
    "sigmoid": ("sigmoid", None, "", "z=1"),
    "softmax": ("softmax", None, "z temperature", "z=2,1,-1&temperature=1"),
    "index": ("cross_entropy_index", "row", "rate", "z=-2,1,0.5&t=1&rate=0.7"),
    "soft": ("cross_entropy", "row", "", "z=-2,1,0.5&targets=0.6,0.3,0.1"),
    "row-mse": ("softmax_mse", "row", "", "z=-2,1,0.5&t=2"),
    "row-focal": ("softmax_focal", "row", "gamma", "z=-2,1,0.5&t=3&gamma=1.5"),
    "bce": ("binary_cross_entropy sigmoid_mse", None, "logit switch", "z=-3&y=1"),
    "focal": ("sigmoid_focal binary_cross_entropy sigmoid_mse", None, "", "z=-3&y=0"),
    "mse": ("mse", None, "logit target", "z=3&y=1"),
    "line": ("mse", "line", "", "a=0.5&b=3"),
}


def html(kind: str) -> str:
    names, show, controls, settings = KINDS[kind]
    data = about(names, show, f"fig-{kind}")
    data |= {"settings": settings, "controls": controls.split() or None, "home": "", "own": False}
    block = f'<div class="lb-playground docutils container">{data_block(data)}</div>'
    return f"{FIGURE.format(kind)}{block}<p class='after'>Words after it.</p>"


def instead(*kinds, faulty=None):
    """Answers with figures in the place of the playground, and with a fault in a script.

    faulty: a script, what stands in it, and what is to stand there.
    """

    def answer(route) -> bool:
        path = urlsplit(route.request.url).path
        if path.endswith(f"{PAGE}.html"):
            text = route.fetch().text()
            body = re.sub(
                r'<div class="lb-playground.*?(?=</article>)',
                lambda _: "".join(map(html, kinds)),
                text,
                flags=re.DOTALL,
            )
            assert body != text
            route.fulfill(body=body, content_type="text/html")
        elif faulty and path.endswith(f"/playground/{faulty[0]}"):
            text = route.fetch().text()
            assert faulty[1] in text
            route.fulfill(body=text.replace(*faulty[1:]), content_type="text/javascript")
        else:
            return False
        return True

    return answer


def texts(tab, selector: str) -> list[float]:
    return [number(text) for text in tab.locator(selector).all_text_contents()]


def bars(tab, columns: int) -> np.ndarray:
    """The numbers at the bars of a row, a column for the probabilities and one for the gradient."""
    return np.array(texts(tab, ".lb-play-number")).reshape(-1, columns).T


def slide(tab, n: int, value: float) -> None:
    tab.locator('.lb-play input[type="range"]').nth(n).fill(str(value))
    settle(tab)


def press(tab, name: str) -> None:
    tab.get_by_role("button", name=name).click()
    settle(tab)


# Keeps what is handed to the chart: x, the columns and the marks.
RECORD = """
async () => {
  const { Chart } = await import(new URL("../_static/playground/chart.js", location.href).href);
  const show = Chart.prototype.show;
  Chart.prototype.show = function (range, x, columns, marks) {
    window.drawn = { x, columns, marks };
    return show.call(this, range, x, columns, marks);
  };
}
"""


def check_sigmoid(tab) -> None:
    tab.evaluate(RECORD)
    for z in (-10, -2.3, 0, 0.7, 10):
        slide(tab, 0, z)
        p = ours.sigmoid(np.array([float(z)]))[0]
        CLOSE(texts(tab, ".lb-play-reading strong"), [p, p * (1 - p)])
        drawn = tab.evaluate("window.drawn")
        x = np.array(drawn["x"])
        tangent, derivative, curve = np.array(drawn["columns"])
        CLOSE(curve, ours.sigmoid(x))
        CLOSE(derivative, ours.sigmoid(x) * ours.sigmoid(-x))
        CLOSE(tangent, p + p * (1 - p) * (x - z))
        CLOSE([[mark["x"], mark["y"]] for mark in drawn["marks"]], [[z, p * (1 - p)], [z, p]])


def check_softmax(tab) -> None:
    z = np.array([2.0, 1, -1])
    for temperature in (1, 0.1, 2.5, 5):
        slide(tab, 3, temperature)
        for k, moved in enumerate((3.1, -10.0, 0.4)):
            z[k] = moved
            slide(tab, k, moved)
            expected = ours.softmax(z[None] / temperature)[0]
            CLOSE(bars(tab, 1)[0], expected)
            widths = tab.locator(".lb-play-fill").evaluate_all(
                "(all) => all.map((one) => parseFloat(one.style.width))"
            )
            np.testing.assert_allclose(widths, 100 * expected, atol=0.01)
    expect(tab.locator(".lb-play-total")).to_have_text("They add up to 1.")


ROWS = {
    "index": lambda z: ours.cross_entropy_with_grad(z, np.array([0])),
    "soft": lambda z: ours.cross_entropy_with_grad(z, np.array([[0.6, 0.3, 0.1]])),
    "row-mse": lambda z: ours.softmax_mse_loss_with_grad(z, np.array([1])),
    "row-focal": lambda z: ours.softmax_focal_loss_with_grad(z, np.array([2]), gamma=1.5),
}


def check_row(kind: str, tab) -> None:
    z = np.array([[-2.0, 1, 0.5]])
    losses = []
    for _ in range(30):
        loss, gradient = ROWS[kind](z)
        losses.append(float(loss))
        CLOSE(texts(tab, ".lb-play-descent strong"), [float(loss)])
        CLOSE(bars(tab, 2), [ours.softmax(z)[0], gradient[0]], atol=1e-7)
        CLOSE(texts(tab, ".lb-play-slider output")[-3:], z[0], atol=1e-7)
        press(tab, "Take a step")
        z = z - (0.7 if kind == "index" else 1) * gradient
    assert (np.diff(losses) < 0).all()
    bars_of_losses = tab.locator(".lb-play-strip span")
    assert bars_of_losses.count() == 24
    press(tab, "Back to the start")
    CLOSE(texts(tab, ".lb-play-descent strong"), [losses[0]])
    assert bars_of_losses.count() == 1


CURVES = {
    "binary_cross_entropy": ours.binary_cross_entropy_with_logits_with_grad,
    "sigmoid_mse": ours.sigmoid_mse_loss_with_grad,
    "sigmoid_focal": partial(ours.sigmoid_focal_loss_with_grad, alpha=0.25, gamma=2.0),
    "mse": ours.mse_loss_with_grad,
}


def check_curves(kind: str, tab) -> None:
    names = KINDS[kind][0].split()
    for y in (0, 1):
        if kind == "mse":
            move(tab, "target", y)
        else:
            tab.get_by_role("radio", name=f"y = {y}").check()
        for z in (-10, -3, 0, 0.2, 7.5):
            move(tab, "logit", z)
            expected = [CURVES[name](np.array([float(z)]), np.array([float(y)])) for name in names]
            found = np.reshape(texts(tab, ".lb-play-readings tbody td"), (-1, 2))
            CLOSE(found, [[np.sum(loss), gradient[0]] for loss, gradient in expected])


POINTS = np.array([[1, 2], [2, 2.8], [3, 3.4], [5, 4.6], [6, 5.2], [7, 6], [8, 6.2]])


def check_line(tab) -> None:
    tab.get_by_role("checkbox", name="least-squares line").check()
    x, y = POINTS[:, 0], POINTS[:, 1].copy()
    for a, b, outlier in ((0.5, 3, 6), (-2, 10, 0), (0.6, 1.5, 10), (2, 0, 9.3)):
        for n, value in enumerate((a, b, outlier)):
            slide(tab, n, value)
        y[5] = outlier
        residuals = a * x + b - y
        CLOSE(texts(tab, ".lb-play p strong"), [np.mean(residuals**2)])
        best, (total,), *_ = np.linalg.lstsq(np.stack([x, np.ones(7)], axis=1), y, rcond=None)
        said = re.findall(r"−?\d[\d.e−]*", tab.locator(".lb-play-least").text_content())
        np.testing.assert_allclose([number(one) for one in said], [*best, total / 7], rtol=1e-2)
        sides = tab.locator(".lb-play-square").evaluate_all(
            "(all) => all.map((one) => [one.width.baseVal.value, one.height.baseVal.value])"
        )
        CLOSE(sides, np.abs(residuals)[:, None] * [1, 1], atol=1e-6)
        drawn = tab.locator(".lb-play-best").evaluate(
            "(line) => ['y1', 'y2'].map((name) => 10 - line[name].baseVal.value)"
        )
        CLOSE(drawn, [best[1], 10 * best[0] + best[1]], atol=1e-5)


CHECKS = {"sigmoid": check_sigmoid, "softmax": check_softmax, "line": check_line}
CHECKS |= {kind: partial(check_row, kind) for kind in ROWS}
CHECKS |= {kind: partial(check_curves, kind) for kind in ("bce", "focal", "mse")}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_shown_is_what_numpy_computes(browser, site, kind):
    with opened(browser, site, answer=instead(kind)) as tab:
        expect(tab.locator(f"#fig-{kind}")).to_be_hidden()
        CHECKS[kind](tab)


FAULTS = {
    "the derivative": ("sigmoid", "sigmoid.js", "jvp(z, 1)];", "jvp(z, 1.01)];"),
    "the tangent": ("sigmoid", "sigmoid.js", "rise * (a - z)", "rise * a"),
    "the temperature": ("softmax", "softmax.js", "z / temperature", "z * temperature"),
    "the step": ("index", "row.js", "z - this.rate", "z + this.rate"),
    "the rate": ("index", "row.js", "z - this.rate *", "z - "),
    "the targets": ("soft", "row.js", "[known ?? ", "[found[0] ?? "),
    "the true class": ("row-focal", "model.js", '"class index": state.t', '"class index": 0'),
    "the start": ("row-mse", "row.js", "this.begin();\n        if", "if"),
    "the other loss": ("bce", "curves.js", "[here, ...others]", "[here, here, here]"),
    "the switch": ("focal", "curves.js", "(s.y = y)", "(s.y = 1 - y)"),
    "the mean": ("line", "line.js", "/ points.length;\n\n", "/ 6;\n\n"),
    "least squares": ("line", "line.js", "height - a * centre]", "height - a]"),
    "the squares": ("line", "line.js", "width: side", "width: side / 2"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_noticed(browser, site, fault):
    kind, *faulty = FAULTS[fault]
    page = opened(browser, site, answer=instead(kind, faulty=faulty))
    with page as tab, pytest.raises(AssertionError):
        CHECKS[kind](tab)


@pytest.mark.parametrize("kind", ROWS)
def test_a_step_of_1_lowers_the_loss_from_anywhere(kind):
    """The step that a figure takes by itself."""
    for z in np.random.default_rng(0).uniform(-10, 10, (2000, 1, 3)):
        loss, gradient = ROWS[kind](z)
        assert ROWS[kind](z - gradient)[0] <= loss


def test_other_rates_and_targets(browser, site):
    with opened(browser, site, answer=instead("index")) as tab:
        move(tab, "rate", 4.5)
        press(tab, "Take a step")
        z = np.array([[-2.0, 1, 0.5]])
        z = z - 4.5 * ROWS["index"](z)[1]
        CLOSE(texts(tab, ".lb-play-slider output")[-3:], z[0])
        expect(tab.locator(".lb-play-descent")).to_contain_text("after 1 step of η = 4.5")
    with opened(browser, site, answer=instead("soft")) as tab:
        choice = tab.get_by_label("Targets y")
        names = choice.locator("option").all_text_contents()
        assert names[0] == "given: 0.6, 0.3, 0.1"
        z = np.array([[-2.0, 1, 0.5]])
        for name in names:
            choice.select_option(name)
            settle(tab)
            targets = np.array([[float(y) for y in name.partition(": ")[2].split(", ")]])
            if name.startswith("uniform"):
                targets = np.full((1, 3), 1 / 3)
            loss, gradient = ours.cross_entropy_with_grad(z, targets)
            CLOSE(texts(tab, ".lb-play-descent strong"), [float(loss)])
            CLOSE(bars(tab, 2), [ours.softmax(z)[0], gradient[0]])
            CLOSE(bars(tab, 2)[1], (ours.softmax(z) - targets)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_by_keyboard(browser, site, kind):
    """Every control is reached with Tab, in the order of the page, and does something; what came of it is said."""
    with opened(browser, site, answer=instead(kind)) as tab:
        figure = tab.locator(".lb-play")
        spoken = figure.locator('[aria-live="polite"]')
        sliders = figure.get_by_role("slider").all()
        sliders[0].focus()
        for slider in sliders:
            while not slider.evaluate("(one) => one === document.activeElement"):
                tab.keyboard.press("Tab")
                assert figure.evaluate("(one) => one.contains(document.activeElement)")
            before = figure.text_content(), slider.input_value()
            tab.keyboard.press("ArrowRight")
            settle(tab)
            assert before[0] != figure.text_content()
            assert before[1] != slider.input_value()
        expect(spoken).not_to_be_empty()
        for n in range(figure.get_by_role("radio").count()):
            if not n:
                figure.get_by_role("radio", checked=True).focus()
            before = figure.text_content()
            tab.keyboard.press("ArrowDown")
            settle(tab)
            assert figure.text_content() != before
        button = figure.get_by_role("button", name="Take a step")
        if button.count():
            button.focus()
            before = texts(tab, ".lb-play-descent strong")
            tab.keyboard.press("Enter")
            tab.keyboard.press("Space")
            settle(tab)
            assert texts(tab, ".lb-play-descent strong") < before
            expect(button).to_be_focused()
            expect(spoken).to_contain_text("after 2 steps")


def test_it_is_dragged(browser, site):
    view = {"width": 1280, "height": 1000}
    with opened(browser, site, answer=instead("sigmoid"), viewport=view) as tab:
        box = tab.locator(".lb-play-drawing .u-over").bounding_box()
        tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
        tab.mouse.down()
        tab.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 50, steps=4)
        tab.mouse.up()
        assert abs(float(tab.locator(".lb-play input").input_value()) - 5) < 0.11
    with opened(browser, site, answer=instead("line"), viewport=view) as tab:
        box = tab.locator(".lb-play-handle").bounding_box()
        unit = tab.locator(".lb-play-plane").bounding_box()["width"] / 11
        tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 30, box["y"] + box["height"] / 2 + 2 * unit, steps=4)
        tab.mouse.up()
        outlier = float(tab.get_by_role("slider", name="y₆").input_value())
        assert abs(outlier - 4) < 0.11
        y = POINTS[:, 1].copy()
        y[5] = outlier
        error = np.mean((0.5 * POINTS[:, 0] + 3 - y) ** 2)
        CLOSE(texts(tab, ".lb-play p strong"), [error])


# What a screen reader is told, while a slider is moved twenty times.
FLOOD = """
async () => {
  const [input, spoken] = [".lb-play input[type=range]", ".lb-play [aria-live]"].map((one) => document.querySelector(one));
  const told = [spoken.textContent];
  new MutationObserver(() => told.push(spoken.textContent)).observe(spoken, { childList: true });
  for (let n = 0; n < 20; n++) {
    input.value = Number(input.min) + n / 10;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => setTimeout(done, 20));
  }
  await new Promise((done) => setTimeout(done, 1500));
  return told;
}
"""


@pytest.mark.parametrize("kind", ["sigmoid", "softmax", "index", "bce", "line"])
def test_a_screen_reader_is_told_where_it_came_to_rest(browser, site, kind):
    with opened(browser, site, answer=instead(kind)) as tab:
        first, *told = tab.evaluate(FLOOD)
        assert first == ""
        assert len(told) == 1


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", KINDS)
def test_the_page_does_not_jump(browser, site, kind, width):
    """Whatever is moved, and about when the script comes."""
    page = {"viewport": {"width": width, "height": 900}}
    with opened(browser, site, answer=instead(kind), **page) as tab:
        figure = tab.locator(".lb-play")

        def height():
            settle(tab)
            return figure.evaluate("(one) => one.offsetHeight")

        heights = {height()}
        for slider in figure.get_by_role("slider").all():
            least, most = (float(slider.get_attribute(end)) for end in ("min", "max"))
            for share in (0, 0.01, 0.33, 0.77, 1):
                step = float(slider.get_attribute("step"))
                slider.fill(f"{round((least + share * (most - least)) / step) * step:.2f}")
                heights.add(height())
        for one in [*figure.get_by_role("radio").all(), *figure.get_by_role("checkbox").all()]:
            one.check()
            heights.add(height())
        for one in figure.get_by_role("button").all() * 3:
            one.click()
            heights.add(height())
        assert len(heights) == 1
        assert tab.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 1
        after = "document.querySelector('.after').getBoundingClientRect().top + scrollY"
        drawn = tab.evaluate(after)
        tab.evaluate(
            """(show) => {
              document.querySelector(".lb-playground").dataset.toCome = show;
              document.querySelector(".lb-play").remove();
            }""",
            about(*KINDS[kind][:2], "fig")["show"],
        )
        assert abs(tab.evaluate(after) - drawn) < 150


def test_no_violation_of_ours(browser, site):
    with opened(browser, site, answer=instead(*KINDS), color_scheme="light") as tab:
        expect(tab.locator(".lb-play")).to_have_count(len(KINDS))
        tab.evaluate(PREPARE)
        assert faults(tab) == {"structure": [], "light": [], "dark": []}


def test_without_names_there_is_a_violation(browser, site):
    faulty = ("view.js", "label.append(", "void (")
    with opened(browser, site, answer=instead("softmax", faulty=faulty)) as tab:
        tab.evaluate(PREPARE)
        assert {rule for rule, *_ in faults(tab)["structure"]} == {"label"}


def test_the_figure_is_printed(browser, site):
    with opened(browser, site, answer=instead("softmax")) as tab:
        tab.emulate_media(media="print")
        expect(tab.locator("#fig-softmax")).to_be_visible()
        expect(tab.locator(".lb-play")).to_be_hidden()


@pytest.mark.parametrize("lacking", ["scripts", "the file of the figure"])
def test_the_figure_stays_where_nothing_can_move(browser, site, lacking):
    context = browser.new_context(java_script_enabled=lacking != "scripts")
    answer = instead("softmax")

    def handle(route):
        if route.request.url.endswith("/playground/softmax.js"):
            route.abort()
        elif not answer(route):
            route.continue_()

    try:
        context.route("**/*", handle)
        tab = context.new_page()
        tab.goto(f"{site}/{PAGE}.html")
        expect(tab.locator("#fig-softmax")).to_be_visible()
        assert tab.locator(".lb-play").count() == 0
    finally:
        context.close()


@pytest.mark.parametrize(
    ("names", "show", "figure", "said"),
    [
        ("sigmoid", None, None, "needs the figure"),
        ("mse", "line", None, "needs the figure"),
        ("log_softmax", None, "fig-a", "one is shown by itself"),
        ("sigmoid softmax", None, "fig-a", "one is shown by itself"),
        ("softmax", "row", "fig-a", "one is shown by itself"),
        ("mse", "row", "fig-a", "`show: row` takes one loss of a row"),
        ("softmax_mse softmax_focal", "row", "fig-a", "`show: row` takes"),
        ("sigmoid_mse", "line", "fig-a", "`show: line` takes"),
        ("mse sigmoid_mse", None, "fig-a", "losses of the same input"),
        ("", None, "fig-a", "losses of the same input"),
    ],
)
def test_what_cannot_be_shown_is_refused(names, show, figure, said):
    with pytest.raises(ValueError, match=said):
        about(names, show, figure)


def missing(page: str) -> list[str]:
    """The figures that a page has something to move for, but not before it."""
    parts = page.split('class="lb-play-data">')
    return [
        data["insteadOf"]
        for n, part in enumerate(parts[1:], 1)
        if (data := json.loads(part.partition("</script>")[0]))["insteadOf"]
        and f'id="{data["insteadOf"]}"' not in "".join(parts[:n])
    ]


@pytest.mark.parametrize("name", PAGES)
def test_every_figure_that_is_replaced_is_there(name):
    assert missing((SITE / f"{name}.html").read_text()) == []


def test_a_figure_that_is_not_there_is_missed():
    assert missing(html("bce")) == []
    assert missing(html("bce").replace('id="fig-bce"', 'id="fig-ce"')) == ["fig-bce"]
