"""What the site needs beyond its configuration: a pinned MathJax, so that no page asks a CDN."""

from importlib.util import find_spec
from pathlib import Path
from shutil import copy2, copytree

NEEDED = (
    "tex-svg-full.js",
    "a11y",
    "sre",
)  # one file draws the mathematics; the others let a reader have it read aloud


def copy_mathjax(app, error):
    if error or app.builder.format != "html":
        return
    # Its own extension would copy every variant, 24 MB, and choose one that fetches fonts.
    source = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "mathjax"
    target.mkdir(parents=True, exist_ok=True)
    for name in NEEDED:
        if (source / name).is_dir():
            copytree(source / name, target / name, dirs_exist_ok=True)
        else:
            copy2(source / name, target / name)


def setup(app):
    app.add_config_value(
        "comments_config", {}, "env"
    )  # jupyter-book sets it even with the comments left out
    app.connect(
        "config-inited",
        lambda app, config: setattr(config, "mathjax_path", "mathjax/tex-svg-full.js"),
    )
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
