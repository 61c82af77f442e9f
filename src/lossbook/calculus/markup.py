"""HTML from Python values: the one place where text becomes HTML, for pages and reports."""

from __future__ import annotations

from html import escape

__all__ = ["Markup", "element", "join"]

VOID = frozenset({"br", "meta"})


class Markup(str):
    """Text that is HTML already: `element` and `join` take it as it is and escape other text."""

    __slots__ = ()

    def __html__(self) -> str:
        """The text itself; other objects may say by a method of this name how they look in HTML."""
        return str(self)


def join(*content: object) -> Markup:
    """Pieces of a page, one after the other.

    Args:
        content: None counts as nothing; an object with `__html__`, such as `Markup`, stands for
            what that returns; anything else is printed and escaped.
    """
    return Markup("".join(_piece(piece) for piece in content if piece is not None))


def element(name: str, /, *content: object, **attributes: str | None) -> Markup:
    """An HTML element with its content, which is joined and escaped as by `join`.

    Args:
        name: the tag, such as "table".
        content: what stands between the tags.
        attributes: in the order in which they are to be printed. An underscore stands for a
            hyphen, and a last underscore is dropped: `class_`, `aria_label`. None leaves one out.

    Example:
        >>> element("td", "K < 3", class_="n")
        '<td class="n">K &lt; 3</td>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(*content)}</{name}>")


def _piece(piece: object) -> str:
    as_html = getattr(piece, "__html__", None)
    return escape(str(piece)) if as_html is None else as_html()
