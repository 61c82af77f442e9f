"""Losses, Derived: write a loss once, as an equation; get its derivation, its proof, its code."""

from .calculus.given import OneHot, Simplex
from .calculus.prove import Counterexample, Evidence, NotEqualError, prove_equal

__all__ = ["Counterexample", "Evidence", "NotEqualError", "OneHot", "Simplex", "prove_equal"]
__version__ = "0.1.0"
