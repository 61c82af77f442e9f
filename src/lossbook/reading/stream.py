"""Reading tokens one after the other: errors with their column, limits on nesting, and indices."""

from __future__ import annotations

from contextlib import contextmanager

from sympy import Expr, I, Integer, S, Symbol

from ..notation import K
from .names import Names
from .tokens import ParseError, Token, tokens

MAX_TOKENS = 1500
MAX_DEPTH = 40  # of nested brackets, powers and functions
MAX_BINDERS = 4  # of nested sums, vectors and derivatives
BRACKETS = {"(": ")", "[": "]", "{": "}"}
NOT_REAL = (S.ComplexInfinity, S.NaN, S.Infinity, S.NegativeInfinity, I)


class Stream:
    """Reads tokens, and the indices that every construction uses."""

    def __init__(self, text: str, letters=()):
        self.text, self.names, self.tokens = text, Names(letters), tokens(text)
        if len(self.tokens) > MAX_TOKENS:
            raise ParseError(f"more than {MAX_TOKENS} symbols", text, self.tokens[MAX_TOKENS].start)
        self.position = self.depth = self.binders = 0

    # -- tokens ------------------------------------------------------------------------------------

    @property
    def now(self) -> Token:
        """The token to be read next."""
        return self.tokens[self.position]

    def ahead(self, n: int) -> Token:
        """The token `n` places further on."""
        return self.tokens[min(self.position + n, len(self.tokens) - 1)]

    def next(self) -> Token:
        """Read one token."""
        token = self.now
        self.position += token.kind != "end"
        return token

    def at(self, *ops: str) -> bool:
        """Whether one of these signs comes next."""
        return self.now.kind == "op" and self.now.text in ops

    def take(self, op: str) -> bool:
        """Read a sign if it comes next."""
        found = self.at(op)
        if found:
            self.next()
        return found

    def expect(self, op: str) -> None:
        """Read a sign that must come next."""
        if not self.take(op):
            raise self.error(f"expected {op!r}, found {self.found()}")

    def close(self, opened: Token) -> None:
        """Read the bracket that closes another one."""
        if not self.take(BRACKETS[opened.text]):
            if self.now.kind == "end":
                raise self.error(f"{opened.text!r} is never closed", opened)
            raise self.error(f"expected {BRACKETS[opened.text]!r}, found {self.found()}")

    def found(self) -> str:
        """What comes next, for a message."""
        return "the end" if self.now.kind == "end" else repr(self.now.text)

    def error(self, reason: str, token: Token | None = None) -> ParseError:
        """An error at a token, or at the next one."""
        return ParseError(reason, self.text, (token or self.now).start)

    def finish(self) -> None:
        """Refuse what is left over."""
        if self.now.kind != "end":
            closing = self.at(*BRACKETS.values())
            raise self.error(
                f"{self.found()} closes nothing"
                if closing
                else f"did not expect {self.found()} here"
            )

    # -- limits ------------------------------------------------------------------------------------

    @contextmanager
    def deeper(self):
        """Count one more nested bracket, power or function."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} brackets or functions inside one another")
        yield
        self.depth -= 1

    @contextmanager
    def binding(self, token: Token):
        """Count one more nested sum, vector or derivative."""
        self.binders += 1
        if self.binders > MAX_BINDERS:
            raise self.error(
                f"more than {MAX_BINDERS} sums, vectors or derivatives inside one another", token
            )
        yield
        self.binders -= 1

    def real(self, value: Expr, token: Token) -> Expr:
        """The value, unless it is infinite, undefined or not real."""
        if value.has(*NOT_REAL):
            raise self.error("this has no finite real value", token)
        return value

    # -- indices -----------------------------------------------------------------------------------

    def is_index(self, token: Token) -> bool:
        """Whether a token can be read as an index, or begins with one."""
        return token.kind == "number" or (
            token.kind == "name" and self.meaning(token.text[0]) is not None
        )

    def meaning(self, name: str) -> Expr | None:
        """What a name means as an index."""
        return K if name == "K" else self.names.indices.get(name)

    def index(self) -> Expr:
        """One index: a letter, or a number."""
        token = self.now
        if token.kind == "number":
            self.next()
            if not token.text.isdigit() or int(token.text) == 0 or len(token.text) > 3:
                raise self.error("a number used as an index is one of 1, 2, 3, ...", token)
            return Integer(token.text)
        if token.kind == "name":
            meaning = self.meaning(token.text)
            if meaning is not None:
                self.next()
                return meaning
            first = self.meaning(token.text[0])
            # The rest of the name is another index, or the next factor.
            if first is not None and len(token.text) > 1:
                rest = token.text[1:]
                self.tokens[self.position] = Token(
                    "name" if rest[0].isalpha() else "number", rest, token.start + 1
                )
                return first
        raise self.error(f"expected an index such as i, j, k, t or 1, found {self.found()}")

    def letter(self) -> Symbol:
        """An index that a sum may bind: a letter."""
        token = self.now
        found = self.index()
        if not isinstance(found, Symbol) or found == K:
            raise self.error("a sum runs over a letter such as k", token)
        return found

    def subscripts(self, owner: Token, wanted: int) -> list[Expr]:
        """The indices of a component.

        Without braces each index is one letter, so p_ky_k is p_k y_k, as in LaTeX.
        """
        if self.take("_") and not self.at("{"):
            return [self.index() for _ in range(wanted)]
        opened = self.next()
        found = [self.index()]
        while not self.at(BRACKETS[opened.text]) and self.now.kind != "end":
            self.take(",")
            found.append(self.index())
        self.close(opened)
        if len(found) != wanted:
            many = "1 index" if wanted == 1 else f"{wanted} indices"
            raise self.error(f"{owner.text} has {many}, not {len(found)}", owner)
        return found
