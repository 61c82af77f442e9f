"""The whole book as one page, which `make pdf` prints, and the link to the printed file."""

from pathlib import Path
from shutil import copy2

PDF = "losses-derived.pdf"


def share_handlers(app):
    """Let `singlehtml` draw every node that `html` can: Sphinx reads one table of the two."""
    tables = app.registry.translation_handlers
    tables["singlehtml"] = tables.get("html", {}) | tables.get("singlehtml", {})


def make_static_folder(app):
    """The theme copies its logo to _static before this builder has made that folder."""
    (Path(app.outdir) / "_static").mkdir(parents=True, exist_ok=True)


def find_pdf(app, config):
    """A configuration value that has every page written again when the PDF comes or goes."""
    config.pdf_edition = (Path(app.outdir).parent / "pdf" / PDF).exists()


def link_pdf(app, pagename, templatename, context, doctree):
    if app.config.pdf_edition:
        link = f'<a href="{context["pathto"](PDF, 1)}">The whole book as PDF</a>'
        context["theme_extra_footer"] = f"{context.get('theme_extra_footer', '')} {link}."


def copy_pdf(app, error):
    if error or app.builder.name != "html":
        return
    if app.config.pdf_edition:
        copy2(Path(app.outdir).parent / "pdf" / PDF, app.outdir)
    else:
        (Path(app.outdir) / PDF).unlink(missing_ok=True)


def setup(app):
    app.add_config_value("pdf_edition", False, "html")
    app.connect("config-inited", find_pdf)
    app.connect("html-page-context", link_pdf)
    app.connect("build-finished", copy_pdf)
    app.connect("builder-inited", share_handlers)
    app.connect("builder-inited", make_static_folder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
