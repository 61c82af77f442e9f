"""Execute notebooks in place, and leave in them nothing that changes from one run to the next.

python tools/execute.py [--jobs N] chapters/*.ipynb
"""

from __future__ import annotations

import argparse
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}
CELL_METADATA = (
    "tags",
    "mystnb",
    "editable",
    "slideshow",
)  # what an author writes; the rest a tool has left


def cell_id(position: int, name: str) -> str:
    """An id from the notebook and the place of the cell, so that editing a cell keeps its id."""
    return hashlib.sha256(f"{name}:{position}".encode()).hexdigest()[:8]


def normalise(notebook: NotebookNode, name: str) -> NotebookNode:
    """Fix ids and metadata, drop timings and widget state, join the pieces of each stream."""
    notebook.metadata = NotebookNode(
        kernelspec=NotebookNode(KERNEL), language_info=NotebookNode(LANGUAGE)
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for position, cell in enumerate(notebook.cells):
        cell.id = cell_id(position, name)
        cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k in CELL_METADATA})
        cell.source = cell.source.strip("\n")
        if cell.cell_type == "code":
            cell.outputs = [_normalise_output(output) for output in _join_streams(cell.outputs)]
    return notebook


def _join_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    # A kernel may send one print in one message or in two, as it happens.
    joined: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and joined and joined[-1].get("name") == output.name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _normalise_output(output: NotebookNode) -> NotebookNode:
    if "data" in output:
        output.data = NotebookNode(
            {k: v for k, v in sorted(output.data.items()) if "widget" not in k}
        )
        output.metadata = NotebookNode()
    return output


def write(notebook: NotebookNode, path: Path) -> None:
    nbformat.validate(notebook)
    text = nbformat.writes(notebook, version=nbformat.NO_CONVERT)
    if not path.exists() or path.read_text() != text.rstrip("\n") + "\n":
        path.write_text(text.rstrip("\n") + "\n")


def execute(path: Path, timeout: int = 300) -> None:
    """Run every cell of a notebook, in its folder; an error in a cell is an error here."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    write(normalise(notebook, path.stem), path)
    print(f"executed {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("notebooks", nargs="+", type=Path)
    arguments = parser.parse_args()
    with ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(execute, arguments.notebooks))


if __name__ == "__main__":
    main()
