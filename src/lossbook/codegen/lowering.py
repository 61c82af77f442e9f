"""From an expression to a program of array operations along a class axis, for every target.

`EACH` stands for every class at once. A sum binds its own index along the same axis, so only one
such index may be in use at a time; a second one would need a K x K array for every row and is
refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import sympy
from sympy import (
    Abs,
    Add,
    Eq,
    Expr,
    Indexed,
    KroneckerDelta,
    Mul,
    Piecewise,
    Pow,
    S,
    Symbol,
    exp,
    expand,
    log,
    sign,
)
from sympy.core.relational import Relational

from ..expr.dispatch import entry_for
from ..expr.hypotheses import Hypothesis
from ..expr.nodes import Max, Sum, Vec, bound_indices
from ..numerics.nodes import EACH, ArgMax, Closed, Component, Grouped, expm1, log1p
from ..numerics.rewrites import CASES, ZERO_TIMES_LOG, Applied, first_rewrite
from .inputs import Inputs
from .leaves import Leaves
from .naming import name_of
from .program import EXTENTS, Node

FUNCTION_OPS: Mapping[type, str] = {
    exp: "exp",
    log: "log",
    log1p: "log1p",
    expm1: "expm1",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sympy.tan: "tan",
    sympy.tanh: "tanh",
    sympy.sinh: "sinh",
    sympy.cosh: "cosh",
    sympy.atan: "atan",
    sympy.erf: "erf",
    Abs: "abs",
    sign: "sign",
    sympy.Max: "maximum",
    sympy.Min: "minimum",
    sympy.And: "and",
    sympy.Or: "or",
    sympy.Not: "not",
}
# A bound that is a plain number is an operation of its own, since targets write it differently.
BOUND_OPS = {"maximum": "at_least", "minimum": "at_most"}
RELATION_OPS = {
    "==": "equal",
    "!=": "not_equal",
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
}


class Lowering(Leaves):
    """Lowers expressions of one loss. Common subexpressions become the same node.

    bounded: whether logits are known to be so near 0 that nothing overflows. applied: the rewrites
    that were applied, in this order. RULES: how each type of node is lowered.
    """

    def __init__(self, inputs: Inputs, given: tuple[Hypothesis, ...] = (), bounded: bool = False):
        super().__init__(inputs, given)
        self.bounded = bounded
        self.applied: list[Applied] = []

    def lower(self, e: Expr) -> Node:
        """The node that computes `e`."""
        if e not in self.memo:
            node = self._lower(e)
            if node.name is None and node.args and (named := name_of(e, self.inputs)):
                node.name, node.own_line = named
            self.memo[e] = node
        return self.memo[e]

    def _lower(self, e: Expr) -> Node:
        make = self.build.make
        if isinstance(e, (Symbol, Indexed)):
            return self._leaf(e)
        if e.is_number and not e.free_symbols:
            return self._number(e)
        if isinstance(e, Mul):
            number, rest = e.as_coeff_Mul()
            if number.is_negative:
                return make("negative", self.lower(-e))
            fixed, varying = rest.as_independent(EACH, as_Add=False)
            if fixed != 1 and varying != 1 and not isinstance(varying, Pow):
                return self._scaled(number * fixed, varying)
        if (index := self._selected(e)) is not None:
            delta = KroneckerDelta(EACH, index)
            here, elsewhere = e.xreplace({EACH: index}), e.xreplace({delta: S.Zero})
            # A case that is 0, or that is about the largest class, only leaves terms out of a sum.
            if 0 not in (here, elsewhere) and not isinstance(index, ArgMax):
                cases = Piecewise((here, Eq(EACH, index)), (elsewhere, True), evaluate=False)
                self._record(Applied(CASES, e, cases))
            return make("where", self._mask(index), self.lower(here), self.lower(elsewhere))
        rewritten = first_rewrite(e, self.given, self.bounded)
        return self.lower(self._record(rewritten)) if rewritten else self._lower_node(e)

    def _record(self, step: Applied) -> Expr:
        self.applied.append(step)
        return step.after

    def _lower_node(self, e: Expr) -> Node:
        """The node for an expression that no rewrite applies to."""
        rule = entry_for(e, self.RULES)
        if rule is None:
            raise self.refuse(e, "no code is known for this node")
        return rule(self, e)

    # -- one method for each type of node ----------------------------------------------------------

    def _grouped(self, e: Grouped) -> Node:
        inside = e.args[0]
        return self._add(inside) if isinstance(inside, Add) else self.lower(inside)

    def _closed(self, e: Closed) -> Node:
        return self.lower(e.args[0])

    def _component(self, e: Component) -> Node:
        vector = self.lower(e.vec.at(EACH))
        if e.index == EACH:
            return vector
        return self.build.make("gather", vector, self._index(e.index))

    def _delta(self, e: KroneckerDelta) -> Node:
        same = self.build.make("equal", *(self._index(a) for a in e.args))
        return self.build.make("where", same, self.build.number(1), self.build.number(0))

    def _max(self, e: Max) -> Node:
        return self.build.make("max", self._components(e.vec))

    def _relation(self, e: Relational) -> Node:
        return self.build.make(RELATION_OPS[e.rel_op], self.lower(e.lhs), self.lower(e.rhs))

    def _function(self, e: Expr) -> Node:
        op = FUNCTION_OPS[type(e)]
        nodes = sorted((self.lower(a) for a in e.args), key=lambda n: -EXTENTS.index(n.extent))
        if len(nodes) == 1:
            return self.build.make(op, *nodes)
        node = nodes[0]
        for other in nodes[1:]:
            node = self.build.make(
                BOUND_OPS.get(op, op) if other.extent == "scalar" else op, node, other
            )
        return node

    # -- sums, products, powers, cases -------------------------------------------------------------

    def _in_order(self, parts: list[Expr]) -> list[Node]:
        """The nodes of factors or terms: small extents first, then parameters, then the rest.

        So values of rows are combined before they are broadcast to whole arrays.
        """
        nodes = [(self.lower(a), not self._is_parameter(a), str(a)) for a in parts]
        return [n[0] for n in sorted(nodes, key=lambda n: (EXTENTS.index(n[0].extent), *n[1:]))]

    def _is_parameter(self, e: Expr) -> bool:
        argument = self.inputs.by_symbol.get(e.base if isinstance(e, Indexed) else e)
        return argument is not None and argument.keyword

    def _add(self, e: Add) -> Node:
        signed = {-a if a.as_coeff_Mul()[0].is_negative else a: a for a in e.args}
        plus = self._in_order([a for a, original in signed.items() if a is original])
        minus = self._in_order([a for a, original in signed.items() if a is not original])
        node = plus[0] if plus else self.build.make("negative", minus.pop(0))
        for other in plus[1:]:
            node = self.build.make("add", node, other)
        for other in minus:
            node = self.build.make("subtract", node, other)
        return node

    def _multiply(self, e: Mul) -> Node:
        above, below = _fraction(e)
        node = self._product(above)
        return self.build.make("divide", node, self._product(below)) if below else node

    def _product(self, factors: list[Expr]) -> Node:
        node, *others = self._in_order(factors)
        for other in others:
            node = self.build.make("multiply", node, other)
        return node

    def _scaled(self, fixed: Expr, varying: Expr) -> Node:
        """A product in which only `varying` depends on the class.

        The factors of `fixed` are combined before they are broadcast along the class axis.
        """
        above, below = (Mul(*part) for part in _fraction(fixed))
        node = self.lower(varying)
        node = node if above == 1 else self.build.make("multiply", self.lower(above), node)
        return node if below == 1 else self.build.make("divide", node, self.lower(below))

    def _power(self, e: Pow) -> Node:
        if e.exp.is_Rational and e.exp.is_negative:
            return self.build.make("divide", self.build.number(1), self.lower(1 / e))
        if e.exp == S.Half:
            return self.build.make("sqrt", self.lower(e.base))
        return self.build.make("power", self.lower(e.base), self.lower(e.exp))

    def _piecewise(self, e: Piecewise) -> Node:
        *cases, (last, condition) = e.args
        if condition is not S.true:
            raise self.refuse(e, "the last case must hold everywhere")
        node = self.lower(last)
        for value, condition in reversed(cases):
            node = self.build.make("where", self.lower(condition), self.lower(value), node)
        return node

    # -- the class axis ----------------------------------------------------------------------------

    def _selected(self, e: Expr) -> Expr | None:
        """The class that a delta in `e` compares every class with, if there is one."""
        bound = bound_indices(e)
        deltas = [
            d for d in e.atoms(KroneckerDelta) if EACH in d.args and not d.free_symbols & bound
        ]
        return min((a for d in deltas for a in d.args if a != EACH), key=str, default=None)

    def _sum(self, e: Sum) -> Node:
        if e.vec.body.has(EACH):
            return self._sum_for_each_class(e)
        body = e.vec.at(EACH)
        fixed, varying = body.as_independent(EACH, as_Add=False)
        if varying == 1:
            return self.lower(fixed * e.vec.size)
        if fixed != 1:
            return self.lower(
                fixed * Sum(Vec(varying.xreplace({EACH: e.vec.index}), e.vec.index, e.vec.size))
            )
        index = self._selected(body)
        if index is not None and body.xreplace({KroneckerDelta(EACH, index): S.Zero}) == 0:
            return self.lower(body.xreplace({EACH: index}))
        self._components(e.vec)  # raises for a sum that cannot be lowered
        terms = [
            self._record(Applied(ZERO_TIMES_LOG, term, after))
            if (after := ZERO_TIMES_LOG.apply(term))
            else term
            for term in Add.make_args(body)
        ]
        return self.build.make("sum", self.lower(Add(*terms)))

    def _sum_for_each_class(self, e: Sum) -> Node:
        """A sum that depends on the class, split into sums that do not."""
        n = e.vec.index
        pieces = []
        for term in Add.make_args(
            expand(e.vec.body, power_exp=False, log=False, power_base=False, basic=False)
        ):
            outside, inside = term.as_independent(n, as_Add=False)
            delta = next((d for d in Mul.make_args(inside) if d == KroneckerDelta(n, EACH)), None)
            if delta is not None:
                pieces.append((term / delta).xreplace({n: EACH}))
            elif inside.has(EACH):
                raise self.refuse(
                    e, "for every class it sums over all classes: a K x K array for each row"
                )
            else:
                pieces.append(
                    outside * (Sum(Vec(inside, n, e.vec.size)) if inside != 1 else e.vec.size)
                )
        return self.lower(Add(*pieces))

    RULES: ClassVar[Mapping[type, Callable[[Lowering, Any], Node]]] = {
        **dict.fromkeys(FUNCTION_OPS, _function),
        Grouped: _grouped,
        Closed: _closed,
        Component: _component,
        Add: _add,
        Mul: _multiply,
        Pow: _power,
        KroneckerDelta: _delta,
        Sum: _sum,
        Max: _max,
        Piecewise: _piecewise,
        Relational: _relation,
    }


def _fraction(e: Expr) -> tuple[list[Expr], list[Expr]]:
    """The factors of numerator and denominator."""
    number, rest = e.as_coeff_Mul()
    above: list[Expr] = []
    below: list[Expr] = []
    for f in Mul.make_args(rest):
        inverse = (
            isinstance(f, Pow)
            and not isinstance(f, exp)
            and f.exp.is_Rational
            and f.exp.is_negative
        )
        if f != 1:
            (below if inverse else above).append(1 / f if inverse else f)
    top, bottom = number.as_numer_denom()
    if top != 1 or not above:
        above.append(top)
    if bottom != 1:
        below.append(bottom)
    return above, below
