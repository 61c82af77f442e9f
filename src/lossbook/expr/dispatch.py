"""Looking up what to do with a node in a table keyed by node type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Entry = TypeVar("Entry")


def entry_for(node: object, table: Mapping[type, Entry]) -> Entry | None:
    """The entry for the type of a node, or else for its nearest base class; None if there is none.

    The nearest class wins: an entry for `Integer` comes before one for `Number`.
    """
    for kind in type(node).__mro__:
        entry = table.get(kind)
        if entry is not None:
            return entry
    return None
