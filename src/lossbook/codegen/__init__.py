"""From a loss to source code in Python, JavaScript and C++.

There is one lowering, and one flat table of operations for each target.
"""

from __future__ import annotations

from ..losses import Loss
from .inputs import LoweringError
from .javascript import table as javascript
from .javascript.module import script_text
from .python import numpy, torch
from .python.module import module_text

__all__ = ["TARGETS", "LoweringError", "source"]

_TARGETS = {
    "numpy": (numpy, module_text),
    "torch": (torch, module_text),
    "javascript": (javascript, script_text),
}
TARGETS = tuple(_TARGETS)


def source(loss: Loss, target: str, last: str | None = None) -> str:
    """The generated module of a loss or an activation, for one of `TARGETS`.

    last: the name of the last function that is wanted; those after it are not derived, since a
    Hessian can take long. Raises `LoweringError`, naming the node and the loss, for an expression
    that has no code.
    """
    if target not in TARGETS:
        raise ValueError(
            f"source({loss.name!r}, {target!r}): target must be one of {', '.join(TARGETS)}"
        )
    table, text = _TARGETS[target]
    return text(loss, target, table.HEADER, table.OPERATIONS, last)
