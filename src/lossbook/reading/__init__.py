"""Reading formulas: from text to expressions of the book by a whitelist grammar, and back to text."""

from .parsing import parse, parse_chain
from .printing import text
from .tokens import ParseError, UnknownNameError

__all__ = ["ParseError", "UnknownNameError", "parse", "parse_chain", "text"]
