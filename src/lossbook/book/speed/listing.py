"""Kernels on a page: the text of one function, generated or written by hand."""

from __future__ import annotations

import re
from html import escape

from ...native import compiler
from ..show import Html

WIDTH = 76  # characters of a line that fits on a page
DEEPER = 4  # spaces that the rest of a broken line begins with, more than its beginning
PLACES = re.compile(r"[,;{] (?=\S)|\) (?=\w)| (?=(?:\|\||&&|[?:|&*+-]) )")


def generated(loss: str, function: str, namespace: str) -> str:
    """One function of the generated C++ of a loss.

    Args:
        loss: Its registered name.
        function: Such as "row_major_value".
        namespace: "bounded" or "general".

    Raises:
        ValueError: Where there is none.
    """
    source = (compiler.SOURCES / f"{loss}.cpp").read_text("utf-8")
    _, _, inside = source.partition(f"namespace {namespace} {{")
    return _function(
        inside.partition("} // namespace")[0], function, f"namespace {namespace} of {loss}"
    )


def by_hand(function: str) -> str:
    """The text of the first function of that name in the headers.

    Raises:
        ValueError: There is none.
    """
    return _function(_headers(), function, "the headers")


def _function(text: str, name: str, where: str) -> str:
    start = rf"^\w[^\n{{;]*\b{name}\("
    body = r"(?:[^\n]*\}$|.*?^\}$)"  # on one line, or up to a bracket at the start of a line
    found = re.search(start + body, text, re.DOTALL | re.MULTILINE)
    if not found:
        raise ValueError(f"{where} has no function {name!r}")
    return found[0]


def constants(name: str) -> list[int]:
    """The numbers that the headers define under a name, in order.

    Raises:
        ValueError: There is none.
    """
    found = re.findall(rf"^#define {name} (\d+)\b", _headers(), re.MULTILINE)
    if not found:
        raise ValueError(f"the headers do not define {name}")
    return [int(number) for number in found]


def _headers() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(compiler.HERE.glob("*.h")))


def cpp(code: str, title: str = "") -> Html:
    """C++ on a page; with a title, it is collapsed below that."""
    pre = f'<div class="highlight"><pre>{_coloured(broken(code))}</pre></div>'
    body = f'<div class="highlight-cpp notranslate">{pre}</div>'
    return Html(
        f"<details><summary>{escape(title)}</summary>{body}</details>" if title else body, code
    )


def broken(code: str) -> str:
    """The same code in lines that fit on a page."""
    return "\n".join(part for line in code.split("\n") for part in _broken(line))


def _broken(line: str) -> list[str]:
    """The line, broken where it is inside the fewest brackets; a directive is left as it is."""
    parts: list[str] = []
    indent = len(line) - len(line.lstrip()) + DEEPER
    while len(line) > WIDTH and not line.startswith("#"):
        places = [p.end() for p in PLACES.finditer(line, indent + 1) if p.end() <= WIDTH + 1]
        if not places:
            break
        place = min(reversed(places), key=lambda end: _depth(line[:end]))
        parts.append(line[:place].rstrip())
        line = " " * indent + line[place:]
    return [*parts, line]


def _depth(code: str) -> int:
    return sum(code.count(a) - code.count(b) for a, b in ("()", "[]", "{}"))


def _coloured(code: str) -> str:
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import CppLexer
    except ImportError:  # in a browser
        return escape(code)
    return highlight(code, CppLexer(), HtmlFormatter(nowrap=True))
