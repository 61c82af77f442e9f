"""From an expression to text that `parse` reads back: Python-like, in the notation of the book."""

from __future__ import annotations

from sympy import Add, Expr, IndexedBase
from sympy.printing.str import StrPrinter

from ..expr.nodes import Vec
from ..expr.rebuild import substitute
from ..notation import K, alphas, logit, prediction, target

NAMES = {logit: "z", target: "y", prediction: "x", alphas: "alpha"}


def text(expr: Expr) -> str:
    """Return an expression as text that can be typed.

    Args:
        expr: An expression in the symbols of the notation.

    Returns:
        Python-like text. `parse` reads it back as an equal expression.
    """
    return _Printer().doprint(expr)


class _Printer(StrPrinter):
    printmethod = "_text"  # not `_sympystr`, by which the nodes print themselves for Python

    def _print_Symbol(self, e):
        return NAMES.get(e, e.name)

    def _print_IndexedBase(self, e):
        return NAMES.get(e, e.label.name)

    def _print_Indexed(self, e):
        return f"{self._print(e.base)}[{', '.join(map(self._print, e.indices))}]"

    def _print_KroneckerDelta(self, e):
        return f"delta({', '.join(map(self._print, e.args))})"

    def with_letter(self, vec: Vec) -> tuple[str, Expr]:
        """A letter for the bound index and the body written with it."""
        letter = vec.letter()
        return letter.name, substitute(vec.body, vec.index, letter)

    def argument(self, vec: Vec) -> str:
        if vec.base is not None:
            return self._print(vec.base)
        letter, body = self.with_letter(vec)
        return f"{self._print(body)}, ({letter}, 1, {self._print(vec.size)})"

    def _print_Sum(self, e):
        letter, body = self.with_letter(e.vec)
        bounds = "" if e.vec.size == K else f", 1, {self._print(e.vec.size)}"
        return f"sum({self._print(body)}, {letter}{bounds})"

    def _print_softmax(self, e):
        if isinstance(e.vec.base, IndexedBase) and e.vec.base.label.name == "z":
            return f"p[{self._print(e.index)}]"
        return f"softmax({self.argument(e.vec)}, {self._print(e.index)})"

    def _print_logsumexp(self, e):
        return f"logsumexp({self.argument(e.vec)})"

    def _print_Max(self, e):
        return f"max({self.argument(e.vec)})"

    def _print_Diff(self, e):
        return f"diff({self._print(e.expr)}, {self._print(e.by)})"

    def _print_Abs(self, e):
        return f"abs({self._print(e.args[0])})"

    def _print_Exp1(self, e):
        return "e"

    def _print_Add(self, e, order=None):
        def key(term):
            return (
                term.could_extract_minus_sign(),
                not term.is_number,
                term.count_ops(),
                self._print(term),
            )

        pieces = []
        for term in sorted(e.args, key=key):
            printed = f"({self._print(term)})" if isinstance(term, Add) else self._print(term)
            sign, printed = ("-", printed[1:]) if printed.startswith("-") else ("+", printed)
            pieces += [sign, printed]
        return " ".join(pieces[1:] if pieces[0] == "+" else [pieces[0] + pieces[1], *pieces[2:]])

    def _print_Pow(self, e, rational=False):
        return super()._print_Pow(e, rational).replace("**", "^")
