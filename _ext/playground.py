"""The playground: what a page needs to draw a loss while the reader moves its parameters."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copy2

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from lossbook import losses
from lossbook.book.describe import describe, written
from lossbook.losses import Loss

MARK = "lb-playground"
HOME = "chapters/playground"
GENERATED = Path(losses.__file__).parents[1] / "generated"
LANGUAGES = {"numpy": ("NumPy", "py", "python"), "torch": ("PyTorch", "py", "python")} | {
    "javascript": ("JavaScript", "js", "javascript")
}


# What a figure of a chapter shows where it is not curves: each has a module of its own.
SHOWS = {
    "row": "one loss of a row of logits",
    "line": "the squared error, mse",
}
ACTIVATIONS = ("sigmoid", "softmax")


def named(names: str) -> list[Loss]:
    """The losses a directive asks for; all of them if it names none."""
    if names:
        return [losses.get(name) for name in names.split()]
    return [loss for loss in losses.all_losses() if not loss.is_activation]


def about(names: str = "", show: str | None = None, instead_of: str | None = None) -> dict:
    """What the script has to know of a playground.

    Raises:
        KeyError: No loss has a name that is asked for.
        ValueError: These losses cannot be shown so.
    """
    chosen = named(names)
    if instead_of is None and (show or any(loss.is_activation for loss in chosen)):
        raise ValueError("a playground in a chapter needs the figure that it stands instead of")
    if any(loss.is_activation for loss in chosen):
        if show or names not in ACTIVATIONS:
            raise ValueError(f"of the activations one is shown by itself: {', '.join(ACTIVATIONS)}")
        return {"show": names, "title": chosen[0].title, "insteadOf": instead_of}
    described = [describe(loss) for loss in chosen]
    kinds = {loss["kind"] for loss in described}
    fits = {"row": kinds == {"row"}, "line": names == "mse"}
    if show and (len(chosen) > 1 or not fits[show]):
        raise ValueError(f"`show: {show}` takes {SHOWS[show]}")
    if instead_of and (len(kinds) > 1 or not names):
        raise ValueError("a figure compares losses of the same input")
    return {"show": show or "curves", "losses": described, "insteadOf": instead_of}


def data_block(data: dict) -> str:
    """The data for the script. The figure makes room at once, so that the page does not jump.

    A page that is opened as a file cannot load modules: there the figure stays.
    """
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    block = f'<script type="application/json" class="lb-play-data">{text}</script>'
    if data["insteadOf"]:
        figure = json.dumps(data["insteadOf"]).replace("<", "\\u003c")
        block += (
            '<script>if (location.protocol !== "file:") { '
            f'document.getElementById({figure})?.classList.add("lb-play-replaced"); '
            f'document.currentScript.parentElement.dataset.toCome = "{data["show"]}"; }}</script>'
        )
    return block


class Playground(SphinxDirective):
    """`{playground}` with the names of losses, or none for all.

    instead-of: the id of a figure on the page, which stays where there is no script. show: `row`
    or `line` instead of curves. settings: where it starts, as in the page's address. controls:
    which sliders there are. Without `instead-of` it is a whole playground.
    """

    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = {  # noqa: RUF012 - docutils asks for it
        "instead-of": directives.unchanged_required,
        "show": lambda text: directives.choice(text, tuple(SHOWS)),
        "settings": directives.unchanged_required,
        "controls": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        names = self.arguments[0] if self.arguments else ""
        figure = self.options.get("instead-of")
        whole = figure is None
        try:
            data = about(names, self.options.get("show"), figure)
        except (KeyError, ValueError) as error:
            raise self.error(error.args[0]) from error
        data |= {
            "own": whole
            and "run_in_page"
            in self.config.extensions,  # a reader's own loss needs Python in the page
            "settings": self.options.get("settings", ""),
            "controls": self.options.get("controls", "").split() or None,
            "home": self.env.app.builder.get_relative_uri(self.env.docname, HOME),
        }
        container = nodes.container(classes=[MARK])
        container += nodes.raw("", data_block(data), format="html")
        if whole:
            container += nodes.raw(
                "", "<noscript><p>The playground needs JavaScript.</p></noscript>", format="html"
            )
            for loss in named(names):
                container += nodes.raw("", templates(loss), format="html")
                container += self.code(loss)
        return [container]

    def code(self, loss: Loss) -> nodes.Node:
        """The generated modules of a loss, a tab for each target."""
        lines = ["::::{tab-set}", ":sync-group: library", ""]
        for target, (title, suffix, language) in LANGUAGES.items():
            file = f"/src/lossbook/generated/{target}/{loss.name}.{suffix}"
            self.env.note_dependency(str(GENERATED / target / f"{loss.name}.{suffix}"))
            lines += [f":::{{tab-item}} {title}", f":sync: {target}", ""]
            lines += [f"```{{literalinclude}} {file}", f":language: {language}", "```", ":::"]
        block = nodes.container(classes=["lb-play-code", f"lb-of-{loss.name}"])
        self.state.nested_parse(
            StringList([*lines, "::::"], source=self.env.docname), self.content_offset, block
        )
        return block


def templates(loss: Loss) -> str:
    """A loss's equation and the derivation of its gradient, hidden until the script shows them."""
    return "".join(
        f'<template data-{part}="{loss.name}">{html}</template>'
        for part, html in written(loss).items()
    )


def only_where_used(app, config) -> None:
    """jupyter-book would put every script below `_static` on every page."""
    for files in (config.html_js_files, config.html_css_files):
        files[:] = [
            file for file in files if not (isinstance(file, str) and file.startswith("playground/"))
        ]


def add_files(app, pagename, templatename, context, doctree) -> None:
    if doctree and any(MARK in node["classes"] for node in doctree.findall(nodes.container)):
        app.add_css_file("playground/uplot/uPlot.min.css")
        app.add_css_file("playground/playground.css")
        app.add_js_file(
            "playground/playground.js", type="module", priority=200
        )  # before MathJax, which takes seconds


def copy_losses(app, error) -> None:
    if error or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "playground" / "losses"
    target.mkdir(parents=True, exist_ok=True)
    for file in (GENERATED / "javascript").glob("*.js"):
        copy2(file, target)


def setup(app):
    app.add_directive("playground", Playground)
    app.connect("config-inited", only_where_used)
    app.connect("html-page-context", add_files)
    app.connect("build-finished", copy_losses)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
