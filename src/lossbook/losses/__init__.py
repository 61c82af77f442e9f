"""The registry of losses: one short file for each, read by every page, test and generated file."""

from __future__ import annotations

import sys
from functools import cache

from ..expr.doors import modules_in
from ._loss import Interface, Loss, Parameter, SpecialCase

__all__ = ["Interface", "Loss", "Parameter", "SpecialCase", "all_losses", "get", "names"]


@cache
def _registry() -> dict[str, Loss]:
    found: dict[str, Loss] = {}
    for module in modules_in(sys.modules[__name__]):
        for value in vars(module).values():
            if isinstance(value, Loss) and found.setdefault(value.name, value) is not value:
                raise ValueError(f"two losses are called {value.name!r}")
    return found


def names() -> tuple[str, ...]:
    """The names of all registered losses and activations, sorted."""
    return tuple(sorted(_registry()))


def get(name: str) -> Loss:
    """The loss or activation of that name."""
    try:
        return _registry()[name]
    except KeyError:
        raise KeyError(f"no loss is called {name!r}; there are {', '.join(names())}") from None


def all_losses() -> tuple[Loss, ...]:
    """Every registered loss and activation, by name."""
    return tuple(get(name) for name in names())
