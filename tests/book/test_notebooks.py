"""The committed notebooks are executed and tidy; and the checks that say so, nbval's too, see a planted fault."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from execute import execute, normalise, write
from nbcheck import WIDTH, problems, problems_of, too_wide
from paths import NOTEBOOKS, PAGES, ROOT

CELLS = {
    "text/plain": "6 * 7",
    "text/latex": "from IPython.display import Math\nMath(r'p_j - y_j')",
    "image/svg+xml": 'from IPython.display import SVG\nSVG(\'<svg xmlns="http://www.w3.org/2000/svg"><path d="M1 2"/></svg>\')',
    "text/html": "from IPython.display import HTML\nHTML('<b>proved</b>')",
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_executed_and_tidy(path):
    assert problems_of(path) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_lines_fit_on_a_page(path):
    assert too_wide(nbformat.read(path, as_version=4)) == []


def test_ruff_knows_the_width():
    assert tomllib.loads((ROOT / "chapters/ruff.toml").read_text())["line-length"] == WIDTH


WORDS = "word " * 15
WIDE = {  # of more than 76 characters
    f"{WORDS}at the end": True,
    f"- {WORDS}at the end": True,
    f"[{WORDS}of a link](softmax.ipynb)": True,
    f"$$ {'p + ' * 20} $$": True,
    "- " + "a" * 80: False,
    f"https://host.example/{'a' * 60}": False,
    f"| {WORDS} |  |": False,
    f"## {WORDS}at the end": False,
    f":alt: {WORDS}at the end": False,
    f"```{{figure}} {'a' * 80}": False,
    f"- ${'p + ' * 20}$,": False,
    f"`{WORDS}of code`": False,
}


@pytest.mark.parametrize("line", WIDE)
def test_a_wide_line_of_text_is_noticed_where_it_could_be_broken(line):
    notebook = new_notebook(cells=[new_markdown_cell("# Planted"), new_markdown_cell(f"\n{line}")])
    said = f"cell 1, line 2 has {len(line)} characters"
    assert too_wide(notebook) == ([said] if WIDE[line] else [])


def test_a_wide_line_of_code_is_noticed():
    cells = [new_code_cell("x = 1\n" + "#" * 76), new_code_cell("y = '" + "a" * 72 + "'")]
    assert too_wide(new_notebook(cells=cells)) == ["cell 1, line 1 has 78 characters"]


def test_every_notebook_is_a_page():
    assert {str(path.relative_to(ROOT).with_suffix("")) for path in NOTEBOOKS} <= set(PAGES)


@pytest.fixture(scope="module")
def executed(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("planted") / "planted.ipynb"
    cells = [new_markdown_cell("# Planted"), *(new_code_cell(source) for source in CELLS.values())]
    nbformat.write(new_notebook(cells=cells), path)
    execute(path)
    return path


def planted(executed: Path, tmp_path: Path, change) -> Path:
    path = tmp_path / executed.name
    notebook = nbformat.read(executed, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)
    return path


def nbval(path: Path) -> subprocess.CompletedProcess:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "-q",
        "-c",
        str(ROOT / "pyproject.toml"),
        str(path),
    ]
    return subprocess.run(
        [*command, f"--rootdir={path.parent}"], capture_output=True, text=True, cwd=path.parent
    )


def test_executing_again_changes_nothing(executed, tmp_path):
    again = Path(shutil.copy(executed, tmp_path))
    execute(again)
    assert again.read_bytes() == executed.read_bytes()


def test_an_unchanged_notebook_passes(executed):
    assert problems_of(executed) == []
    run = nbval(executed)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("kind", CELLS)
def test_nbval_refuses_an_edited_output(executed, tmp_path, kind):
    def edit(notebook):
        data = next(
            o.data for c in notebook.cells[1:] for o in c.outputs if c.source == CELLS[kind]
        )
        data[kind] = data[kind].translate(str.maketrans("-4bM", "+5iL"))

    run = nbval(planted(executed, tmp_path, edit))
    assert run.returncode == 1, run.stdout
    assert kind in run.stdout


def test_nbval_refuses_a_removed_output(executed, tmp_path):
    run = nbval(planted(executed, tmp_path, lambda notebook: notebook.cells[2].outputs.clear()))
    assert run.returncode == 1, run.stdout


def unexecuted(notebook):
    notebook.cells[2].execution_count = None
    notebook.cells[2].outputs = []


def out_of_order(notebook):
    notebook.cells[1].execution_count = 9


def failed(notebook):
    notebook.cells[1].outputs = [
        nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    ]


def address(notebook):
    notebook.cells[1].outputs[0].data["text/plain"] = "<object object at 0x7f33954953d0>"


def stale_id(notebook):
    notebook.cells[1].id = "0123abcd"


def timed(notebook):
    notebook.cells[1].metadata["execution"] = {"iopub.execute_input": "2020-01-01T00:00:00Z"}


def widgets(notebook):
    notebook.metadata["widgets"] = {}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (unexecuted, "cell 2 was never executed"),
        (out_of_order, "cell 1 was executed out of order"),
        (failed, "cell 1 ended in ValueError"),
        (address, "cell 1 prints an address"),
        (stale_id, "ids or metadata"),
        (timed, "ids or metadata"),
        (widgets, "ids or metadata"),
    ],
)
def test_guard_refuses(executed, tmp_path, change, complaint):
    assert any(complaint in problem for problem in problems_of(planted(executed, tmp_path, change)))


def test_pieces_of_a_stream_are_joined(tmp_path):
    cell = new_code_cell("print(1)", execution_count=1)
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("1", "\n")
    ]
    notebook = normalise(new_notebook(cells=[cell]), "streams")
    assert [output.text for output in notebook.cells[0].outputs] == ["1\n"]
    write(notebook, tmp_path / "streams.ipynb")
    assert problems(notebook, "streams") == []
