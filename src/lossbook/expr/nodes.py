"""The nodes SymPy lacks: a binder over classes, sums, softmax, and a derivative that stays put.

Every node says what it means (`unfold`), so that the prover can check a rule about it from its definition.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sympy import (
    Dummy,
    Eq,
    Expr,
    Function,
    Indexed,
    IndexedBase,
    Integer,
    KroneckerDelta,
    Ne,
    Piecewise,
    S,
    Symbol,
    exp,
    log,
    sympify,
)
from sympy import Sum as SympySum

from .rebuild import substitute

BOUND_LETTERS = ("k", "l", "m", "n", "q", "r", *(f"k{n}" for n in range(1, 100)))


def bound_index() -> Dummy:
    """A fresh bound index. Never a letter: a letter could capture a free index of the same name."""
    return Dummy("k", integer=True, positive=True)


@cache  # not SymPy's cache, which forgets: equality rests on these being the same for ever
def _canonical_index(depth: int) -> Dummy:
    return Dummy(f"k{depth}", integer=True, positive=True)


def nodes_of(expr: Expr, kind: type) -> Iterator[Expr]:
    """Every node of a kind, in no order: much faster than `preorder_traversal` where expressions are deep.

    Unlike `atoms` it keeps vectors apart that are equal but for the name of the index.
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
    """The vector whose component at index k is `body`, for k = 1, ..., n: the one binder of the calculus.

    Two vectors that differ only in the name of the bound index are equal.
    """

    def __new__(cls, body, index, size):
        body, index, size = sympify(body), sympify(index), sympify(size)
        if not isinstance(index, Symbol):
            raise TypeError(f"Vec: the bound index must be a symbol, got {index!r}")
        if not isinstance(index, Dummy) or index in bound_indices(body):
            # a letter could be captured, and so could an index that is bound again inside
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
        """The `IndexedBase` whose components these are, or None where the body is any other expression."""
        body = self.body
        if not isinstance(body, Indexed) or body.indices != (self.index,):
            return None
        return body.base if body.base.shape in (None, (self.size,)) else None

    def at(self, index) -> Expr:
        """The component at `index`."""
        return self.body.xreplace({self.index: sympify(index)})

    def _xreplace(self, rule):
        """What is bound here is not what a rule means by the same index, and nothing put in may be captured."""
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
        return 1 + max((v.depth for v in nodes_of(self.body, Vec)), default=0)

    @property
    def free_symbols(self):
        return (self.body.free_symbols - {self.index}) | self.size.free_symbols

    def letter(self, taken: frozenset[str] = frozenset()) -> Symbol:
        """A letter to show the bound index by: not `taken`, and different from every name free in the body."""
        taken = taken | {s.name for s in self.free_symbols if isinstance(s, Symbol)}
        return Symbol(
            next(name for name in BOUND_LETTERS if name not in taken), integer=True, positive=True
        )

    def _sympystr(self, printer):
        if self.base is not None:
            return printer._print(self.base)
        letter = self.letter()
        return f"{printer._print(substitute(self.body, self.index, letter))}, ({letter}, 1, {printer._print(self.size)})"

    def _hashable_content(self):
        if not hasattr(self, "_content"):
            # nothing merged: a line that still shows p/p must not be taken for the one where it has vanished
            self._content = (
                substitute(self.body, self.index, _canonical_index(self.depth)),
                self.size,
            )
        return self._content


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
        for index, lower, size in limits:
            if lower != 1:
                raise ValueError(f"Sum: indices run from 1, got lower limit {lower} for {index}")
            fresh = bound_index()  # whatever the caller used may be used again
            body = Sum(Vec(sympify(body).xreplace({index: fresh}), fresh, size))
        if limits:
            return body
        body = Vec.of(body)
        if body.body.is_zero:
            return S.Zero
        return Expr.__new__(cls, body)

    def unfold(self):
        """Written out where the number of terms is known."""
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
    """The largest component of a vector. Used to shift logits; not differentiated."""

    def __new__(cls, vec):
        return Expr.__new__(cls, Vec.of(vec))


class logsumexp(_OverVec):
    """log of the sum of the exponentials of a vector's components."""

    def __new__(cls, vec):
        return Expr.__new__(cls, Vec.of(vec))

    def unfold(self):
        """By definition."""
        return log(Sum(self.vec.map(exp)))


class softmax(_OverVec):
    """Component `index` of the softmax of a vector."""

    def __new__(cls, vec, index):
        return Expr.__new__(cls, Vec.of(vec), sympify(index))

    index = property(lambda self: self.args[1])

    def _sympystr(self, printer):
        base = self.vec.base
        if base is not None and base.label.name == "z":  # the book's p is the softmax of z
            return f"p[{printer._print(self.index)}]"
        return super()._sympystr(printer)

    def unfold(self):
        """By definition."""
        return exp(self.vec.at(self.index)) / Sum(self.vec.map(exp))

    def _eval_is_positive(self):
        return self.vec.body.is_real


class sigmoid(Function):
    """1 / (1 + exp(-x))."""

    nargs = 1

    def unfold(self):
        """By definition."""
        return 1 / (1 + exp(-self.args[0]))

    def _eval_is_positive(self):
        return self.args[0].is_real

    def _eval_is_real(self):
        return self.args[0].is_real

    def fdiff(self, argindex=1):
        """The definition's derivative; the book derives it before it uses it."""
        x = self.args[0]
        return exp(-x) / (1 + exp(-x)) ** 2


class softplus(Function):
    """log(1 + exp(x))."""

    nargs = 1

    def unfold(self):
        """By definition."""
        return log(1 + exp(self.args[0]))

    def _eval_is_positive(self):
        return self.args[0].is_real

    def _eval_is_real(self):
        return self.args[0].is_real

    def fdiff(self, argindex=1):
        """The definition's derivative."""
        return sigmoid(self.args[0])


class Diff(Expr):
    """The derivative of an expression by a symbol or a component such as z[j], not yet carried out."""

    is_commutative = True

    def __new__(cls, expr, by):
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


def depends_on(expr: Expr, by: Expr) -> bool:
    """Whether `expr` mentions the variable `by` (for z[j]: any component of z)."""
    if isinstance(by, Indexed):
        return any(a.base == by.base for a in nodes_of(expr, Indexed))
    return expr.has(by)


def switches_at_points(cases: Piecewise, by: Expr) -> bool:
    """Whether a case holds only where the variable has one value: no derivative can be taken case by case there."""
    return any(depends_on(c, by) and c.has(Eq, Ne) for _, c in cases.args if c is not S.true)


def coordinate(a: Expr, b: Expr) -> Expr:
    """d a / d b for two coordinates: 1 or 0 for symbols, a product of Kronecker deltas for components."""
    if isinstance(a, Indexed) and isinstance(b, Indexed) and a.base == b.base:
        result = S.One
        for left, right in zip(a.indices, b.indices, strict=True):
            result *= KroneckerDelta(left, right)
        return result
    return S.One if a == b else S.Zero


def index_ranges(expr: Expr) -> dict[Expr, list[Expr]]:
    """The sizes that each free index (or number used as one) runs to: where it stands in arrays, else beside deltas."""
    firm: dict[Expr, list[Expr]] = {}
    beside: dict[Expr, list[Expr]] = {}

    def note(where, index, size):
        for s in [index] if index.is_Integer and where is firm else index.free_symbols:
            if size not in where.setdefault(s, []) and size is not None:
                where[s].append(size)

    def visit(e, bound):
        if isinstance(e, Indexed):
            shape = e.shape if e.base.shape is not None else (None,) * len(e.indices)
            for index, size in zip(e.indices, shape, strict=True):
                note(firm, index, size)
        elif isinstance(e, KroneckerDelta):
            for a, b in (e.args, e.args[::-1]):
                size = bound.get(b)  # of no use where it changes with another sum's index
                note(beside, a, None if size is None or size.free_symbols & set(bound) else size)
        elif isinstance(e, Vec):
            visit(e.body, {**bound, e.index: e.size})
        else:
            if isinstance(e, softmax):
                note(firm, e.index, e.vec.size)
            for a in e.args:
                visit(a, bound)

    visit(expr, {})
    bound = bound_indices(expr)
    return {s: firm.get(s) or beside.get(s, []) for s in {**beside, **firm} if s not in bound}


def free_indices(expr: Expr) -> dict[Symbol, Expr | None]:
    """The free index symbols of an expression, each with the size of its range where the expression shows it."""
    ranges = {s: sizes for s, sizes in index_ranges(expr).items() if isinstance(s, Symbol)}
    partners = {frozenset(d.args) for d in nodes_of(expr, KroneckerDelta)}
    found = {s: sizes[0] if sizes else None for s, sizes in ranges.items()}
    for pair in partners:  # an index that stands only beside another one runs as far as that one
        for a in pair:
            if a in found and found[a] is None:
                found[a] = next((found[b] for b in pair - {a} if found.get(b) is not None), None)
    return found


def import_sympy(expr) -> Expr:
    """The same mathematics in this calculus: SymPy's sums become `Sum`, cases on indices become deltas."""
    expr = import_sums(expr)

    def cases(e):
        result, rest = S.Zero, S.One
        for value, condition in e.args:
            delta = S.One if condition is S.true else KroneckerDelta(condition.lhs, condition.rhs)
            result += rest * delta * value
            rest *= 1 - delta
        return result

    def on_indices(e):
        return (
            isinstance(e, Piecewise)
            and e.args[-1].cond is S.true
            and all(
                c is S.true or (isinstance(c, Eq) and c.lhs.is_integer and c.rhs.is_integer)
                for _, c in e.args
            )
        )

    return expr.replace(on_indices, cases)


def import_sums(expr) -> Expr:
    """SymPy's sums as `Sum`, everything else as it is."""
    return sympify(expr).replace(
        lambda e: isinstance(e, SympySum), lambda e: Sum(e.function, *e.limits)
    )
