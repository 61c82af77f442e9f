"""The registry of losses: one short file per loss.

Pages, tests and generated code read the losses from here.
"""

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
    """Return the names of all registered losses and activations, sorted.

    Example:
        >>> "cross_entropy" in names()
        True
    """
    return tuple(sorted(_registry()))


def get(name: str) -> Loss:
    """Return the loss or the activation of a name.

    Args:
        name: One of `names()`.

    Returns:
        The registered loss.

    Raises:
        KeyError: No loss has this name. The message lists the names.

    Example:
        >>> get("mse").title
        'Squared error'
    """
    try:
        return _registry()[name]
    except KeyError:
        raise KeyError(f"no loss is called {name!r}; there are {', '.join(names())}") from None


def all_losses() -> tuple[Loss, ...]:
    """Return every registered loss and activation, sorted by name."""
    return tuple(get(name) for name in names())
