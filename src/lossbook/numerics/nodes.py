"""Nodes that stable formulas need beyond the calculus: fixed brackets, argmax, log1p, expm1.

Each states its definition (`unfold`), so that `plain` returns an expression that the prover can
judge.
"""

from __future__ import annotations

from sympy import Add, Dummy, Expr, Function, exp, log, sympify

from ..expr.nodes import Max, Vec, softmax

# The free index of a gradient. It stands for every class at once: an array along the class axis.
EACH = Dummy("j", integer=True, positive=True)


class Grouped(Expr):
    """A bracket that is computed on its own: terms that are added later do not enter it."""

    is_commutative = True

    def __new__(cls, expr):
        """The bracket; a number needs none."""
        expr = sympify(expr)
        return expr if expr.is_Number else Expr.__new__(cls, expr)

    def unfold(self):
        """The expression in the bracket."""
        return self.args[0]

    def _eval_is_real(self):
        return self.args[0].is_real

    def _sympystr(self, printer):
        return f"({printer._print(self.args[0])})"

    def _latex(self, printer):
        inside = printer._print(self.args[0])
        return rf"\left({inside}\right)" if isinstance(self.args[0], Add) else inside


class Closed(Expr):
    """An expression that SymPy does not rearrange, as it would in a condition."""

    is_commutative = True

    def __new__(cls, expr):
        """The node, of anything that `sympify` takes."""
        return Expr.__new__(cls, sympify(expr))

    def unfold(self):
        """The expression itself."""
        return self.args[0]

    def _sympystr(self, printer):
        return printer._print(self.args[0])

    _latex = _sympystr


class Component(Expr):
    """Component `index` of a vector that is computed as a whole.

    For one class, generated code reads the component instead of computing it again.
    """

    is_commutative = True

    def __new__(cls, vec, index):
        """The component of a `Vec`, or of an `IndexedBase` with a shape."""
        return Expr.__new__(cls, Vec.of(vec), sympify(index))

    vec = property(lambda self: self.args[0])
    index = property(lambda self: self.args[1])

    def unfold(self):
        """The expression itself."""
        return self.vec.at(self.index)

    def _eval_is_real(self):
        return self.vec.body.is_real

    def _latex(self, printer):
        return printer._print(Grouped(self.unfold()))


class ArgMax(Expr):
    """The index of the largest component of a vector; the first, if there are several."""

    is_commutative = True
    is_integer = True
    is_positive = True

    def __new__(cls, vec):
        """The index for a `Vec`, or for an `IndexedBase` with a shape."""
        vec = Vec.of(vec)
        if isinstance(vec.body, softmax) and vec.body.index == vec.index:
            return cls(vec.body.vec)  # softmax does not change the order
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
    """log(1 + x), accurate for small x."""

    def unfold(self):
        """The definition."""
        return log(1 + self.args[0])


class expm1(_Named):
    """exp(x) - 1, accurate for small x."""

    def unfold(self):
        """The definition."""
        return exp(self.args[0]) - 1


class log_ratio(_Named):
    """-log(p) / (1 - p) for a probability p; the limit for p to 1 is 1."""

    def unfold(self):
        """The definition."""
        return -log(self.args[0]) / (1 - self.args[0])


class nonzero(_Named):
    """A number to divide by; in code it is 1 where it is 0, so that 0 / 0 becomes 0."""

    def unfold(self):
        """The definition."""
        return self.args[0]


def plain(expr: Expr) -> Expr:
    """The same mathematics without the nodes of this file, except `ArgMax`."""
    kinds = (Grouped, Closed, Component, log1p, expm1, log_ratio, nonzero)
    return expr.replace(lambda e: isinstance(e, kinds), lambda e: e.unfold())
