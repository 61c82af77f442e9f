"""A figure is the same text each time that it is drawn."""

import re

from lossbook.book import figures


def drawn():
    fig, (left, right) = figures.subplots(1, 2)
    left.plot([0, 1], [0, 1], "o-")
    right.bar(["a", "b"], [1, 2])
    return figures.figure(fig, name="twice", alt="A line and two bars.", caption="Twice.").html


def test_a_figure_drawn_twice_is_the_same_text():
    first = drawn()
    assert drawn() == first
    assert re.search(r'id="twice-shape-1"', first)
    assert not re.search(r'id="twice-[a-z][0-9a-f]{10}"', first)


def test_what_is_referred_to_is_defined():
    text = drawn()
    referred = set(re.findall(r'(?:url\(|href=")#([^)"]+)', text))
    assert referred
    assert referred <= set(re.findall(r'id="([^"]+)"', text))
