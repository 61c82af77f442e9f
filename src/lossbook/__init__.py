"""Losses, Derived: write a loss once, as an equation; get its derivation, its proof, its code.

Names are imported when they are first used, so that `import lossbook` and `import lossbook.numpy`
load neither SymPy nor PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .expr.doors import door

if TYPE_CHECKING:
    from . import exercises, losses, notation
    from .auditing import audit
    from .calculus.derivation import Derivation, Step, StepError
    from .calculus.derive import derive_expr
    from .calculus.prove import Counterexample, Evidence, NotEqualError, prove_equal
    from .expr.hypotheses import OneHot, Share, Simplex, Size
    from .reading import ParseError

__all__ = [
    "Counterexample",
    "Derivation",
    "Evidence",
    "NotEqualError",
    "OneHot",
    "ParseError",
    "Share",
    "Simplex",
    "Size",
    "Step",
    "StepError",
    "audit",
    "derive_expr",
    "exercises",
    "losses",
    "notation",
    "prove_equal",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, and keep it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = door(f"{__name__}.{name}")
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
