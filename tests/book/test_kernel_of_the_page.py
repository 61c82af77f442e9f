"""The Python half of the page's kernel, run here: what a cell shows, prints and raises."""

import importlib.util

import pytest
from matplotlib.figure import Figure
from sympy import Symbol

from paths import ROOT

SPEC = importlib.util.spec_from_file_location("page_kernel", ROOT / "_static" / "run" / "kernel.py")
page_kernel = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(page_kernel)


@pytest.fixture
def outputs():
    return []


@pytest.fixture
def kernel(outputs):
    return page_kernel.Kernel(outputs.append, ["matplotlib", "sympy"])


def test_the_last_expression_shows(kernel, outputs):
    assert kernel.run("x = 2\nx + 1", "cell 1") == "done"
    assert outputs == [{"type": "display", "text": "3"}]
    assert kernel.run("x * 10", "cell 2") == "done"
    assert outputs[1]["text"] == "20"


@pytest.mark.parametrize("source", ["", "x = 1", "None", "1 + 1;", "# nothing"])
def test_nothing_shows(kernel, outputs, source):
    assert kernel.run(source, "cell 1") == "done"
    assert outputs == []


def test_what_is_printed_comes_before_what_shows(kernel, outputs):
    kernel.run("import sys\nprint('a')\nprint('b', file=sys.stderr)\n1", "cell 1")
    assert [(o["type"], o.get("name"), o["text"]) for o in outputs] == [
        ("stream", "stdout", "a\n"),
        ("stream", "stderr", "b\n"),
        ("display", None, "1"),
    ]


def test_a_flood_is_cut(kernel, outputs):
    kernel.run(f"for _ in range(100):\n    print('x' * {page_kernel.LIMIT // 10})", "cell 1")
    text = "".join(o["text"] for o in outputs)
    assert text.endswith("(the rest is left out)\n")
    assert len(text) < page_kernel.LIMIT + 100


def test_sympy_shows_as_latex():
    assert page_kernel.bundle(Symbol("x") ** 2) == {
        "text": "x**2",
        "latex": "$\\displaystyle x^{2}$",
    }


def test_a_figure_shows_as_svg():
    assert page_kernel.bundle(Figure())["svg"].startswith("<svg")


def test_a_figure_of_pyplot_shows_once(kernel, outputs):
    source = "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nplt.figure()\nplt.plot([1, 2]);"
    assert kernel.run(source, "cell 1") == "done"
    assert [o["type"] for o in outputs] == ["display"]
    assert "svg" in outputs[0]


def test_html_goes_before_latex():
    class Both:
        def _repr_html_(self):
            return "<b>x</b>"

        def _repr_latex_(self):
            return "$x$"

    assert page_kernel.bundle(Both())["html"] == "<b>x</b>"
    assert "html" not in page_kernel.bundle(Both)  # the class itself has nothing to show


def test_an_error_is_told_from_the_cell_on(kernel, outputs):
    assert kernel.run("def f():\n    return 1 / 0\nprint('before')\nf()", "cell 7") == "failed"
    error = outputs[-1]
    assert (error["type"], error["name"], error["line"]) == ("error", "ZeroDivisionError", 4)
    assert "return 1 / 0" in error["traceback"]
    assert "<cell 7>" in error["traceback"]
    assert "kernel.py" not in error["traceback"]


def test_a_syntax_error_has_its_line(kernel, outputs):
    assert kernel.run("x = 1\ny = = 2", "cell 1") == "failed"
    assert (outputs[0]["name"], outputs[0]["line"]) == ("SyntaxError", 2)
    assert "kernel.py" not in outputs[0]["traceback"]


def test_names_survive_an_error(kernel, outputs):
    kernel.run("x = 5\nx / 0", "cell 1")
    assert kernel.run("x", "cell 2") == "done"


@pytest.mark.parametrize(
    "source", ["raise SystemExit", "raise KeyboardInterrupt", "import nowhere_at_all"]
)
def test_no_error_leaves_the_kernel(kernel, outputs, source):
    assert kernel.run(source, "cell 1") == "failed"
    assert outputs[0]["type"] == "error"


def test_a_module_that_can_be_had_is_asked_for_once(kernel, outputs):
    missing = "raise ModuleNotFoundError('no', name='sympy')"
    assert kernel.run(missing, "cell 1") == "needs sympy"
    assert outputs == []
    assert kernel.run(missing, "cell 1") == "failed"


def test_call_takes_and_gives_json():
    assert page_kernel.call("math", "hypot", "[3, 4]") == "5.0"
