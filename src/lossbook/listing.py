"""Generated kernels on a page: the text of one function, and what can be read from it."""

from __future__ import annotations

import re
from html import escape

from .native import compiler
from .show import Html


def text(loss: str, function: str, where: str = "near") -> str:
    """One function of the generated C++ of a loss.

    function: such as "wide_both": wide or tall, value or both. where: "near", for logits within reach, or "far", for all.
    Raises `ValueError` where there is none.
    """
    source = (compiler.SOURCES / f"{loss}.cpp").read_text("utf-8")
    inside = re.search(rf"^namespace {where} \{{$(.*?)^\}} // namespace {where}$", source, re.DOTALL | re.MULTILINE)
    found = inside and re.search(rf"^INSIDE\(double\) {function}_of\(.*?^\}}$", inside[1], re.DOTALL | re.MULTILINE)
    if not found:
        raise ValueError(f"the kernels of {loss!r} have no function {function!r} in {where!r}")
    return found[0]


def by_hand(function: str, file: str = "driver.h") -> str:
    """One function of the hand-written part."""
    source = (compiler.HERE / file).read_text("utf-8")
    found = re.search(rf"^(?:INSIDE\(\w+\)|static [\w ]+?) {function}\(.*?^\}}$", source, re.DOTALL | re.MULTILINE)
    if not found:
        raise ValueError(f"{file} has no function {function!r}")
    return found[0]


def constant(name: str, file: str = "driver.h") -> int:
    """A number that the hand-written part defines."""
    found = re.search(rf"^#define {name} (\d+)\b", (compiler.HERE / file).read_text("utf-8"), re.MULTILINE)
    if not found:
        raise ValueError(f"{file} does not define {name}")
    return int(found[1])


def cpp(code: str, title: str = "") -> Html:
    """C++ on a page; with a title, folded away below it."""
    body = f'<div class="highlight-cpp notranslate"><div class="highlight"><pre>{_coloured(code)}</pre></div></div>'
    return Html(f"<details><summary>{escape(title)}</summary>{body}</details>" if title else body, code)


def _coloured(code: str) -> str:
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import CppLexer
    except ImportError:  # in a browser
        return escape(code)
    return highlight(code, CppLexer(), HtmlFormatter(nowrap=True))
