"""Generated JavaScript, in Chromium: against 50 digits at random points, against the NumPy code at extreme ones."""

import mpmath
import numpy as np
import pytest
from playwright.sync_api import sync_playwright
from sympy import Abs, Indexed, Piecewise, S, cos, exp, log, sqrt, tanh

from browser import QUIET, chromium
from lossbook.codegen.files import wanted
from lossbook.codegen.inputs import inputs_of
from lossbook.codegen.javascript import table as javascript_table
from lossbook.codegen.javascript.module import ScriptPrinter
from lossbook.codegen.printer import Printer
from lossbook.codegen.program import ELEMENTWISE, Builder, Input, Program
from lossbook.codegen.python import numpy as numpy_table
from lossbook.expr.nodes import Diff
from lossbook.losses import Loss, all_losses, get
from lossbook.notation import logit, target

from .compiled import exact, module, point, random_arguments, run
from .test_generated import ACTIVATIONS, LOSSES, derivative, name

HOME = "http://lossbook.invalid"
CALL = """
async ([file, calls]) => {
  const code = await import(file);
  return calls.map(([f, ...values]) => code[f](...values));
}
"""


@pytest.fixture(scope="module")
def javascript():
    """Calls functions of a module: what it returns is what they return. `files` may be changed."""
    files = {
        path.removeprefix("generated"): text
        for path, text in wanted(all_losses()).items()
        if path.endswith(".js")
    }

    def answer(route):
        path = route.request.url.removeprefix(HOME).partition("?")[0]
        kind = "text/javascript" if path in files else "text/html"
        route.fulfill(body=files.get(path, "<!doctype html>"), content_type=kind)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        page = browser.new_page()
        page.route(f"{HOME}/**", answer)
        page.goto(HOME)
        count = iter(range(10**6))

        def call(name, calls, text=None):
            if text is not None:
                files[f"/javascript/{name}.js"] = text
            # a query of its own, so that no module is taken from the browser's memory
            return page.evaluate(CALL, [f"{HOME}/javascript/{name}.js?{next(count)}", calls])

        yield call
        browser.close()


def plain(value):
    """A value that a browser is sent."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def of_row(loss, arguments, row, extra=()):
    """The arguments of a JavaScript function for one row."""
    listed = inputs_of(loss).listed
    given = [plain(arguments[a.name][row]) for a in listed if not a.keyword]
    named = {a.name: plain(arguments[a.name]) for a in listed if a.keyword}
    return [*given, *(plain(x[row]) for x in extra), *([named] if named else [])]


@pytest.mark.parametrize("loss", LOSSES, ids=name)
def test_a_loss_agrees_with_fifty_digits(javascript, loss):
    arguments = random_arguments(loss, np.random.default_rng(13), rows=3, classes=4)
    x = arguments[inputs_of(loss).listed[0].name]
    tangent = np.random.default_rng(14).normal(size=x.shape)
    for row, logits in enumerate(x):
        given = of_row(loss, arguments, row)
        along = of_row(loss, arguments, row, [tangent])
        value, gradient, hvp = javascript(
            loss.name, [["value", *given], ["gradient", *given], ["hvp", *along]]
        )
        values = point(loss, arguments, row)
        np.testing.assert_allclose(value, exact(loss.expr, values), rtol=1e-13)
        np.testing.assert_allclose(
            gradient, derivative(loss, values, np.atleast_1d(logits)), rtol=1e-12, atol=1e-14
        )
        expected = derivative(loss, values, np.atleast_1d(logits), tangent[row])
        np.testing.assert_allclose(hvp, expected, rtol=1e-12, atol=1e-14)


SIZES = (0.0, 1e-8, 0.3, 5.0, 36.0, 40.0, 100.0, 350.0, 700.0, 745.0, 800.0, 1e4)
ROWS = np.array([[1, 0, 0, -1], [0, 1, 1, 0], [-1, 1, 0.999, 0.5], [1, 1, 1, 1], [-1, -1, -1, 1.0]])


def extremes(loss):
    """Rows at certainty, at its neighbours, with ties; class 1 is the true one."""
    if isinstance(loss.wrt, Indexed):
        x = np.concatenate([ROWS * size for size in SIZES])
        by_index = loss.target == "class index"
        y = np.zeros(len(x), int) if by_index else np.tile(np.eye(4)[0], (len(x), 1))
    else:
        x = np.array([sign * size for size in SIZES for sign in (-1, 1)])
        y = np.resize([1.0, 0.0, 1.0, 0.0, 0.3], len(x))
    arguments = {inputs_of(loss).listed[0].name: x, "targets": y}
    parameters = {a.name: a.role for a in inputs_of(loss).listed if a.keyword}
    for power in (0, 0.5, 1, 2, 5) if "gamma" in parameters else (0,):
        values = {"gamma": power, "label_smoothing": 0.1, "pos_weight": 3.0}
        scalars = {
            k: np.array([0.5, 1, 2, 1]) if role == "per class" else values.get(k, 0.25)
            for k, role in parameters.items()
        }
        yield arguments | scalars


@pytest.mark.parametrize("loss", LOSSES, ids=name)
def test_a_loss_at_extreme_logits_agrees_with_numpy(javascript, loss):
    code = module(loss)
    listed = inputs_of(loss).listed
    for arguments in extremes(loss):
        x, rows = arguments[listed[0].name], len(arguments["targets"])
        tangent = np.resize([1.0, -0.5, 0.25, 2.0], x.shape)
        given = [arguments[a.name] for a in listed if not a.keyword]
        named = {a.name: arguments[a.name] for a in listed if a.keyword}
        with np.errstate(all="ignore"):
            expected = [
                code.value(*given, **named),
                code.gradient(*given, **named),
                code.hvp(*given, tangent, **named),
            ]
        calls = [
            [f, *of_row(loss, arguments, row)] for f in ("value", "gradient") for row in range(rows)
        ]
        calls += [["hvp", *of_row(loss, arguments, row, [tangent])] for row in range(rows)]
        got = javascript(loss.name, calls)
        assert np.isfinite(got[:rows]).all()
        for n, wanted_ in enumerate(expected):
            here = np.array(got[n * rows : (n + 1) * rows], float)
            assert np.isfinite(here).all()
            scale = (
                np.abs(np.broadcast_to(wanted_, here.shape).reshape(rows, -1))
                .max(1)
                .reshape(-1, *[1] * (here.ndim - 1))
            )
            assert (
                np.abs(here - wanted_) <= 1e-13 * np.abs(wanted_) + 1e-14 * scale + 1e-320
            ).all()


@pytest.mark.parametrize("loss", ACTIVATIONS, ids=name)
def test_an_activation_agrees_with_numpy(javascript, loss):
    code, rng = module(loss), np.random.default_rng(15)
    arguments = random_arguments(loss, rng, rows=4, classes=5)
    x = arguments["logits"] * np.array([1, 10, 100, 300]).reshape(
        -1, *[1] * (arguments["logits"].ndim - 1)
    )
    arguments["logits"] = x
    more = [rng.normal(size=x.shape), rng.normal(size=x.shape)]
    for function, count in (("value", 0), ("vjp", 1), ("jvp", 1), ("vjp_vjp", 2)):
        got = javascript(
            loss.name, [[function, *of_row(loss, arguments, row, more[:count])] for row in range(4)]
        )
        np.testing.assert_allclose(
            got, getattr(code, function)(x, *more[:count]), rtol=1e-12, atol=1e-15
        )


@pytest.mark.parametrize("gamma", [0, 0.5, 1, 2])
@pytest.mark.parametrize("size", [0, 30, 700])
def test_the_focal_gradient_is_accurate_at_and_near_certainty(javascript, gamma, size):
    """Against the 50 digits, where most implementations give NaN or 0."""
    row, weights = [float(size), 0.0, -1.0], [0.5, 1.0, 2.0]
    ((*got,),) = javascript(
        "softmax_focal", [["gradient", row, 0, {"alpha": weights, "gamma": gamma}]]
    )
    with mpmath.workdps(400):
        e = [mpmath.exp(a - row[0]) for a in row]
        q, total = e[1] + e[2], sum(e)
        chance, rest = 1 / total, q / total
        loss_ = mpmath.log(total)
        scale = weights[0] * rest**gamma * (1 + gamma * chance * loss_ / rest)
        truth = [-scale * rest, scale * e[1] / total, scale * e[2] / total]
    np.testing.assert_allclose(got, [float(x) for x in truth], rtol=1e-13, atol=5e-324)
    certain = javascript(
        "softmax_focal", [["gradient", [1e4, 0, 0], 0, {"alpha": weights, "gamma": gamma}]]
    )
    assert np.abs(certain).max() == 0


EQUATIONS = {
    "cases": Piecewise((logit**2 / 2, logit < target), (exp(-logit), True)),
    "powers": -((1 + logit**2) ** target) / 3 - (-Abs(logit)) ** 2,
    "roots": sqrt(1 + logit**2) - log(2 + tanh(logit)) * target,
    "waves": cos(logit) / (2 + tanh(logit / 7)),
    "numbers": S(1) / 3 * logit + 2,
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_an_unregistered_loss_is_computed(javascript, name):
    mine = Loss(
        name="mine", title="Mine", expr=EQUATIONS[name], wrt=logit, target="real", reference="none"
    )
    for a, y in ((0.5, 0.9), (-2.0, 0.25), (1.5, 0.25)):
        values = {logit: a, target: y}
        targets = [y] if any(x.name == "targets" for x in inputs_of(mine).listed) else []
        calls = [["value", a, *targets], ["gradient", a, *targets]]
        got = javascript("mine", calls, mine.source("javascript"))
        np.testing.assert_allclose(
            got, [exact(mine.expr, values), exact(Diff(mine.expr, logit), values)], rtol=1e-13
        )


@pytest.mark.parametrize(
    "op", sorted(set(ELEMENTWISE.split()) & javascript_table.OPERATIONS.keys())
)
def test_each_operation_agrees_with_numpy(javascript, op):
    """Alone, and as an operand of a sign, a quotient and a choice, so that every bracket is where it must be."""
    count = len({n for n in range(3) if f"{{{n}}}" in numpy_table.OPERATIONS[op]})
    build = Builder()
    a, b, c = (build.input(x, "each") for x in "abc")
    conditions = [build.make("less", a, b), build.make("less", c, b), build.make("equal", a, b)]
    logical = op in ("and", "or", "not")
    first = conditions if logical else [conditions[0], a, b] if op == "where" else [a, b, c]
    node = build.make(op, *first[:count])
    if logical or op in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
        node = build.make("where", node, a, build.make("negative", c))
    node = build.make(
        "divide",
        build.make("negative", build.make("add", node, b)),
        build.make("multiply", node, c),
    )
    program = Program("f", "", "", tuple(Input(x, "array") for x in "abc"), False, node)
    body = "\n  ".join(ScriptPrinter(program, javascript_table.OPERATIONS, "test").body())
    code = run(
        "import numpy as np\ndef f(a, b, c):\n "
        + "\n ".join(Printer(program, numpy_table.OPERATIONS, "test").body())
    )
    points = [(0.5, 2.0, 0.75), (1.5, 0.25, 2.0), (2.0, 2.0, 3.0)]
    with np.errstate(divide="ignore"):  # 2 - 2 is divided by
        expected = [code.f(*map(np.float64, x)) for x in points]
    got = javascript(
        "operation", [["f", *x] for x in points], f"export function f(a, b, c) {{\n  {body}\n}}\n"
    )
    np.testing.assert_allclose(got, expected, rtol=1e-15)


def test_a_wrong_line_is_noticed(javascript):
    """The comparison above must fail for a module with one operation changed."""
    loss = get("softmax_focal")
    arguments = random_arguments(loss, np.random.default_rng(1))
    given = of_row(loss, arguments, 0)
    truth = exact(loss.expr, point(loss, arguments, 0))
    text = loss.source("javascript")
    assert "Math.log1p(rest)" in text
    (right,) = javascript("right", [["value", *given]], text)
    (wrong,) = javascript(
        "wrong", [["value", *given]], text.replace("Math.log1p(rest)", "Math.log(rest)")
    )
    assert abs(right / truth - 1) < 1e-13 < abs(wrong / truth - 1)
