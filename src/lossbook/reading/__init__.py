"""Reading formulas: from text to expressions by a whitelist grammar, and back to text.

Nothing that is typed is evaluated as code. `tokens.py` splits the text, `names.py` says which names
there are, `parsing.py` holds the grammar, on top of `stream.py` and `binders.py`; `printing.py` is
the way back.
"""

from .parsing import parse, parse_chain
from .printing import text
from .tokens import ParseError, UnknownNameError

__all__ = ["ParseError", "UnknownNameError", "parse", "parse_chain", "text"]
