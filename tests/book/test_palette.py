"""The style sheet carries the palette of the figures, so that figures follow the theme of the page."""

from lossbook.book.figures import palette_css
from paths import ROOT


def test_palette_is_in_the_style_sheet():
    assert palette_css() in (ROOT / "_static" / "lossbook.css").read_text()
