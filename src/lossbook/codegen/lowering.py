"""From an expression to a program of array operations along a class axis. It knows no target.

`EACH` stands for every class at once. A sum binds its own index along the same axis, so an expression may have one such
index at a time; a second one would need a K x K array for every row and is refused.
"""

from __future__ import annotations

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

from ..expr.hypotheses import Hypothesis
from ..expr.nodes import Max, Sum, Vec, bound_indices
from ..numerics.nodes import EACH, ArgMax, Closed, Component, Grouped, expm1, log1p
from ..numerics.rewrite import Applied
from ..numerics.rewrites import CASES, ZERO_TIMES_LOG, stabilise
from .inputs import Inputs
from .leaves import Leaves
from .naming import name_of
from .program import EXTENTS, Node

FUNCTIONS = {
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
BOUNDS = {"maximum": "at_least", "minimum": "at_most"}
RELATIONS = {
    "==": "equal",
    "!=": "not_equal",
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
}


class Lowering(Leaves):
    """Lowers expressions of one loss. Common subexpressions become the same node.

    within_reach: whether logits are known to be so near 0 that nothing overflows.
    applied: the rewrites that were applied, in their order, each once.
    """

    def __init__(
        self, inputs: Inputs, given: tuple[Hypothesis, ...] = (), within_reach: bool = False
    ):
        super().__init__(inputs, given)
        self.within_reach = within_reach
        self.applied: list[Applied] = []

    def lower(self, e: Expr) -> Node:
        """The node that computes `e`."""
        if e not in self.memo:
            node = self._lower(e)
            if node.name is None and node.args and (named := name_of(e, self.inputs)):
                node.name, node.strong = named
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
            if 0 not in (here, elsewhere) and not isinstance(
                index, ArgMax
            ):  # those only leave terms out of a sum
                self._noted(
                    Applied(
                        CASES,
                        e,
                        Piecewise((here, Eq(EACH, index)), (elsewhere, True), evaluate=False),
                    )
                )
            return make("where", self._mask(index), self.lower(here), self.lower(elsewhere))
        rewritten = stabilise(e, self.given, self.within_reach)
        return self.lower(self._noted(rewritten)) if rewritten else self._as_it_stands(e)

    def _noted(self, step: Applied) -> Expr:
        self.applied.append(step)
        return step.after

    def _as_it_stands(self, e: Expr) -> Node:
        make = self.build.make
        if isinstance(e, Grouped):
            inside = e.args[0]
            return self._add(inside) if isinstance(inside, Add) else self.lower(inside)
        if isinstance(e, Closed):
            return self.lower(e.args[0])
        if isinstance(e, Component):
            whole = self.lower(e.vec.at(EACH))
            return whole if e.index == EACH else make("gather", whole, self._index(e.index))
        if isinstance(e, Add):
            return self._add(e)
        if isinstance(e, Mul):
            return self._multiply(e)
        if isinstance(e, Pow) and not isinstance(e, exp):
            return self._power(e)
        if isinstance(e, KroneckerDelta):
            same = make("equal", *(self._index(a) for a in e.args))
            return make("where", same, self.build.number(1), self.build.number(0))
        if isinstance(e, Sum):
            return self._sum(e)
        if isinstance(e, Max):
            return make("max", self._components(e.vec))
        if isinstance(e, Piecewise):
            return self._piecewise(e)
        if isinstance(e, Relational):
            return make(RELATIONS[e.rel_op], self.lower(e.lhs), self.lower(e.rhs))
        op = FUNCTIONS.get(type(e))
        if op is None:
            raise self.refuse(e, "no code is known for this node")
        nodes = sorted((self.lower(a) for a in e.args), key=lambda n: -EXTENTS.index(n.extent))
        if len(nodes) == 1:
            return make(op, *nodes)
        node = nodes[0]
        for other in nodes[
            1:
        ]:  # a bound that is a plain number is an operation of its own: targets differ in it
            node = make(BOUNDS.get(op, op) if other.extent == "scalar" else op, node, other)
        return node

    # -- sums, products, powers, cases ---------------------------------------------------------------------------

    def _in_order(self, parts: list[Expr]) -> list[Node]:
        """Small extents first, so that rows are combined before they meet whole arrays; then parameters, then the rest."""
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
        result = None
        for parts in _fraction(e):
            nodes = self._in_order(parts)
            if not nodes:
                continue
            node = nodes[0]
            for other in nodes[1:]:
                node = self.build.make("multiply", node, other)
            result = node if result is None else self.build.make("divide", result, node)
        return result

    def _scaled(self, fixed: Expr, varying: Expr) -> Node:
        """A product whose factor `fixed` does not depend on the class: rows are combined before they meet arrays."""
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

    # -- the class axis ------------------------------------------------------------------------------------------

    def _selected(self, e: Expr) -> Expr | None:
        """The class that a delta in `e` singles out among all classes, if there is one."""
        bound = bound_indices(e)
        deltas = [
            d for d in e.atoms(KroneckerDelta) if EACH in d.args and not d.free_symbols & bound
        ]
        return min((a for d in deltas for a in d.args if a != EACH), key=str, default=None)

    def _sum(self, e: Sum) -> Node:
        if e.vec.body.has(EACH):
            return self._crossed(e)
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
        self._components(e.vec)  # for its checks
        terms = [
            self._noted(Applied(ZERO_TIMES_LOG, term, after))
            if (after := ZERO_TIMES_LOG.apply(term))
            else term
            for term in Add.make_args(body)
        ]
        return self.build.make("sum", self.lower(Add(*terms)))

    def _crossed(self, e: Sum) -> Node:
        """A sum for every class: split into sums that do not depend on the class, where that can be done."""
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


def _fraction(e: Expr) -> tuple[list[Expr], list[Expr]]:
    """The factors above and below the line."""
    number, rest = e.as_coeff_Mul()
    above, below = [], []
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
