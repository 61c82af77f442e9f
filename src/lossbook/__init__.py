"""Losses, Derived: write a loss once, as an equation; get its derivation, its proof, its code."""

from . import exercises, losses, notation
from .calculus.derivation import Derivation, Step, StepError
from .calculus.derive import derive_expr
from .calculus.given import OneHot, Share, Simplex, Size
from .calculus.prove import Counterexample, Evidence, NotEqualError, prove_equal
from .exercises import ParseError

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


def __getattr__(name: str):
    """`audit` is loaded when it is first asked for: it brings NumPy and the oracle."""
    if name == "audit":
        from .auditing import audit

        return audit
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
