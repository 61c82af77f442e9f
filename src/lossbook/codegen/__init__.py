"""From a loss to source code: one lowering, one flat table of operations for each target."""

from __future__ import annotations

from importlib import import_module

from ..losses import Loss
from .inputs import LoweringError
from .module import module_text
from .script import script_text

__all__ = ["TARGETS", "LoweringError", "source"]

TARGETS = ("numpy", "torch", "javascript")


def source(loss: Loss, target: str, last: str | None = None) -> str:
    """The generated module of a loss or an activation, for one of `TARGETS`; up to the function `last`, if that is all
    that is wanted: a Hessian can take long to derive.

    Raises `LoweringError`, naming the node and the loss, for an expression that has no code.
    """
    if target not in TARGETS:
        raise ValueError(f"source({loss.name!r}, {target!r}): target must be one of {', '.join(TARGETS)}")
    table = import_module(f".{target}", __name__)
    text = script_text if target == "javascript" else module_text
    return text(loss, target, table.HEADER, table.OPERATIONS, last)
