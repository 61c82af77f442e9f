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


def problems_of(path: Path) -> list[str]:
    return problems(nbformat.read(path, as_version=4), path.stem)
