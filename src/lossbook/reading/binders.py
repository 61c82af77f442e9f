"""Parsing what binds an index or a variable: sums, softmax and its relatives, derivatives.

A letter is read as a free index first. Where a sum turns out to bind it, it is replaced. Indices
bound further in are no letters any more by then, so none can be captured.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from sympy import Expr, Indexed, KroneckerDelta, S, Symbol

from ..expr.nodes import Diff, Max, Sum, Vec, bound_index, logsumexp, softmax
from ..expr.rebuild import product, substitute
from ..notation import K
from .stream import Stream
from .tokens import Token


def bind(body: Expr, letter: Symbol, size: Expr | None = None) -> Vec:
    """The vector of a body over a letter.

    Without a size it is that of the arrays which the letter indexes.
    """
    index = bound_index()
    body = substitute(body, letter, index)
    return Vec(body, index, size or _size(body, index))


def _size(body: Expr, index: Symbol) -> Expr:
    for e in sorted(body.atoms(Indexed), key=str):
        for own, size in zip(e.indices, e.base.shape or (), strict=False):
            if own == index:
                return size
    return K


class Binders(Stream, ABC):
    """The part of the parser that reads sums, vectors and derivatives."""

    def __init__(self, text: str, letters=()):
        super().__init__(text, letters)
        # The indices of the surrounding vectors that were written without one, as in softmax(z/2).
        self.running: list[Symbol] = []
        self.below = False  # whether a divisor is being read

    # -- the rest of the grammar, which a subclass defines -----------------------------------------

    @abstractmethod
    def expression(self) -> Expr:
        """Read a sum of terms."""

    @abstractmethod
    def term(self) -> Expr:
        """Read a product."""

    @abstractmethod
    def factor(self) -> Expr:
        """Read an operand and its exponent."""

    @abstractmethod
    def primary(self) -> Expr:
        """Read an operand."""

    @abstractmethod
    def bracketed(self) -> Expr:
        """Read an expression in brackets."""

    @abstractmethod
    def named(self) -> Expr:
        """Read what a name stands for."""

    @abstractmethod
    def starts_operand(self) -> bool:
        """Whether an operand comes next."""

    # -- vectors -----------------------------------------------------------------------------------

    def vector(self, token: Token) -> Vec:
        """The argument of softmax and its relatives: z, z/2, or z[k]/2, (k, 1, K)."""
        with self.binding(token):
            self.running.append(bound_index())
            body = self.expression()
            index = self.running.pop()
        if self.at(",") and self.ahead(1).text == "(":
            self.next()
            limits = self.limits()
            if body.has(index):
                raise self.error("a vector stands here without its index", token)
            return bind(body, *limits)
        return Vec(body, index, _size(body, index))

    def limits(self) -> tuple[Symbol, Expr]:
        """The limits of a sum, as in "(k, 1, K)": a letter, and how far it runs."""
        opened = self.next()
        letter = self.letter()
        self.expect(",")
        size = self.bounds()
        self.close(opened)
        return letter, size

    def bounds(self) -> Expr:
        """The bounds of an index, as in "1, K"."""
        first = self.now
        if self.index() != 1:
            raise self.error("an index runs from 1", first)
        self.expect(",")
        return self.last()

    def last(self) -> Expr:
        """The upper bound of an index: K, another size or a number."""
        if self.now.kind == "number":
            return self.index()
        end = self.next()
        known = self.names.scalars.get(end.text)
        if not (isinstance(known, Symbol) and known.is_integer):
            raise self.error("an index runs up to K", end)
        return known

    def components(self, token: Token) -> Vec:
        """The bracketed argument of a function of a whole vector."""
        if not self.at("("):
            raise self.error(f"{token.text} needs its argument in brackets")
        opened = self.next()
        vector = self.vector(token)
        self.close(opened)
        return vector

    def softmax(self, token: Token) -> Expr:
        """One component of a softmax, its index in brackets, after a comma or as a subscript."""
        if self.at("_"):
            index = self.subscripts(token, 1)[0]
            return softmax(self.components(token), index)
        if not self.at("("):
            raise self.error(f"{token.text} needs its argument in brackets")
        opened = self.next()
        vector = self.vector(token)
        inside = self.take(",")
        index = self.index() if inside else None
        self.close(opened)
        if not inside:
            if not self.at("[", "_"):
                raise self.error(
                    f"{token.text} is a vector: say which component, as in softmax(z)[i]", token
                )
            index = self.subscripts(token, 1)[0]
        return softmax(vector, index)

    def logsumexp(self, token: Token) -> Expr:
        """A log-sum-exp of a vector in brackets."""
        return logsumexp(self.components(token))

    def max(self, token: Token) -> Expr:
        """A largest component, of a vector in brackets or with a subscript as in max_k z_k."""
        if self.take("_"):
            with self.binding(token):
                letter = self.under()[0]
                return Max(bind(self.factor(), letter))
        return Max(self.components(token))

    # -- sums --------------------------------------------------------------------------------------

    def sum(self, token: Token) -> Expr:
        """A sum in brackets, as in `(p[k]*y[k], k)`, or with a subscript, as in sum_k p_k y_k.

        The latter extends to the next plus or minus.
        """
        if self.at("_", "^"):
            with self.binding(token):
                size = self.over()
                self.expect("_")
                letter, besides = self.under()
                size = size or self.over()
                return Sum(bind(product(besides, self.summand(token)), letter, size))
        if not self.at("("):
            raise self.error("a sum needs its index, as in sum(p[k], k) or sum_k p_k")
        opened = self.next()
        with self.binding(token):
            self.running.append(bound_index())
            body = self.expression()
            index = self.running.pop()
        over: list[tuple[Symbol, Expr | None]] = []
        while self.take(","):
            if self.at("("):
                over.append(self.limits())
                continue
            letter = self.letter()
            bounded = self.ahead(1).kind == "number" and self.take(",")
            over.append((letter, self.bounds() if bounded else None))
        self.close(opened)
        if bool(over) == body.has(index):
            reason = (
                "a vector stands in this sum without its index"
                if over
                else "say what the sum runs over: sum(..., k)"
            )
            raise self.error(reason, token)
        result = body if over else Sum(Vec(body, index, _size(body, index)))
        for letter, size in over:
            result = Sum(bind(result, letter, size))
        return result

    def under(self) -> tuple[Symbol, Expr]:
        """The subscript of a sum, k, {k}, {k=1} or {k != t}: its letter, a factor for the body."""
        if not self.at("{"):
            return self.letter(), S.One
        opened = self.next()
        letter, besides = self.letter(), S.One
        first = self.now
        if self.take("=") and self.index() != 1:
            raise self.error("an index runs from 1", first)
        if self.take("!="):
            besides = 1 - KroneckerDelta(letter, self.index())
        self.close(opened)
        return letter, besides

    def over(self) -> Expr | None:
        """The superscript of a sum, ^K or ^{K}: its upper bound; None if there is none."""
        if not self.take("^"):
            return None
        if not self.at("{"):
            return self.last()
        opened = self.next()
        size = self.last()
        self.close(opened)
        return size

    def summand(self, token: Token) -> Expr:
        """The body of a sum that is written as sum_k."""
        if not self.below:
            return self.term()
        value = self.factor()
        if self.at("*", "/") or self.starts_operand():
            raise self.error("a sum below a division needs brackets, to say how far it goes", token)
        return value

    # -- derivatives -------------------------------------------------------------------------------

    def diff(self, token: Token) -> Expr:
        """A derivative in brackets, as in `(p[i], z[j])`."""
        opened = self.now
        self.expect("(")
        with self.binding(token):
            result = self.expression()
            if not self.at(","):
                raise self.error("say by what it is differentiated, as in diff(p[i], z[j])")
            while self.take(","):
                result = Diff(result, self.variable())
        self.close(opened)
        return result

    def partial(self) -> Expr:
        """A derivative: ∂p_i/∂z_j, or ∂/∂z_j [...]."""
        token = self.next()
        body = None if self.at("/") else self.primary()
        self.expect("/")
        self.expect("∂")
        return self.differentiated(token, body, [self.variable()])

    def fraction_of_partials(self, token: Token) -> Expr:
        r"""A first or second derivative, as in \frac{\partial p_i}{\partial z_j}."""
        opened = self.next()
        self.expect("∂")
        order = 1
        if self.take("^"):
            number = self.bracketed() if self.at("{") else self.primary()
            if number not in (1, 2):
                raise self.error("a first or a second derivative is expected", token)
            order = int(number)
        body = None if self.at("}") else self.factor()
        self.close(opened)
        opened = self.now
        self.expect("{")
        by = []
        while self.take("∂"):
            by.append(self.variable())
        self.close(opened)
        if len(by) != order:
            raise self.error(
                f"a derivative of order {order} is by {order}, not by {len(by)}", token
            )
        return self.differentiated(token, body, by)

    def ordinary(self, token: Token) -> Expr:
        """A derivative: d/dz_j [...]."""
        self.expect("/")
        name = self.now
        if name.kind != "name" or not name.text.startswith("d") or len(name.text) < 2:
            raise self.error("expected what d/d... differentiates by, as in d/dz_j")
        self.tokens[self.position] = Token("name", name.text[1:], name.start + 1)
        return self.differentiated(token, None, [self.variable()])

    def differentiated(self, token: Token, body: Expr | None, by: list[Expr]) -> Expr:
        """The derivative of what was written inside the fraction, or of what follows it."""
        if body is None:
            with self.binding(token):
                body = self.bracketed() if self.at("(", "[", "{") else self.factor()
            if self.starts_operand():
                raise self.error(
                    "put what is differentiated in brackets, to say how far it goes", token
                )
        for variable in reversed(by):
            body = Diff(body, variable)
        return body

    def variable(self) -> Expr:
        """The variable of a derivative: a symbol, or a component such as z_j."""
        token = self.now
        if token.kind != "name" or token.text not in {*self.names.scalars, *self.names.vectors}:
            raise self.error("a derivative is by a letter such as z_j", token)
        found = self.named()
        if not isinstance(found, (Symbol, Indexed)) or found.is_integer:
            raise self.error("a derivative is by a letter such as z_j", token)
        return found
