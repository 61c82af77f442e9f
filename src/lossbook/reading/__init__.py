"""Reading formulas: from text to expressions, and back to text.

The grammar is a whitelist: nothing is evaluated as code.
"""

from .parsing import Letters, parse, parse_chain
from .printing import text
from .tokens import ParseError, UnknownNameError

__all__ = ["Letters", "ParseError", "UnknownNameError", "parse", "parse_chain", "text"]
