"""The Python half of the page's kernel, run here: what a cell shows, prints and raises, and which cells run first."""

import importlib.util
import json
import random

import pytest
from matplotlib.figure import Figure
from sympy import Symbol

from paths import ROOT
from run_cells import cells_of
from run_files import packages

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


class Page:
    """Cells with sources, and what Run does with them."""

    def __init__(self, *sources):
        self.sources = list(sources)
        self.restart()

    def restart(self):
        self.outputs = []
        self.kernel = page_kernel.Kernel(self.outputs.append)

    def run(self, number, plan=None):
        """Run a cell and what it needs: the numbers of the cells that ran, and what each showed."""
        cells = [(f"cell {n}", source) for n, source in enumerate(self.sources)][: number + 1]
        shown = {}
        for name in plan or self.kernel.plan(cells):
            self.outputs.clear()
            outcome = self.kernel.run(dict(cells)[name], name)
            drawn = [o if "svg" not in o else "figure" for o in self.outputs]
            shown[int(name.removeprefix("cell "))] = drawn
            if outcome == "failed":
                break
        return shown

    def last(self, number):
        shown = self.run(number)
        return [*shown], shown[number][0]["text"]


def test_a_cell_runs_what_it_needs_and_nothing_else():
    page = Page("x = 2", "import nowhere", "y = x + 1", "z = 0", "y * 10")
    assert page.last(4) == ([0, 2, 4], "30")
    assert page.last(4) == ([4], "30")
    page.restart()
    assert page.last(4) == ([0, 2, 4], "30")


def test_a_cell_that_was_edited_runs_again_and_so_does_what_depends_on_it():
    page = Page("x = 2", "y = x + 1", "w = 5", "y * w")
    page.run(3)
    page.sources[0] = "x = 4"
    assert page.last(3) == ([0, 1, 3], "25")
    page.sources[1] = "x = y = 1"
    assert page.last(3) == ([1, 3], "5")


def test_the_names_of_edited_text_are_known():
    page = Page("x = 2", "x = 3", "None", "x")
    page.sources[2] = "x = x + 10"
    assert page.last(3) == ([1, 2, 3], "13")
    page.sources[1] = "x = ="
    assert [*page.run(3)] == [0, 2, 3]


def test_a_name_that_another_cell_has_taken_is_given_back():
    page = Page("x = 1", "x", "x = 2", "x")
    assert page.last(3) == ([2, 3], "2")
    assert page.last(1) == ([0, 1], "1")
    assert page.last(3) == ([2, 3], "2")


@pytest.mark.parametrize("change", ["x.append(1)", "x += [1]", "x[:] = [*x, 1]"])
def test_a_change_is_made_once(change):
    page = Page("x = []", change, "x")
    for _ in range(2):
        assert page.last(2)[1] == "[1]"
        assert [*page.run(1)] == [0, 1]
    page.run(0)
    assert page.last(2)[1] == "[1]"


def test_what_a_function_reads_is_what_it_would_read_in_order():
    page = Page("def f():\n    return x", "x = 1", "f()", "x = 2", "f()")
    assert page.last(4) == ([0, 3, 4], "2")
    assert page.last(2) == ([1, 2], "1")
    assert page.last(4) == ([3, 4], "2")


def test_a_cell_that_failed_runs_again():
    page = Page("x = 1 / 0", "x")
    assert [*page.run(1)] == [0]
    assert [*page.run(1)] == [0]
    page.sources[0] = "x = 7"
    assert page.last(1) == ([0, 1], "7")


def chapter(name):
    notebook = json.loads((ROOT / "chapters" / f"{name}.ipynb").read_text())
    return [c.source for c in cells_of(notebook, packages(), ROOT / "src") if not c.needs]


@pytest.mark.parametrize("name", ["softmax", "focal_idea"])
def test_the_order_in_which_a_reader_runs_a_chapter_changes_nothing(name):
    """Each cell shows what it shows when all cells run from top to bottom."""
    sources = chapter(name)
    whole, page = Page(*sources), Page(*sources)
    expected = [whole.run(n, [f"cell {n}"])[n] for n in range(len(sources))]
    order = [len(sources) - 1, *random.Random(0).sample(range(len(sources)), k=len(sources))]
    for asked in order:
        for n, shown in page.run(asked).items():
            assert shown == expected[n], f"cell {n}, when {asked} was asked for"


def test_that_test_finds_a_need_that_is_missed():
    sources = chapter("softmax")
    whole, page = Page(*sources), Page(*sources)
    expected = [whole.run(n, [f"cell {n}"])[n] for n in range(len(sources))]
    last = len(sources) - 1
    missed = page.kernel.plan([(f"cell {n}", s) for n, s in enumerate(sources)])[1:]
    assert page.run(last, missed).get(last) != expected[last]
