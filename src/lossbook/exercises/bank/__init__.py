"""The exercises of the book, one short file per chapter, for pages, tests and graders."""

from __future__ import annotations

import sys
from functools import cache

from ...expr.doors import modules_in
from ..exercise import Exercise


@cache
def _registry() -> dict[str, Exercise]:
    found: dict[str, Exercise] = {}
    for module in modules_in(sys.modules[__name__]):
        for value in vars(module).values():
            if isinstance(value, Exercise) and found.setdefault(value.name, value) is not value:
                raise ValueError(f"two exercises are called {value.name!r}")
    return found


def names() -> tuple[str, ...]:
    """Return the names of all exercises, chapter by chapter."""
    return tuple(_registry())


def get(name: str) -> Exercise:
    """Return the exercise of a name.

    Args:
        name: One of `names()`.

    Returns:
        The exercise.

    Raises:
        KeyError: No exercise has this name. The message lists the names.
    """
    try:
        return _registry()[name]
    except KeyError:
        raise KeyError(f"no exercise is called {name!r}; there are {', '.join(names())}") from None


def all_exercises() -> tuple[Exercise, ...]:
    """Return every exercise, chapter by chapter."""
    return tuple(_registry().values())


def of_chapter(chapter: str) -> tuple[Exercise, ...]:
    """Return the exercises of a chapter.

    Args:
        chapter: The file name of the chapter, such as "softmax".

    Returns:
        Its exercises; empty if it has none.
    """
    return tuple(e for e in all_exercises() if e.chapter == chapter)
