"""Losses, Derived: write a loss once, as an equation; get its derivation, its proof, its code."""

from . import exercises, losses, notation
from .calculus.derivation import Derivation, Step, StepError
from .calculus.derive import derive_expr
from .calculus.given import OneHot, Simplex, Size
from .calculus.prove import Counterexample, Evidence, NotEqualError, prove_equal
from .exercises import ParseError

__all__ = [
    "Counterexample",
    "Derivation",
    "Evidence",
    "NotEqualError",
    "OneHot",
    "ParseError",
    "Simplex",
    "Size",
    "Step",
    "StepError",
    "derive_expr",
    "exercises",
    "losses",
    "notation",
    "prove_equal",
]
__version__ = "0.1.0"
