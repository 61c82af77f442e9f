"""Generated kernels on a page: the text of one function, and what can be read from it."""

from __future__ import annotations

import re
from html import escape

from ...native import compiler
from ..show import Html


def text(loss: str, function: str, where: str = "near") -> str:
    """One function of the generated C++ of a loss.

    function: such as "wide_both": wide or tall, value or both. where: "near", for logits within reach, or "far", for all.
    Raises `ValueError` where there is none.
    """
    source = (compiler.SOURCES / f"{loss}.cpp").read_text("utf-8")
    inside = re.search(
        rf"^namespace {where} \{{$(.*?)^\}} // namespace {where}$", source, re.DOTALL | re.MULTILINE
    )
    found = inside and re.search(
        rf"^INSIDE\(double\) {function}_of\(.*?^\}}$", inside[1], re.DOTALL | re.MULTILINE
    )
    if not found:
        raise ValueError(f"the kernels of {loss!r} have no function {function!r} in {where!r}")
    return found[0]


def by_hand(function: str, file: str = "driver.h") -> str:
    """One function of the hand-written part; of those with that name the first."""
    source = (compiler.HERE / file).read_text("utf-8")
    start = rf"^(?:(?:FOR\(\w+\) )?INSIDE\(\w+\)|static [\w ]+?) {function}\("
    found = re.search(rf"{start}(?:[^\n]*\}}|.*?^\}})$", source, re.DOTALL | re.MULTILINE)
    if not found:
        raise ValueError(f"{file} has no function {function!r}")
    return found[0]


def constant(name: str, file: str = "driver.h", *defined: str) -> int:
    """A number that the hand-written part defines where these macros are defined, such as "FLOAT64", and no others."""
    taken: list[
        bool | None
    ] = []  # for each #if around a line; None where it asks for something else
    for line in (compiler.HERE / file).read_text("utf-8").splitlines():
        asked = re.match(r"#(?:el)?if (?:defined\((\w+)\)$)?", line)
        if line.startswith("#if"):
            taken.append(asked[1] in defined if asked and asked[1] else None)
        elif line.startswith("#elif"):
            taken[-1] = None
        elif line.startswith("#else"):
            taken[-1] = None if taken[-1] is None else not taken[-1]
        elif line.startswith("#endif"):
            taken.pop()
        elif False not in taken and (found := re.match(rf"#define {name} (\d+)\b", line)):
            return int(found[1])
    raise ValueError(f"{file} does not define {name}")


def cpp(code: str, title: str = "") -> Html:
    """C++ on a page; with a title, folded away below it."""
    body = f'<div class="highlight-cpp notranslate"><div class="highlight"><pre>{_coloured(code)}</pre></div></div>'
    return Html(
        f"<details><summary>{escape(title)}</summary>{body}</details>" if title else body, code
    )


def _coloured(code: str) -> str:
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import CppLexer
    except ImportError:  # in a browser
        return escape(code)
    return highlight(code, CppLexer(), HtmlFormatter(nowrap=True))
