"""Cells that run in the page: which can, how to run the others, and what a page loads."""

from __future__ import annotations

import json
import os
from pathlib import Path
from shutil import copy, copytree
from urllib.parse import urlsplit

from docutils import nodes

import cell_names
import run_files
from run_cells import Cell, cells_of

BINDER, COLAB = "https://mybinder.org", "https://colab.research.google.com"


def page_cells(app, docname: str) -> list[Cell]:
    """The code cells of a page; none if it is not a notebook."""
    path = Path(app.env.doc2path(docname))
    if path.suffix != ".ipynb":
        return []
    return cells_of(json.loads(path.read_text()), run_files.packages(), run_files.ROOT / "src")


def note(cell: Cell, docname: str, first: bool) -> nodes.Node:
    """Why a cell does not run in the page; the first on a page says how to run it."""
    what = f"a result that needs {cell.needs}" if cell.indirect else cell.needs
    paragraph = nodes.paragraph("", f"Needs {what}.")
    if first:
        paragraph += nodes.Text(" Such cells do not run in a browser. On your machine: ")
        paragraph += [nodes.literal("", f"make lab CHAPTER={docname}.ipynb"), nodes.Text(".")]
    return nodes.container("", paragraph, classes=["lb-elsewhere"])


def mark(app, doctree) -> None:
    """Give each cell its id, and a note if it cannot run here."""
    docname = app.env.docname
    cells = iter(page_cells(app, docname))
    known = {}
    first = True
    for node in doctree.findall(nodes.container):
        if node.get("nb_element") != "cell_code":
            continue
        if not known:
            notebook = json.loads(Path(app.env.doc2path(docname)).read_text())["cells"]
            known = {
                n: next(cells) for n, cell in enumerate(notebook) if cell["cell_type"] == "code"
            }
        cell = known[node["cell_index"]]
        node["ids"].append(f"cell-{cell.id}")
        if node[0].get("nb_element") == "cell_code_source" and cell.needs:
            node.insert(1, note(cell, docname, first))
            first = False


def add_scripts(app, pagename, templatename, context, doctree) -> None:
    """The scripts that a page needs, and what they have to know of its cells."""
    cells = page_cells(app, pagename) if doctree else []
    exercises = (
        [node for node in doctree.findall() if node.tagname == "exercise_widget"] if doctree else []
    )
    if cells:
        known = [{"id": c.id, "source": c.source, "runs": not c.needs} for c in cells]
        text = json.dumps(known, ensure_ascii=False).replace("<", "\\u003c")
        context["body"] += f'<script type="application/json" id="lb-cells">{text}</script>'
        app.add_js_file("run/page.js", type="module")
    if exercises:
        app.add_css_file("exercise/exercise.css")
        app.add_js_file("exercise/exercise.js", type="module")
    if cells or exercises:
        app.add_css_file("run/run.css")


def lay_out(app, error) -> None:
    if not error and app.builder.name == "html":
        static = Path(app.outdir) / "_static"
        # Sphinx copies them only when a page has changed.
        copytree(run_files.ROOT / "_static", static, dirs_exist_ok=True)
        copy(cell_names.__file__, static / "run")  # the page's own Python reads names with it
        run_files.write(static, app.config.pyodide)


def leave_folders_out(app, config) -> None:
    """Leave out files in folders: jupyter-book would put every script of _static on every page."""
    for name in ("html_js_files", "html_css_files"):
        setattr(
            config,
            name,
            [(file, attributes) for file, attributes in getattr(config, name) if "/" not in file],
        )


def launch_buttons(app, config) -> None:
    """Buttons for Binder and Colab, where they can open the repository: Colab knows GitHub only."""
    host = urlsplit(config.html_theme_options.get("repository_url") or "").netloc
    services = {
        "github.com": {"binderhub_url": BINDER, "colab_url": COLAB},
        "gitlab.com": {"binderhub_url": BINDER},
    }
    if host in services:
        config.html_theme_options["launch_buttons"] = {
            **services[host],
            "notebook_interface": "jupyterlab",
        }


def setup(app):
    app.add_config_value("pyodide", os.environ.get("PYODIDE", "cdn"), "html")
    app.connect("config-inited", leave_folders_out, priority=900)
    app.connect("config-inited", launch_buttons, priority=900)
    app.connect("doctree-read", mark)
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", lay_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
