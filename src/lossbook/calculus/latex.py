"""LaTeX for the expressions of the calculus, in the notation of the papers.

SymPy's own printer is not enough: it does not know the nodes of `expr/nodes.py`, it writes
derivatives that can be read in two ways, and the order of terms and factors changes with its
version. Here the order is fixed, and a derivative comes last or has a bracket.
"""

from __future__ import annotations

from contextlib import contextmanager

from sympy import (
    Add,
    Expr,
    Indexed,
    IndexedBase,
    KroneckerDelta,
    Mul,
    Number,
    Piecewise,
    Pow,
    S,
    Symbol,
    exp,
    log,
)
from sympy.printing.latex import LatexPrinter

from ..expr.dispatch import entry_for
from ..expr.nodes import Diff, Max, Sum, Vec, logsumexp, sigmoid, softmax, softplus
from ..expr.rebuild import rewrite_outermost, substitute
from ..notation import entry_of


class AmbiguityError(ValueError):
    """Two symbols of a formula are printed with the same letter.

    Attributes:
        latex: How both are printed.
        symbols: The two symbols.
    """

    def __init__(self, latex: str, first: Expr, second: Expr):
        self.latex, self.symbols = latex, (first, second)
        super().__init__(
            f"{_described(first)} and {_described(second)} are both printed as {latex}: "
            "rename one of them"
        )


def to_latex(expr: Expr) -> str:
    """The LaTeX of an expression."""
    return _Printer().doprint(expr)


def latex_together(*exprs: Expr) -> list[str]:
    """The LaTeX of expressions that are shown together, in which a letter has one meaning.

    Raises `AmbiguityError` if two different symbols would be printed alike.
    """
    printer = _Printer()
    printed = [printer.doprint(e) for e in exprs]
    for latex, symbols in printer.names.items():
        if len(symbols) > 1:
            raise AmbiguityError(latex, *symbols[:2])
    return printed


class _Printer(LatexPrinter):
    def __init__(self):
        super().__init__({"mode": "plain"})
        self._seen: dict[tuple[Expr, frozenset], str] = {}
        # The letters of the bound indices of all sums around the node that is being printed.
        self._letters: frozenset[str] = frozenset()
        # What each letter has been printed for, all printed expressions together.
        self.names: dict[str, list] = {}

    # -- names -------------------------------------------------------------------------------------

    def _print_Symbol(self, e, style="plain"):
        entry = entry_of(e)
        known = entry is not None and entry.shape != "index"
        return self.named(e, entry.latex if known else super()._print_Symbol(e))

    _print_Dummy = _print_Symbol

    def _print_IndexedBase(self, e):
        entry = entry_of(e)
        return self.named(e, entry.latex if entry else super()._print_Symbol(Symbol(e.label.name)))

    def named(self, symbol, latex: str) -> str:
        symbols = self.names.setdefault(latex, [])
        if symbol not in symbols:
            symbols.append(symbol)
        return latex

    def _print_Indexed(self, e):
        return f"{self._print(e.base)}_{{{self.indices(e.indices)}}}"

    def _print_KroneckerDelta(self, e, exp=None):
        first, second = sorted(e.args, key=lambda a: (a.is_number, str(a)))
        return rf"\delta_{{{self.indices((first, second))}}}" + (f"^{{{exp}}}" if exp else "")

    def indices(self, indices):
        parts = [self._print(a) for a in indices]
        return (" " if all(len(q) == 1 for q in parts) else ", ").join(parts)

    # -- vectors -----------------------------------------------------------------------------------

    @contextmanager
    def with_letter(self, vec: Vec):
        """A letter for the bound index that no surrounding sum uses, and the body with it."""
        letter, outer = vec.letter(self._letters), self._letters
        self._letters = outer | {letter.name}
        try:
            yield letter.name, substitute(vec.body, vec.index, letter)
        finally:
            self._letters = outer

    def _print_Vec(self, e):
        if e.base is not None:
            return self._print(e.base)
        with self.with_letter(e) as (letter, body):
            return rf"\left({self._print(body)}\right)_{{{letter}}}"

    def _print_Sum(self, e):
        with self.with_letter(e.vec) as (letter, body):
            text = self._print(body)
        if isinstance(body, Add):
            text = rf"\left({text}\right)"
        return rf"\sum_{{{letter}=1}}^{{{self._print(e.vec.size)}}} {text}"

    def _print_softmax(self, e):
        base = e.vec.base
        if base is not None and base.label.name == "z":
            return f"{self.named(softmax, 'p')}_{{{self._print(e.index)}}}"
        argument = self.bracketed(self.inner(e.vec))
        return rf"\operatorname{{softmax}}_{{{self._print(e.index)}}}{argument}"

    @staticmethod
    def bracketed(text: str) -> str:
        return f"({text})" if len(text) == 1 else rf"\left({text}\right)"

    def inner(self, vec: Vec) -> str:
        """A vector as an argument, without its index where that is clear, as in z / tau."""
        if vec.base is not None:
            return self._print(vec.base)

        def without_index(e):
            return e.base if isinstance(e, Indexed) and e.indices == (vec.index,) else None

        body = rewrite_outermost(vec.body, without_index)
        if vec.index not in body.free_symbols:
            return self._print(body)
        with self.with_letter(vec) as (letter, body):
            return rf"\left({self._print(body)}\right)_{{{letter}}}"

    def _print_logsumexp(self, e):
        return rf"\operatorname{{LSE}}{self.bracketed(self.inner(e.vec))}"

    def _print_Max(self, e):
        if not isinstance(e, Max):
            return super()._print_Max(e)
        with self.with_letter(e.vec) as (letter, body):
            return rf"\max_{{{letter}}} {self.factor(body)}"

    # -- functions ---------------------------------------------------------------------------------

    def _print_sigmoid(self, e):
        return rf"\sigma{self.argument(e.args[0])}"

    def _print_softplus(self, e):
        return rf"\operatorname{{softplus}}{self.argument(e.args[0])}"

    def argument(self, e) -> str:
        small = isinstance(e, (Symbol, Indexed)) or isinstance(-e, (Symbol, Indexed))
        return f"({self._print(e)})" if small else rf"\left({self._print(e)}\right)"

    def _print_log(self, e):
        x = e.args[0]
        if isinstance(x, (Symbol, Indexed, IndexedBase, softmax, Number, sigmoid)):
            return rf"\log {self._print(x)}"
        return rf"\log\left({self._print(x)}\right)"

    def _print_exp(self, e):
        return f"e^{{{self._print(e.args[0])}}}"

    def _print_ExpBase(self, e, exp=None):
        return self._print_exp(e)

    def _print_Diff(self, e):
        by = self._print(e.by)
        if isinstance(e.expr, (Symbol, Indexed, softmax)):
            return rf"\frac{{\partial {self._print(e.expr)}}}{{\partial {by}}}"
        if isinstance(e.expr, Diff) and isinstance(e.expr.expr, (Symbol, Indexed, softmax)):
            second = rf"\partial {by}\,\partial {self._print(e.expr.by)}"
            return rf"\frac{{\partial^2 {self._print(e.expr.expr)}}}{{{second}}}"
        return rf"\frac{{\partial}}{{\partial {by}}}\left[{self._print(e.expr)}\right]"

    # -- sums and products in a fixed order --------------------------------------------------------

    def _print_Add(self, e, order=None):
        def key(term):
            return (_is_negative(term), not term.is_number, term.count_ops(), self._print(term))

        # Sorting prints each term, so without a memory nested brackets would be printed many times.
        key_here = (e, self._letters)
        if key_here in self._seen:
            return self._seen[key_here]
        text = ""
        for term in sorted(e.args, key=key):
            printed = self._print(term)
            if text:
                text += f" {printed}" if printed.startswith("-") else f" + {printed}"
            else:
                text = printed
        self._seen[key_here] = text
        return text

    def _print_Mul(self, e):
        key = (e, self._letters)
        if key not in self._seen:
            self._seen[key] = self._product(e)
        return self._seen[key]

    def _product(self, e):
        coefficient, factors = S.One, []
        for f in e.args:
            if f.is_Rational:
                coefficient *= f
            else:
                factors.append(f)
        above = [f for f in factors if not _is_reciprocal(f)]
        below = [_reciprocal(f) for f in factors if _is_reciprocal(f)]
        sign = "-" if coefficient < 0 else ""
        coefficient = abs(coefficient)
        last = [f for f in above if isinstance(f, (Sum, Diff))]
        above = [f for f in above if not isinstance(f, (Sum, Diff))]
        if coefficient.q != 1 or below:
            top = self.product(above, coefficient.p)
            bottom = self.product(below, coefficient.q)
            head = rf"\frac{{{top or '1'}}}{{{bottom}}}"
            if last and not top:
                head = rf"\frac{{1}}{{{bottom}}}"
            return sign + head + (r" \, " + self.product(last, 1) if last else "")
        factors = above + last
        if sign and coefficient == 1 and len(factors) == 1 and isinstance(factors[0], Add):
            return sign + self.factor(factors[0])  # -(a + b) keeps its bracket
        return sign + (self.product(factors, coefficient.p) or "1")

    def product(self, factors, number) -> str:
        factors = sorted(factors, key=lambda f: (_rank(f), self._print(f)))
        if not factors:
            return str(number) if number != 1 else ""
        parts = [] if number == 1 else [str(number)]
        for n, f in enumerate(factors):
            alone = len(factors) == 1 and not parts
            ends = n == len(factors) - 1
            if ends and isinstance(f, Sum):
                parts.append(self._print(f))
            elif not ends and isinstance(f, log):
                parts.append(rf"\log\left({self._print(f.args[0])}\right)")
            elif not ends and isinstance(f, Max):
                parts.append(rf"\left({self._print(f)}\right)")
            else:
                parts.append(self._print(f) if alone else self.factor(f))
        space = r" \, " if any(isinstance(f, (log, Diff, Sum)) for f in factors) else " "
        text = parts[0]
        for part in parts[1:]:
            text += (r" \cdot " if part[0].isdigit() else space) + part
        return text

    def factor(self, e) -> str:
        text = self._print(e)
        needs = isinstance(e, (Add, Sum, Piecewise)) or (
            isinstance(e, (Mul, Number)) and (text.startswith("-") or "+" in text)
        )
        return rf"\left({text}\right)" if needs or isinstance(e, Mul) else text

    def _print_Pow(self, e):
        if isinstance(e, exp):
            return self._print_exp(e)
        if _is_reciprocal(e):
            return rf"\frac{{1}}{{{self._print(_reciprocal(e))}}}"
        if e.exp == S.Half:
            return rf"\sqrt{{{self._print(e.base)}}}"
        power = self._print(e.exp)
        # The power stands behind the argument: with f^2(x) some mean f(f(x)).
        if isinstance(e.base, (sigmoid, softplus, logsumexp)):
            return f"{self._print(e.base)}^{{{power}}}"
        if isinstance(e.base, (softmax, Indexed)) and e.base.has(Indexed):
            return f"{self._print(e.base)}^{{{power}}}"
        if isinstance(e.base, Symbol) or (e.base.is_Integer and e.base >= 0):
            return f"{self._print(e.base)}^{{{power}}}"
        return rf"\left({self._print(e.base)}\right)^{{{power}}}"


def _described(symbol: Expr) -> str:
    entry = entry_of(symbol)
    return f"{symbol} ({entry.meaning})" if entry else str(symbol)


def _is_negative(term: Expr) -> bool:
    return term.as_coeff_Mul(rational=True)[0].is_negative or (
        isinstance(term, Mul) and any(a.is_Rational and a.is_negative for a in term.args)
    )


def _is_reciprocal(f: Expr) -> bool:
    return isinstance(f, Pow) and not isinstance(f, exp) and f.exp.is_Rational and f.exp.is_negative


def _reciprocal(f: Expr) -> Expr:
    return f.base if f.exp == -1 else Pow(f.base, -f.exp, evaluate=False)


# The order of the factors of a product: numbers and parameters first, derivatives last. Powers
# stand where their base does, except that a power of a bracket comes before the other brackets.
RANKS: dict[type, int] = {
    Symbol: 0,
    IndexedBase: 0,
    Indexed: 1,
    softmax: 2,
    sigmoid: 2,
    exp: 2,
    KroneckerDelta: 3,
    Add: 5,
    log: 7,
    logsumexp: 7,
    Piecewise: 7,
    Sum: 8,
    Diff: 9,
}
POWER_OF_BRACKET_RANK = 4
OTHER_RANK = 6


def _rank(f: Expr) -> int:
    base = f.base if isinstance(f, Pow) and not isinstance(f, exp) else f
    if base.is_number:
        return 0
    if isinstance(base, Add) and base is not f:
        return POWER_OF_BRACKET_RANK
    rank = entry_for(base, RANKS)
    return OTHER_RANK if rank is None else rank
