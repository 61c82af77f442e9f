"""From text to an expression of the book: a Pratt parser with a whitelist of names.

Nothing is evaluated as code. What is written is kept: p/p is not cancelled and 2(a - b) is not
multiplied out, so that a preview shows what was typed.

    expression = ["-"] term { ("+" | "-") term }
    term       = unary { "*" unary | "/" unary | factor }       a factor may follow without a sign
    unary      = ["-"] factor                                   also after * and /
    factor     = primary [ "^" exponent ]                       -x^2 is -(x^2), and a^b^c is a^(b^c)
    primary    = number | name | component | call | sum | derivative
                 | "(" expression ")" | "[" index "=" index "]"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sympy import Add, Expr, KroneckerDelta, Mul, Pow, Rational, S, exp

from ..expr.rebuild import product, total, undistributed
from ..notation import p
from .binders import Binders, bind
from .names import FUNCTIONS, SPECIAL
from .tokens import Token, UnknownNameError

MAX_POWER = 32
MAX_DEGREE = 64  # of nested powers
MAX_EXPONENT = 10**6  # of e
MAX_BITS = 256  # of a power of numbers

Letters = Iterable[Expr] | Mapping[str, Expr]


def parse(text: str, letters: Letters = ()) -> Expr:
    """Read a formula.

    A formula is Python-like (`p[i] - y[i]`) or LaTeX-like (`p_i - y_i`). Nothing is evaluated as
    code: the parser knows the names of `lossbook.notation` and a list of functions, and refuses
    everything else. What is written is kept: p/p is not cancelled.

    Args:
        text: The formula.
        letters: Symbols beyond the notation: symbols and indexed bases, or a mapping from names to
            expressions.

    Returns:
        The expression.

    Raises:
        ParseError: The text is not a formula, or the formula is too large. The error holds the
            column.

    Example:
        >>> parse("p_i - y_i") == parse("p[i] - y[i]")
        True
    """
    parser = _Parser(text, letters)
    found = parser.expression()
    if parser.at("="):
        raise parser.error("one expression is expected here, without an equals sign")
    parser.finish()
    return found


def parse_chain(text: str, letters: Letters = ()) -> list[Expr]:
    """Read a chain of equations such as `a = b = c`.

    Args:
        text: The chain. Like a line of a derivation, it may start with an equals sign.
        letters: Symbols beyond the notation, as for `parse`.

    Returns:
        The expressions between the equals signs.

    Raises:
        ParseError: A part is not a formula. The error holds the column.
    """
    parser = _Parser(text, letters)
    parser.take("=")
    found = [parser.expression()]
    while parser.take("="):
        found.append(parser.expression())
    parser.finish()
    return found


class _Parser(Binders):
    # -- operators ---------------------------------------------------------------------------------

    def expression(self) -> Expr:
        with self.deeper():
            below, self.below = self.below, False
            terms = [self.signed(self.sign(), self.term())]
            while self.at("+", "-"):
                terms.append(self.signed(self.sign(), self.term()))
            self.below = below
        return total(*terms) if len(terms) > 1 else terms[0]

    def sign(self) -> int:
        minus = self.take("-")
        if not minus:
            self.take("+")
        return -1 if minus else 1

    @staticmethod
    def signed(sign: int, value: Expr) -> Expr:
        return value if sign > 0 else _times(S.NegativeOne, value)

    def term(self) -> Expr:
        factors, divided = [self.unary()], False
        while True:
            if self.take("*"):
                factors.append(self.unary())
                divided = False
            elif self.at("/"):
                slash = self.next()
                below, self.below = self.below, True
                factors += self.inverse(self.unary(), slash)
                self.below, divided = below, True
            elif self.starts_operand():
                if divided:
                    raise self.error("after a division a product needs a sign: a/b*c, or a/(b*c)")
                factors.append(self.factor())
            else:
                return _times(*factors) if len(factors) > 1 else factors[0]

    def starts_operand(self) -> bool:
        return self.now.kind in ("number", "name") or self.at("(", "[", "{", "∂")

    def inverse(self, below: Expr, token: Token) -> list[Expr]:
        parts = below.args if isinstance(below, Mul) else (below,)
        return [self.power(part, S.NegativeOne, token) for part in parts]

    def unary(self) -> Expr:
        if not self.at("-", "+"):
            return self.factor()
        with self.deeper():
            return self.signed(self.sign(), self.unary())

    def factor(self) -> Expr:
        base = self.primary()
        if not self.at("^"):
            return base
        hat = self.next()
        with self.deeper():
            return self.power(base, self.bracketed() if self.at("{") else self.unary(), hat)

    def power(self, base: Expr, power: Expr, token: Token) -> Expr:
        refused = self.refusal(base, power) if power.is_number else ""
        if refused:
            raise self.error(refused, token)
        keep = (
            isinstance(base, (Mul, Pow))
            and not isinstance(base, exp)
            and power != 1
            and not base.is_number
        )
        return self.real(Pow(base, power, evaluate=not keep), token)

    @staticmethod
    def refusal(base: Expr, power: Expr) -> str:
        """Why a power with a number as its exponent would take too long; empty if it would not."""
        if base is S.Exp1:
            large = power.is_Rational and max(abs(power.p), power.q) > MAX_EXPONENT
            return "this power of e is too large" if large or power.has(S.Exp1, exp) else ""
        if not power.is_Rational:
            return "an exponent is a fraction or holds a letter"
        if max(abs(power.p), power.q) > MAX_POWER or _degree(base) * abs(power) > MAX_DEGREE:
            return f"this power is too high: {MAX_POWER} is the limit"
        large = base.is_Rational and max(abs(base.p), base.q).bit_length() * abs(power.p) > MAX_BITS
        return "this power of a number is too large" if large else ""

    # -- operands ----------------------------------------------------------------------------------

    def primary(self) -> Expr:
        if self.now.kind == "number":
            return Rational(self.next().text)
        if self.now.kind == "name":
            return self.named()
        if self.at("[") and self.comparison_ahead():
            return self.comparison()
        if self.at(*"([{"):
            return self.bracketed()
        if self.at("∂"):
            return self.partial()
        raise self.error(f"expected a number, a name or a bracket, found {self.found()}")

    def bracketed(self) -> Expr:
        opened = self.next()
        value = self.expression()
        self.close(opened)
        if self.running and self.at("_"):  # the vector (z_k/2)_k
            self.next()
            letter = self.under()[0]
            value = bind(value, letter).at(self.running[-1])
        return value

    def comparison_ahead(self) -> bool:
        return self.ahead(2).kind == "op" and self.ahead(2).text in ("=", "!=")

    def comparison(self) -> Expr:
        """An Iverson bracket [i = t] or [i != t]: 1 where it holds, 0 elsewhere."""
        opened = self.next()
        first = self.index()
        differs = self.next().text == "!="
        delta = KroneckerDelta(first, self.index())
        self.close(opened)
        return 1 - delta if differs else delta

    def named(self) -> Expr:
        token = self.next()
        name, names = token.text, self.names
        if name == "p" or name in names.vectors:
            return self.component(token)
        if name in names.scalars:
            if self.at("_"):
                raise self.error(f"{name} is a single number: it has no components")
            return names.scalars[name]
        if name in FUNCTIONS:
            return self.call(token)
        if name in SPECIAL:
            return getattr(self, SPECIAL[name])(token)
        if name == "d" and self.at("/"):
            return self.ordinary(token)
        if name in names.indices:
            raise self.error(
                f"{name} is an index: it stands in brackets, as in z[{name}], and not by itself",
                token,
            )
        what = "function" if self.at("(") and len(name) > 1 else "name"
        reason = f"there is no {what} {name!r} here{names.advice(name)}"
        raise UnknownNameError(reason, self.text, token.start, name)

    def component(self, token: Token) -> Expr:
        name, names = token.text, self.names
        probability = name == "p" and name not in names.vectors and name not in names.scalars
        vector = names.vectors.get(name)
        rank = 1 if vector is None else len(vector.shape or (None,))
        called = (
            probability
            and self.at("(")
            and self.is_index(self.ahead(1))
            and self.ahead(2).text == ")"
        )
        if self.at("_") or called or (self.at("[") and not self.comparison_ahead()):
            indices = self.subscripts(token, rank)
            return (
                p(indices[0])
                if vector is None
                else vector[tuple(indices) if rank > 1 else indices[0]]
            )
        if self.running and rank == 1 and (probability or vector is not None) and name != "alpha":
            return p(self.running[-1]) if vector is None else vector[self.running[-1]]
        if name in names.scalars:
            return names.scalars[name]
        raise self.error(
            f"{name} is a vector: say which component, as in {name}[i] or {name}_i", token
        )

    # -- functions ---------------------------------------------------------------------------------

    def call(self, token: Token) -> Expr:
        with self.deeper():
            power, hat = None, self.now
            if self.take("^"):  # log^2(x) is (log x)^2
                power = self.bracketed() if self.at("{") else self.primary()
                if power.is_number and not power.is_positive:
                    raise self.error(
                        "a negative power of a function could mean its inverse: write 1/f(x)", hat
                    )
            value = self.applied(FUNCTIONS[token.text], self.argument(token), token)
            return value if power is None else self.power(value, power, hat)

    def applied(self, function, argument: Expr, token: Token) -> Expr:
        if function is exp:
            return self.power(S.Exp1, argument, token)
        return self.real(function(argument), token)

    def argument(self, token: Token) -> Expr:
        if self.at(*"([{"):
            return self.bracketed()
        if not self.starts_operand():
            raise self.error(f"{token.text} needs an argument in brackets")
        value = self.factor()
        if self.starts_operand():
            raise self.error(
                f"{token.text} needs brackets here, to say how far its argument goes", token
            )
        return value

    def frac(self, token: Token) -> Expr:
        if self.at("{") and self.ahead(1).text == "∂":
            return self.fraction_of_partials(token)
        parts = []
        for _ in range(2):
            if not self.at("{"):
                raise self.error(r"\frac needs two arguments in braces")
            parts.append(self.bracketed())
        return _times(parts[0], *self.inverse(parts[1], token))

    def delta(self, token: Token) -> Expr:
        if not self.at(*"_[("):
            raise self.error("delta needs two indices, as in delta_ij or delta(i, j)")
        return KroneckerDelta(*self.subscripts(token, 2))


def _times(*factors: Expr) -> Expr:
    """The product, nothing merged, and no number multiplied into a sum."""
    number = Mul(*(f for f in factors if f.is_Rational))
    rest = [f for f in factors if not f.is_Rational]
    if number == -1 and len(rest) == 1 and isinstance(rest[0], Add):
        return undistributed(number, rest[0])
    return product(*factors)


def _degree(e: Expr) -> int:
    """A bound on the degree of a polynomial in the atoms of `e`."""
    if isinstance(e, Add):
        return max(_degree(a) for a in e.args)
    if isinstance(e, Mul):
        return sum(_degree(a) for a in e.args)
    if isinstance(e, Pow) and e.exp.is_Rational:
        return _degree(e.base) * max(1, abs(e.exp.p))
    return 0 if e.is_number else 1
