"""Draw the layers of the package, and which of them imports which, from the code.

python tools/layers.py            writes _static/layers.svg
python tools/layers.py --check    exits with 1 where the drawing is out of date
"""

from __future__ import annotations

import ast
import sys
import tomllib
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "lossbook"
DRAWING = ROOT / "_static" / "layers.svg"
CONTRACT = "Imports run one way through the layers"

RULE = "A folder imports only what stands below it."
LEGEND = "● the row imports the column"
LONGEST = 68  # characters of a description
NAME, CELL, LINE = 96, 21, 26  # the widths of the names and of a column, and the height of a row
MATRIX = 540  # where the columns begin
TOP, MARGIN = 118, 16
STYLE = """
  .ground { fill: #fffefb; stroke: #d9d5cb; }
  .band { fill: #f5f3ee; }
  text { font: 12.5px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #2b333b; }
  .name { font-weight: 600; }
  .means, .note { fill: #55606b; }
  .own { fill: #d9d5cb; }
  .imports { fill: #14506b; }
  .grid { stroke: #d9d5cb; stroke-width: 0.5; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #14181d; stroke: #3a434d; }
    .band { fill: #1f252c; }
    text { fill: #dfe5ea; }
    .means, .note { fill: #a9b4be; }
    .own { fill: #3a434d; }
    .imports { fill: #8fd0e8; }
    .grid { stroke: #3a434d; }
  }
"""


def layers_of(pyproject: str) -> list[list[str]]:
    """The layers of the contract, the highest first; siblings do not import each other."""
    contracts = tomllib.loads(pyproject)["tool"]["importlinter"]["contracts"]
    contract = next(c for c in contracts if c["name"] == CONTRACT)
    return [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]


def imports_of(package: str) -> dict[str, set[str]]:
    """From each folder or module at the top of a package to those that it imports."""
    graph = grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        _, _, path = module.partition(".")
        for imported in graph.find_modules_directly_imported_by(module):
            top = imported.split(".")[1:2]
            if path and top:
                found.setdefault(path.split(".")[0], set()).update(top)
    return {name: imported - {name} for name, imported in found.items()}


def meaning(name: str, package: Path = PACKAGE) -> str:
    """What a folder or module says that it is: the first sentence of its docstring."""
    path = package / name / "__init__.py"
    text = (path if path.exists() else package / f"{name}.py").read_text("utf-8")
    sentence = (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0].replace("\n", " ")
    sentence = sentence.split(". ")[0].rstrip(".").replace("`", "")
    if len(sentence) > LONGEST:
        raise ValueError(
            f"{name}: its docstring should begin with a sentence of at most {LONGEST} characters, "
            f"which stands in the drawing of the layers; got {sentence!r}"
        )
    return sentence


def drawing(layers: list[list[str]], imports: dict[str, set[str]], meanings: dict[str, str]) -> str:
    """An SVG: a row for each folder, and a dot below the name of each folder that it imports."""
    names = [name for layer in layers for name in layer]
    width, height = MATRIX + CELL * len(names) + 76, TOP + LINE * len(names) + MARGIN + 20
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title">',
        '<title id="title">The layers of lossbook: each imports only layers below it</title>',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>',
        f'<text class="note" x="{MARGIN}" y="{TOP - 14}">{RULE}</text>',
    ]
    row = 0
    for n, layer in enumerate(layers):
        if n % 2 == 0:
            y, tall = TOP + LINE * row, LINE * len(layer)
            parts.append(
                f'<rect class="band" x="8" y="{y}" width="{width - 16}" height="{tall}" rx="4"/>'
            )
        row += len(layer)
    for column, name in enumerate(names):
        x = MATRIX + CELL * (column + 0.5)
        parts.append(
            f'<text transform="translate({x + 4} {TOP - 8}) rotate(-60)">{escape(name)}</text>'
            f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{height - MARGIN - 20}"/>'
        )
    for row, name in enumerate(names):
        y = TOP + LINE * (row + 0.5)
        parts.append(
            f'<text class="name" x="{MARGIN}" y="{y + 4}">{escape(name)}</text>'
            f'<text class="means" x="{MARGIN + NAME}" y="{y + 4}">{escape(meanings[name])}</text>'
        )
        for column, other in enumerate(names):
            x = MATRIX + CELL * (column + 0.5)
            if other == name:
                parts.append(
                    f'<rect class="own" x="{x - 5}" y="{y - 5}" width="10" height="10" rx="2"/>'
                )
            elif other in imports.get(name, ()):
                parts.append(
                    f'<circle class="imports" cx="{x}" cy="{y}" r="5">'
                    f"<title>{escape(name)} imports {escape(other)}</title></circle>"
                )
    parts.append(f'<text class="note" x="{MATRIX - 4}" y="{height - 14}">{LEGEND}</text></svg>\n')
    return "\n".join(parts)


def wanted() -> str:
    """The drawing of the code as it is."""
    layers = layers_of((ROOT / "pyproject.toml").read_text("utf-8"))
    meanings = {name: meaning(name) for layer in layers for name in layer}
    return drawing(layers, imports_of("lossbook"), meanings)


def main(arguments: list[str]) -> int:
    """Write the drawing, or compare it."""
    text = wanted()
    if arguments == ["--check"]:
        if DRAWING.exists() and DRAWING.read_text("utf-8") == text:
            return 0
        print(f"{DRAWING.name} is out of date: run `make layers`", file=sys.stderr)
        return 1
    DRAWING.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
