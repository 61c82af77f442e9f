"""What is wrong with a committed notebook, before it is even executed."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from execute import normalise


def problems(notebook: NotebookNode, name: str) -> list[str]:
    """One line for each cell that was not executed, or out of order, or ended in an error, and for stale metadata."""
    found, expected = [], 1
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        if cell.execution_count is None:
            found.append(f"cell {position} was never executed")
        elif cell.execution_count != expected:
            found.append(
                f"cell {position} was executed out of order: [{cell.execution_count}], not [{expected}]"
            )
        expected += 1
        found += [
            f"cell {position} ended in {o.ename}" for o in cell.outputs if o.output_type == "error"
        ]
        found += [
            f"cell {position} wrote to stderr" for o in cell.outputs if o.get("name") == "stderr"
        ]
        if re.search(r"\bat 0x[0-9a-f]{6,}", str(cell.outputs)):
            found.append(f"cell {position} prints an address, which changes from run to run")
    if normalise(copy.deepcopy(notebook), name) != notebook:
        found.append("its ids or metadata are not as `make execute` leaves them")
    return found


WIDTH = 76  # characters: what fits beside the sidebars of a page, and `line-length` in chapters/ruff.toml
UNBREAKABLE = re.compile(r"(?<!\$)\$[^$]+\$(?!\$)|`[^`]+`")  # LaTeX and code in a line of text
# Rows of tables, headings, and the first line and the options of a directive cannot go on in another line.
ONE_LINE = re.compile(r"\s*(\||#|`{3,}|:{3,}|:[\w-]+:(\s|$)|\[[^\]]+\]: )")
MARKER = re.compile(r"\s*([-*>:] +|\d+\. +)*")


def too_wide(notebook: NotebookNode) -> list[str]:
    """The lines of code, and of text that could be broken, that have more than 76 characters."""
    found = []
    for position, cell in enumerate(notebook.cells):
        for number, line in enumerate(cell.source.splitlines(), 1):
            if len(line) <= WIDTH or (cell.cell_type == "markdown" and not breakable(line)):
                continue
            found.append(f"cell {position}, line {number} has {len(line)} characters")
    return found


def breakable(line: str) -> bool:
    whole = UNBREAKABLE.sub(lambda found: found[0].replace(" ", "_"), MARKER.sub("", line, count=1))
    return not ONE_LINE.match(line) and " " in whole.strip()


def problems_of(path: Path) -> list[str]:
    return problems(nbformat.read(path, as_version=4), path.stem)
