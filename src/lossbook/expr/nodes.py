"""The nodes SymPy lacks: a binder over classes, sums, softmax, an unevaluated derivative.

Every node states its definition (`unfold`), so that the prover can check a rule about it from that.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property

from sympy import (
    Dummy,
    Expr,
    Function,
    Indexed,
    IndexedBase,
    Integer,
    S,
    Symbol,
    exp,
    log,
    sympify,
)

from .rebuild import substitute

BOUND_LETTERS = ("k", "l", "m", "n", "q", "r", *(f"k{n}" for n in range(1, 100)))


def bound_index() -> Dummy:
    """A fresh bound index. Never a letter: a letter could capture a free index of the same name."""
    return Dummy("k", integer=True, positive=True)


@cache  # not SymPy's cache, which drops entries: two equal vectors must get the same index
def _canonical_index(depth: int) -> Dummy:
    return Dummy(f"k{depth}", integer=True, positive=True)


def nodes_of(expr: Expr, kind: type) -> Iterator[Expr]:
    """Every node of a kind, in no particular order; much faster than `preorder_traversal`.

    Unlike `atoms`, it yields both of two vectors that differ only in the name of the bound index.
    """
    left = [expr]
    while left:
        node = left.pop()
        if isinstance(node, kind):
            yield node
        left += node.args


def bound_indices(expr: Expr) -> set[Symbol]:
    """Every index that some vector in the expression binds."""
    return {vec.index for vec in nodes_of(expr, Vec)}


class Vec(Expr):
    """The vector whose component at index k is `body`, for k = 1, ..., n: the only binder.

    Two vectors that differ only in the name of the bound index are equal.
    """

    def __new__(cls, body, index, size):
        """The vector with a bound index of its own, whatever symbol `index` is."""
        body, index, size = sympify(body), sympify(index), sympify(size)
        if not isinstance(index, Symbol):
            raise TypeError(f"Vec: the bound index must be a symbol, got {index!r}")
        if not isinstance(index, Dummy) or index in bound_indices(body):
            # A letter could be captured, and so could an index that is bound again inside.
            fresh = bound_index()
            body, index = body.xreplace({index: fresh}), fresh
        return Expr.__new__(cls, body, index, size)

    @classmethod
    def of(cls, vector, size=None) -> Vec:
        """`vector` itself, or the components of an `IndexedBase` of one axis."""
        if isinstance(vector, Vec):
            return vector
        if not isinstance(vector, IndexedBase):
            raise TypeError(f"expected a Vec or an IndexedBase with a shape, got {vector!r}")
        shape = vector.shape if size is None else (sympify(size),)
        if shape is None or len(shape) != 1:
            raise ValueError(
                f"{vector} needs a shape of one axis to be summed over, got shape {shape}"
            )
        k = bound_index()
        return cls(vector[k], k, shape[0])

    body = property(lambda self: self.args[0])
    index = property(lambda self: self.args[1])
    size = property(lambda self: self.args[2])

    @property
    def base(self) -> IndexedBase | None:
        """The `IndexedBase` whose components these are, or None for any other body."""
        body = self.body
        if not isinstance(body, Indexed) or body.indices != (self.index,):
            return None
        return body.base if body.base.shape in (None, (self.size,)) else None

    def at(self, index) -> Expr:
        """The component at `index`."""
        return self.body.xreplace({self.index: sympify(index)})

    def _xreplace(self, rule):
        """Replace free symbols only; rename the bound index if it would capture a new one."""
        if self in rule:
            return rule[self], True
        rule = {old: sympify(new) for old, new in rule.items() if old != self.index}
        if any(self.index in new.free_symbols for new in rule.values()):
            fresh = bound_index()
            return Vec(self.at(fresh), fresh, self.size)._xreplace(rule)
        body, changed = self.body._xreplace(rule)
        size, resized = self.size._xreplace(rule)
        return (Vec(body, self.index, size), True) if changed or resized else (self, False)

    def map(self, function) -> Vec:
        """The vector of `function(component)`."""
        return Vec(function(self.body), self.index, self.size)

    @property
    def depth(self) -> int:
        """How deeply vectors are nested here: 1 for a vector with none inside."""
        return 1 + max((v.depth for v in nodes_of(self.body, Vec)), default=0)

    @property
    def free_symbols(self):
        """The free symbols of body and size without the bound index."""
        return (self.body.free_symbols - {self.index}) | self.size.free_symbols

    def letter(self, taken: frozenset[str] = frozenset()) -> Symbol:
        """A letter to print the bound index with, neither `taken` nor free in the body."""
        taken = taken | {s.name for s in self.free_symbols if isinstance(s, Symbol)}
        return Symbol(
            next(name for name in BOUND_LETTERS if name not in taken), integer=True, positive=True
        )

    def _sympystr(self, printer):
        if self.base is not None:
            return printer._print(self.base)
        letter = self.letter()
        body = printer._print(substitute(self.body, self.index, letter))
        return f"{body}, ({letter}, 1, {printer._print(self.size)})"

    @cached_property
    def _canonical_content(self) -> tuple[Expr, Expr]:
        # `substitute` merges nothing: a line with p/p must differ from the next, where it is gone.
        return substitute(self.body, self.index, _canonical_index(self.depth)), self.size

    def _hashable_content(self):
        return self._canonical_content


class _OverVec(Expr):
    """A node whose first argument is a vector."""

    is_commutative = True

    vec = property(lambda self: self.args[0])

    def _eval_is_real(self):
        return self.vec.body.is_real

    def _sympystr(self, printer):
        rest = "".join(f", {printer._print(a)}" for a in self.args[1:])
        return f"{type(self).__name__}({printer._print(self.vec)}{rest})"


class Sum(_OverVec):
    """The sum of a vector's components; written `Sum(body, (k, 1, K))` or `Sum(vec)`."""

    def __new__(cls, body, *limits):
        """The sum of a vector, or of a body over limits (k, 1, K), the innermost first."""
        for index, lower, size in limits:
            if lower != 1:
                raise ValueError(f"Sum: indices run from 1, got lower limit {lower} for {index}")
            fresh = bound_index()  # the caller may use the same index for another sum
            body = Sum(Vec(sympify(body).xreplace({index: fresh}), fresh, size))
        if limits:
            return body
        body = Vec.of(body)
        if body.body.is_zero:
            return S.Zero
        return Expr.__new__(cls, body)

    def unfold(self):
        """The sum written out, if the number of terms is known."""
        size = self.vec.size
        return (
            sum((self.vec.at(Integer(k)) for k in range(1, int(size) + 1)), S.Zero)
            if size.is_Integer
            else self
        )

    def _eval_is_positive(self):
        return self.vec.body.is_positive

    def _eval_is_nonnegative(self):
        return self.vec.body.is_nonnegative


class Max(_OverVec):
    """The largest component of a vector. It is used to shift logits, and has no derivative here."""

    def __new__(cls, vec):
        """The node over a `Vec`, or over an `IndexedBase` with a shape."""
        return Expr.__new__(cls, Vec.of(vec))


class logsumexp(_OverVec):
    """The logarithm of the sum of the exponentials of a vector's components."""

    def __new__(cls, vec):
        """The node over a `Vec`, or over an `IndexedBase` with a shape."""
        return Expr.__new__(cls, Vec.of(vec))

    def unfold(self):
        """The definition."""
        return log(Sum(self.vec.map(exp)))


class softmax(_OverVec):
    """Component `index` of the softmax of a vector."""

    def __new__(cls, vec, index):
        """The component of the softmax of a `Vec`, or of an `IndexedBase` with a shape."""
        return Expr.__new__(cls, Vec.of(vec), sympify(index))

    index = property(lambda self: self.args[1])

    def _sympystr(self, printer):
        base = self.vec.base
        if base is not None and base.label.name == "z":  # the book's p is the softmax of z
            return f"p[{printer._print(self.index)}]"
        return super()._sympystr(printer)

    def unfold(self):
        """The definition."""
        return exp(self.vec.at(self.index)) / Sum(self.vec.map(exp))

    def _eval_is_positive(self):
        return self.vec.body.is_real


class sigmoid(Function):
    """The sigmoid, 1 / (1 + exp(-x))."""

    nargs = 1

    def unfold(self):
        """The definition."""
        return 1 / (1 + exp(-self.args[0]))

    def _eval_is_positive(self):
        return self.args[0].is_real

    def _eval_is_real(self):
        return self.args[0].is_real

    def fdiff(self, argindex=1):
        """The derivative of the definition, for SymPy; derivations use a theorem instead."""
        x = self.args[0]
        return exp(-x) / (1 + exp(-x)) ** 2


class softplus(Function):
    """The softplus, log(1 + exp(x))."""

    nargs = 1

    def unfold(self):
        """The definition."""
        return log(1 + exp(self.args[0]))

    def _eval_is_positive(self):
        return self.args[0].is_real

    def _eval_is_real(self):
        return self.args[0].is_real

    def fdiff(self, argindex=1):
        """The derivative of the definition, for SymPy; derivations use a theorem instead."""
        return sigmoid(self.args[0])


class Diff(Expr):
    """The derivative of an expression by a symbol or a component such as z[j], unevaluated."""

    is_commutative = True

    def __new__(cls, expr, by):
        """The derivative of `expr`; raises `TypeError` if `by` does not vary continuously."""
        expr, by = sympify(expr), sympify(by)
        if not isinstance(by, (Symbol, Indexed)):
            raise TypeError(f"Diff: differentiate by a symbol or an indexed component, got {by!r}")
        if by.is_integer:
            raise TypeError(
                f"Diff: {by} is an integer; differentiate by something that varies continuously"
            )
        return Expr.__new__(cls, expr, by)

    expr = property(lambda self: self.args[0])
    by = property(lambda self: self.args[1])

    def _eval_is_real(self):
        return self.expr.is_real
