"""Which cells of a notebook can run in a browser.

Those that import nothing that a browser lacks, and use no result of a cell that does. They are read
from the sources alone; no cell is executed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cell_names import Names

OWN = "lossbook"
TITLES = {"torch": "PyTorch", "sklearn": "scikit-learn", "measurements": "the file of measurements"}


@dataclass(frozen=True)
class Cell:
    """A code cell: its id, its source, and what it needs that a browser lacks, else ""."""

    id: str
    source: str
    needs: str = ""
    indirect: bool = False  # it imports nothing itself, but uses a result of such a cell


def cells_of(notebook: dict, packages: Set[str], sources: Path) -> list[Cell]:
    """The code cells of a notebook, in order.

    packages: the names, beside the standard library, that a browser can import. sources: the folder
    of our package.
    """
    found: list[Cell] = []
    tainted: dict[str, str] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        tags = cell["metadata"].get("tags", [])
        tagged = next((tag.removeprefix("needs-") for tag in tags if tag.startswith("needs-")), "")
        tree = ast.parse(source)
        missing = tagged or lacking(ast.walk(tree), packages, sources)
        names = Names(tree.body)
        needs = missing or next(
            (tainted[name] for name in sorted(names.read) if tainted.get(name)), ""
        )
        found.append(
            Cell(cell["id"], source, TITLES.get(needs, needs), bool(needs and not missing))
        )
        tainted |= dict.fromkeys(names.bound, needs)
    return found


def lacking(
    nodes: Iterable[ast.AST], packages: Set[str], sources: Path, package: str = "", seen=None
) -> str:
    """The first module that the imports among the nodes lead to and that is not there, or ""."""
    seen = set() if seen is None else seen
    for module in imported(nodes, package):
        if module in seen:
            continue
        seen.add(module)
        head = module.partition(".")[0]
        if head == OWN:
            path = sources.joinpath(*module.split("."))
            file = next(
                (p for p in (path / "__init__.py", path.with_suffix(".py")) if p.exists()), None
            )
            around = module if file and file.name == "__init__.py" else module.rpartition(".")[0]
            found = lacking(_body(file), packages, sources, around, seen) if file else ""
            if found:
                return found
        elif head not in packages and head not in sys.stdlib_module_names:
            return head
    return ""


@cache
def _body(file: Path) -> tuple[ast.stmt, ...]:
    return tuple(ast.parse(file.read_text()).body)


def imported(nodes: Iterable[ast.AST], package: str) -> Iterator[str]:
    """The modules that are imported, with the packages around them; also names that may be modules.

    package: what a relative import starts from.
    """
    for node in nodes:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            around = package.split(".")[: package.count(".") + 2 - node.level] if node.level else []
            base = ".".join([*around, *filter(None, [node.module])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:n]) for n in range(1, len(parts) + 1))
