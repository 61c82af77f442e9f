"""What stable formulas need beyond the calculus: a bracket that stays, the largest class, log1p and expm1.

Each node says what it means (`unfold`), so that `plain` gives back an expression the prover can judge.
"""

from __future__ import annotations

from sympy import Add, Dummy, Expr, Function, exp, log, sympify

from ..expr.nodes import Max, Vec, softmax

# The free index of a gradient: it stands for every class at once, an array along the class axis.
EACH = Dummy("j", integer=True, positive=True)


class Grouped(Expr):
    """A bracket that is computed as it stands: terms added to it later are not mixed with its own."""

    is_commutative = True

    def __new__(cls, expr):
        expr = sympify(expr)
        return expr if expr.is_Number else Expr.__new__(cls, expr)

    def unfold(self):
        """What stands in the bracket."""
        return self.args[0]

    def _eval_is_real(self):
        return self.args[0].is_real

    def _sympystr(self, printer):
        return f"({printer._print(self.args[0])})"

    def _latex(self, printer):
        inside = printer._print(self.args[0])
        return rf"\left({inside}\right)" if isinstance(self.args[0], Add) else inside


class Closed(Expr):
    """An expression that SymPy may not rearrange, as it does in a condition; computed like any other."""

    is_commutative = True

    def __new__(cls, expr):
        return Expr.__new__(cls, sympify(expr))

    def unfold(self):
        """What it is."""
        return self.args[0]

    def _sympystr(self, printer):
        return printer._print(self.args[0])

    _latex = _sympystr


class Component(Expr):
    """Component `index` of a vector that is computed whole: for one class it is looked up, not computed again."""

    is_commutative = True

    def __new__(cls, vec, index):
        return Expr.__new__(cls, Vec.of(vec), sympify(index))

    vec = property(lambda self: self.args[0])
    index = property(lambda self: self.args[1])

    def unfold(self):
        """What it is."""
        return self.vec.at(self.index)

    def _eval_is_real(self):
        return self.vec.body.is_real

    def _latex(self, printer):
        return printer._print(Grouped(self.unfold()))


class ArgMax(Expr):
    """The class at which a vector is largest: an index, the first one where several are."""

    is_commutative = True
    is_integer = True
    is_positive = True

    def __new__(cls, vec):
        vec = Vec.of(vec)
        if isinstance(vec.body, softmax) and vec.body.index == vec.index:
            return cls(vec.body.vec)  # softmax keeps the order
        return Expr.__new__(cls, vec)

    vec = property(lambda self: self.args[0])

    def _latex(self, printer):
        return printer._print(Max(self.vec)).replace(r"\max", r"\operatorname{arg\,max}", 1)


class _Named(Function):
    """A function of one argument, printed by its name."""

    nargs = 1

    def _latex(self, printer):
        name = type(self).__name__.replace("_", " ")  # as text: MathJax sets the 1 of log1p apart
        return rf"\mathop{{\text{{{name}}}}}{printer.argument(self.args[0])}"


class log1p(_Named):
    """log(1 + x), without adding."""

    def unfold(self):
        """By definition."""
        return log(1 + self.args[0])


class expm1(_Named):
    """exp(x) - 1, without subtracting."""

    def unfold(self):
        """By definition."""
        return exp(self.args[0]) - 1


class log_ratio(_Named):
    """-log(p) / (1 - p), for a probability p: 1 in the limit where p tends to 1."""

    def unfold(self):
        """By definition."""
        return -log(self.args[0]) / (1 - self.args[0])


class nonzero(_Named):
    """The number itself; in code 1 where it is 0, so that what is 0 there may be divided by it."""

    def unfold(self):
        """By definition."""
        return self.args[0]


def plain(expr: Expr) -> Expr:
    """The same mathematics in the calculus alone."""
    kinds = (Grouped, Closed, Component, log1p, expm1, log_ratio, nonzero)
    return expr.replace(lambda e: isinstance(e, kinds), lambda e: e.unfold())
