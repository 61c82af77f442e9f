"""The whole book as one page, which `make pdf` prints: what the builder `singlehtml` needs to know."""

from pathlib import Path


def share_handlers(app):
    """Let `singlehtml` draw every node that `html` can: Sphinx reads the one table or the other, never both."""
    tables = app.registry.translation_handlers
    tables["singlehtml"] = tables.get("html", {}) | tables.get("singlehtml", {})


def make_static_folder(app):
    """The theme copies its logo to _static before this builder has made that folder."""
    (Path(app.outdir) / "_static").mkdir(parents=True, exist_ok=True)


def setup(app):
    app.connect("builder-inited", share_handlers)
    app.connect("builder-inited", make_static_folder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
