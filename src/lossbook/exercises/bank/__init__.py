"""The registry of exercises: one file per chapter, read by pages, tests and the grader."""

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
    """The names of all exercises, chapter by chapter."""
    return tuple(_registry())


def get(name: str) -> Exercise:
    """The exercise of that name."""
    try:
        return _registry()[name]
    except KeyError:
        raise KeyError(f"no exercise is called {name!r}; there are {', '.join(names())}") from None


def all_exercises() -> tuple[Exercise, ...]:
    """Every exercise, chapter by chapter."""
    return tuple(_registry().values())


def of_chapter(chapter: str) -> tuple[Exercise, ...]:
    """The exercises of a page, such as "softmax"."""
    return tuple(e for e in all_exercises() if e.chapter == chapter)
