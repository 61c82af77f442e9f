"""Figures that read in light and dark: inline SVG whose ink follows the page's text colour."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from itertools import cycle

import matplotlib as mpl
from matplotlib.figure import Figure as MplFigure
from matplotlib.legend import Legend
from matplotlib.text import Text

from ..calculus.markup import Markup, element
from .show import Html

# Colour-blind readers can tell the hues of Tol's "bright" scheme apart; each has a lighter twin for
# dark pages.
PALETTE = {
    "blue": ("#33609c", "#7fb2ee"),
    "red": ("#b83246", "#ff8f9d"),
    "green": ("#1b7538", "#6fd08c"),
    "purple": ("#8a2a6d", "#e394cb"),
    "yellow": ("#8a6d00", "#e0c34a"),
    "cyan": ("#1a7a99", "#6ccbe6"),
}
INK = "#1f1f1e"  # any colour that no hue uses: it becomes the colour of the page's text
STYLE = {
    "svg.fonttype": "path",
    "font.size": 10,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "axes.prop_cycle": mpl.cycler(color=[light for light, _ in PALETTE.values()]),
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    "figure.figsize": (6.4, 3.4),
    "figure.constrained_layout.use": True,
}


@contextmanager
def style():
    """The book's style for every figure made inside."""
    with mpl.rc_context(STYLE):
        yield


def subplots(*args, **kwargs):
    """`matplotlib` axes in the book's style, on a figure that is shown only through `figure`."""
    size = kwargs.pop("figsize", STYLE["figure.figsize"])
    with style():
        fig = MplFigure(figsize=size)
        return fig, fig.subplots(*args, **kwargs)


def figure(fig: MplFigure, *, name: str, alt: str, caption: str) -> Html:
    """A figure of the book.

    name: unique on its page, letters and hyphens. alt: what it shows, for those who cannot see it.
    caption: the sentence under it.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise ValueError(
            f"figure: name must be lower-case letters, digits and hyphens, got {name!r}"
        )
    if not alt.strip() or not caption.strip():
        raise ValueError(f"figure {name}: alt text and caption must not be empty")
    out = io.StringIO()
    _ink(fig)
    with style():
        fig.savefig(
            out,
            format="svg",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    svg = _themed(_scoped(out.getvalue(), name))
    described = element("svg", role="img", aria_label=alt).removesuffix("></svg>")
    svg = described + svg.removeprefix("<svg")
    shown = element(
        "figure",
        *(Markup(svg), element("figcaption", caption)),
        class_="lb-figure",
        id=f"fig-{name}",
    )
    return Html(shown, f"[figure: {alt}]")


def _ink(fig: MplFigure) -> None:
    """Give legends and labels drawn after `subplots` the ink of the page: black is lost on dark."""
    for legend in fig.findobj(Legend):
        legend.set_frame_on(False)
    for text in fig.findobj(Text):
        if mpl.colors.same_color(text.get_color(), "black"):
            text.set_color(INK)


def _scoped(svg: str, name: str) -> str:
    """The SVG element alone, its ids made unique on the page."""
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    # Matplotlib names shared shapes by a hash of coordinates whose last digits may vary.
    hashes = dict.fromkeys(re.findall(r'\bid="([a-z][0-9a-f]{10})"', svg))
    for number, hashed in enumerate(hashes, 1):
        svg = svg.replace(hashed, f"shape-{number}")
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    width, height = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups()
    # matplotlib's own <style> would reach out of the figure into the page
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    points = f'style="max-width:{float(width) * 4 / 3:.0f}px;stroke-linejoin:round" width="100%"'
    svg = svg.replace(f'width="{width}pt" height="{height}pt"', points, 1)
    return re.sub(r"\s*\n\s*", " ", svg).strip()


def _themed(svg: str) -> str:
    svg = svg.replace(INK, "currentColor")
    for hue, (light, _) in PALETTE.items():
        svg = svg.replace(light, f"var(--lb-{hue}, {light})")
    return svg


def palette_css() -> str:
    """The style sheet's part about figures, made from the palette."""
    light = " ".join(f"--lb-{hue}: {a};" for hue, (a, _) in PALETTE.items())
    dark = " ".join(f"--lb-{hue}: {b};" for hue, (_, b) in PALETTE.items())
    return f'html {{ {light} }}\nhtml[data-theme="dark"] {{ {dark} }}\n'


COLOURS = {hue: light for hue, (light, _) in PALETTE.items()}


def colours():
    """The hues in their order, again and again."""
    return cycle(COLOURS.values())
