"""Value and gradient of a loss as loops over the classes of one row: what is computed in which loop.

The operations are those of the other targets, from one lowering of both. Before they are laid out, three exact identities
make them cheaper in loops: a factor of the row leaves a sum, a shared division becomes a product, and the class of the
largest component is the first one that equals the maximum.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sympy import Indexed

from ..calculus.derive import derivative
from ..calculus.nodes import Diff
from ..losses import Loss
from ..numerics.forms import EACH
from .inputs import Inputs, LoweringError, inputs_of
from .lowering import Lowering
from .program import Builder, Node

REDUCTIONS = ("sum", "max", "first")
EXPENSIVE = ("exp", "log", "log1p", "power")
RENAMED = ("keep_axis", "drop_axis")  # of one row there is no axis to put in or take out


@dataclass
class Loop:
    """One pass over the classes: the row's numbers that come before it, its reductions, its results."""

    before: list[Node] = field(default_factory=list)
    reductions: list[Node] = field(default_factory=list)
    results: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Fused:
    """The loops in order; `after` comes last. gradient: its part that depends on the class, without `factor`, which is
    one number for each row (None: 1). Both are None where only the value is computed. stored: what is kept from one loop
    to another, and in which loop it is computed.
    """

    inputs: Inputs
    value: Node
    gradient: Node | None
    factor: Node | None
    loops: tuple[Loop, ...]
    after: tuple[Node, ...]
    stored: dict[Node, int]


def fused(loss: Loss, gradient: bool = True) -> Fused:
    """The loops for the value of a loss, and its gradient.

    Raises `LoweringError` for an activation, and for what the lowering refuses.
    """
    if loss.is_activation:
        raise LoweringError(f"activation {loss.name}: only a loss is computed with its gradient in one go")
    inputs = inputs_of(loss)
    lowering, loops = Lowering(inputs, loss.given), _Cheaper()
    index = loss.wrt.indices[0] if isinstance(loss.wrt, Indexed) else None
    value = loops.of(lowering.lower(loss.expr))
    if not gradient:
        return _laid_out(inputs, value, None, None)
    slope = derivative(Diff(loss.expr, loss.wrt), loss.given)
    node = loops.of(lowering.lower(slope.xreplace({index: EACH}) if index else slope))
    factor, rest = (None, node) if inputs.size is None else loops.factor(node)
    return _laid_out(inputs, value, rest or loops.build.number(1), factor)


class _Cheaper:
    """The same nodes, rebuilt with what is cheaper in a loop."""

    def __init__(self):
        self.build = Builder()
        self.memo: dict[Node, Node] = {}

    def of(self, node: Node) -> Node:
        """The node in its cheaper form."""
        if node not in self.memo:
            made = self._of(node)
            if made.name is None and made.args and made.op not in ("where", "number"):
                made.name = node.name
            self.memo[node] = made
        return self.memo[node]

    def _of(self, node: Node) -> Node:
        make = self.build.make
        if node.op == "number":
            return self.build.number(node.value)
        if node.op == "input":
            return self.build.input(node.value, node.extent)
        args = [self.of(a) for a in node.args]
        if node.op in RENAMED:
            return args[0]
        if node.op == "sum":
            return self._sum(args[0])
        if node.op == "argmax":
            return make("first", args[0], make("max", args[0]))
        if node.op == "divide" and node.extent == "each" and args[0].op != "number":
            return make("multiply", args[0], make("divide", self.build.number(1), args[1]))
        return make(node.op, *args)

    def _sum(self, body: Node) -> Node:
        factor, rest = self.factor(body)
        if rest is None:
            raise LoweringError("a sum of what does not depend on the class is a product")
        total = self.build.make("sum", rest)
        return total if factor is None else self.build.make("multiply", factor, total)

    def factor(self, node: Node) -> tuple[Node | None, Node | None]:
        """A node as a product: one number for each row, and the rest; None for 1."""
        if node.extent != "each":
            return node, None
        make = self.build.make
        if node.op == "negative":
            factor, rest = self.factor(node.args[0])
            return (factor, make("negative", rest)) if factor is None else (make("negative", factor), rest)
        if node.op == "multiply":
            (f, a), (g, b) = map(self.factor, node.args)
            return self._product(f, g), self._product(a, b)
        if node.op == "where" and node.args[1].op == "number" and node.args[1].value == 0:
            factor, rest = self.factor(node.args[2])
            rest = rest or self.build.number(1)
            return factor, make("where", node.args[0], node.args[1], rest)
        return None, node

    def _product(self, a: Node | None, b: Node | None) -> Node | None:
        return b if a is None else a if b is None else self.build.make("multiply", a, b)


def _laid_out(inputs: Inputs, value: Node, gradient: Node | None, factor: Node | None) -> Fused:
    levels: dict[Node, int] = {}
    order: list[Node] = []

    def level(node: Node) -> int:
        """How many loops come before this node can be computed."""
        if node not in levels:
            own = max((level(a) for a in node.args), default=0)
            levels[node] = own + (node.op in REDUCTIONS)
            order.append(node)
        return levels[node]

    results = [n for n in (gradient, value if value.extent == "each" else None) if n is not None]
    last = max(level(n) for n in (value, gradient, factor) if n is not None)
    # a loop for the results, after everything that they and the value need: they may overwrite the logits
    loops = [Loop() for _ in range(last + bool(results))]
    for node in order:
        if node.extent == "row" and node.op in REDUCTIONS:
            loops[levels[node] - 1].reductions.append(node)
        elif node.extent == "row" and node.op != "input" and levels[node] < len(loops):
            loops[levels[node]].before.append(node)
    after = tuple(
        n for n in order if n.extent == "row" and n.op not in (*REDUCTIONS, "input") and levels[n] >= len(loops)
    )
    if results:
        loops[-1].results.extend(results)
    return Fused(inputs, value, gradient, factor, tuple(loops), after, _stored(loops))


def _stored(loops: list[Loop]) -> dict[Node, int]:
    """What is expensive and needed in more than one loop, with its first."""
    first: dict[Node, int] = {}
    stored: dict[Node, int] = {}
    for n, loop in enumerate(loops):
        stack, seen = [a for r in loop.reductions for a in r.args] + loop.results, set()
        while stack:
            node = stack.pop()
            if node in seen or node.extent != "each":
                continue
            seen.add(node)
            if node.op in EXPENSIVE and first.setdefault(node, n) != n:
                stored[node] = first[node]
            if node not in stored or stored[node] == n:
                stack.extend(node.args)
    return stored
