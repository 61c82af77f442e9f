"""Value and gradient of a loss as loops over the classes of one row: what is computed in which loop.

The operations are those of the other targets, from one lowering of both. Before they are laid out, exact identities make them
cheaper in loops: a factor of the row leaves a sum, a shared division becomes a product, the class of the largest component
is the first one that equals the maximum, and log(1 + x) of an exponential that is at most 1 needs no exponent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

from sympy import Expr, Indexed, Integer, Symbol

from ...calculus.derive import derivative
from ...calculus.prove import NotEqualError, prove_equal
from ...expr.nodes import Diff
from ...losses import Loss
from ...notation import sigmoid
from ...numerics.nodes import EACH
from ..inputs import Inputs, LoweringError, inputs_of
from ..lowering import Lowering
from ..program import Builder, Node

REDUCTIONS = ("sum", "max", "first")
EXPENSIVE = ("exp", "log", "log1p", "log1p_to_one", "power")
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

    def nodes(self) -> list[Node]:
        """All that is computed, in no order that means anything but always the same."""
        found: dict[Node, None] = {}
        stack = [n for n in (self.value, self.gradient, self.factor) if n is not None]
        while stack:
            node = stack.pop()
            if node not in found:
                found[node] = None
                stack.extend(node.args)
        return list(found)


def has_near(loss: Loss) -> bool:
    """Whether logits within reach have kernels of their own: where there are exponentials, and a row has one target class
    or no classes.
    """
    by_class = inputs_of(loss).size is not None
    return (
        not any(a.role == "array" for a in inputs_of(loss).listed)
        if by_class
        else loss.expr.has(sigmoid)
    )


def fused(loss: Loss, gradient: bool = True, near: bool = False) -> Fused:
    """The loops for the value of a loss, and its gradient; near: for logits within reach.

    Raises `LoweringError` for an activation, and for what the lowering refuses.
    """
    if loss.is_activation:
        raise LoweringError(
            f"activation {loss.name}: only a loss is computed with its gradient in one go"
        )
    inputs = inputs_of(loss)
    lowering = Lowering(inputs, loss.given, bounded=near)
    expr, mirror = loss.expr, mirrored(loss) if near and inputs.size is None else None
    if mirror is not None:
        expr, images = mirror
        loops = _Mirrored(inputs, images)
    else:
        loops = _AroundTarget(inputs) if near and inputs.size is not None else _Cheaper()
    index = loss.wrt.indices[0] if isinstance(loss.wrt, Indexed) else None
    value = loops.of(lowering.lower(expr))
    if not gradient:
        return _laid_out(inputs, value, None, None, near)
    slope = derivative(Diff(expr, loss.wrt), loss.given)
    node = loops.of(lowering.lower(slope.xreplace({index: EACH}) if index else slope))
    if mirror is not None:
        node = loops.signed(node)
    factor, rest = (None, node) if inputs.size is None else loops.factor(node)
    return _laid_out(inputs, value, rest or loops.build.number(1), factor, near)


def mirrored(loss: Loss) -> tuple[Expr, dict[Symbol, Expr]] | None:
    """A loss of single outputs whose targets are 0 or 1, as one of its two halves: what it is at the target 1, and what
    stands for its numbers where the target is 0. Proved: there it is its half at the other sign of the logit, with those
    numbers. None where no such numbers are found, or nothing is gained.
    """
    inputs = inputs_of(loss)
    by_role = {
        role: [s for s, a in inputs.by_symbol.items() if a.role == role]
        for role in ("array", "scalar")
    }
    if len(by_role["array"]) != 1 or not loss.expr.has(sigmoid):
        return None
    one, zero = (loss.expr.xreplace({by_role["array"][0]: Integer(n)}) for n in (1, 0))
    for images in product(*((a, 1 - a, Integer(1)) for a in by_role["scalar"])):
        numbers = dict(zip(by_role["scalar"], images, strict=True))
        half = one.subs({loss.wrt: -loss.wrt, **numbers}, simultaneous=True)
        try:
            if prove_equal(zero, half, given=loss.given).proved:
                return one, numbers
        except NotEqualError:
            continue
    return None


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
        if node.op == "log1p" and args[0].op == "exp" and _is_not_positive(args[0].args[0]):
            return make("log1p_to_one", args[0])
        if node.op == "argmax":
            return make("first", args[0], make("max", args[0]))
        if node.op == "divide" and node.extent == "each" and args[0].op != "number":
            return make("multiply", args[0], make("divide", self.build.number(1), args[1]))
        return make(node.op, *args)

    def _sum(self, body: Node) -> Node:
        factor, rest = self.factor(body)
        if rest is None:
            raise LoweringError("a sum of what does not depend on the class is a product")
        total = self._total(rest)
        return total if factor is None else self.build.make("multiply", factor, total)

    def _total(self, body: Node) -> Node:
        """The sum over the classes of what has no factor of the row."""
        return self.build.make("sum", body)

    def factor(self, node: Node) -> tuple[Node | None, Node | None]:
        """A node as a product: one number for each row, and the rest; None for 1."""
        if node.extent != "each":
            return node, None
        make = self.build.make
        if node.op == "negative":
            factor, rest = self.factor(node.args[0])
            return (
                (factor, make("negative", rest))
                if factor is None
                else (make("negative", factor), rest)
            )
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


def _is_not_positive(node: Node) -> bool:
    return node.op == "negative" and node.args[0].op == "abs"


class _AroundTarget(_Cheaper):
    """For rows with one target class: every sum is that over the other classes, and the target's part. All parts are
    positive, so nothing cancels, and one sum serves where there were two.
    """

    def __init__(self, inputs: Inputs):
        super().__init__()
        listed = {a.role: a.name for a in inputs.listed}
        logits = self.build.input(listed["logits"], "each")
        self.index = self.build.input(listed["class index"], "row")
        classes = self.build.make("classes", logits, self.build.make("along", logits))
        self.is_target = self.build.make("equal", classes, self.index)

    def _of(self, node: Node) -> Node:
        made, make = super()._of(node), self.build.make
        if made.op == "exp" and made.args[0].op == "gather":  # looked up among those of all classes
            return self._at_target(make("exp", made.args[0].args[0]))
        if made.op == "divide" and made.extent == "row" and self._is_exp(made.args[0]):
            return make(
                "multiply", made.args[0], make("divide", self.build.number(1), made.args[1])
            )
        if made.op == "exp" and made.args[0].op == "negative" and made.extent == "row":
            return make("divide", self.build.number(1), self.of(make("exp", made.args[0].args[0])))
        if made.op == "where" and made.extent == "each" and made.args[1].extent == "row":
            factor, rest = self.factor(made.args[2])
            here = factor and self.without(made.args[1], factor)
            if here is not None:
                return make(
                    "multiply",
                    factor,
                    make("where", made.args[0], here, rest or self.build.number(1)),
                )
        return made

    def _is_exp(self, node: Node) -> bool:
        return (node.args[0] if node.op == "gather" else node).op == "exp"

    def without(self, node: Node, factor: Node) -> Node | None:
        """A product without one of its factors, or None."""
        if node.op == "negative" and (rest := self.without(node.args[0], factor)) is not None:
            return self.build.make("negative", rest)
        if node.op == "multiply" and factor in node.args:
            return node.args[node.args[0] is factor]
        return None

    def _total(self, body: Node) -> Node:
        make = self.build.make
        if body.op == "where" and body.args[0] is self.is_target:
            return make("sum", body)
        others = make("sum", make("where", self.is_target, self.build.number(0), body))
        return make("add", others, self._at_target(body))

    def _at_target(self, body: Node) -> Node:
        """What a function of the logits is at the target."""
        if body.op in ("input", "exp"):
            return self.build.make("gather", body, self.index)
        return self.build.make(
            body.op, *(self._at_target(a) if a.extent == "each" else a for a in body.args)
        )


class _Mirrored(_Cheaper):
    """For targets that are 0 or 1, of a loss as `mirrored` has it: one half serves for both."""

    def __init__(self, inputs: Inputs, images: dict[Symbol, Expr]):
        super().__init__()
        make, number = self.build.make, self.build.number
        listed = {a.role: a.name for a in inputs.listed}
        logits = self.build.input(listed["logits"], "each")
        self.is_one = make("equal", self.build.input(listed["array"], "each"), number(1))
        self.instead = {
            listed["logits"]: make("where", self.is_one, logits, make("negative", logits))
        }
        for symbol, image in images.items():
            name = inputs.by_symbol[symbol].name
            own = self.build.input(name, "scalar")
            if image != symbol:
                other = number(1) if image == 1 else make("subtract", number(1), own)
                self.instead[name] = make("where", self.is_one, own, other)

    def _of(self, node: Node) -> Node:
        if node.op == "input" and node.value in self.instead:
            return self.instead[node.value]
        made = super()._of(node)
        if made.op == "abs" and made.args[0] in self.instead.values():
            return self.build.make("abs", made.args[0].args[1])  # of either sign
        return made

    def signed(self, slope: Node) -> Node:
        """The derivative by the logit, from that of the half."""
        return self.build.make("where", self.is_one, slope, self.build.make("negative", slope))


def _laid_out(
    inputs: Inputs, value: Node, gradient: Node | None, factor: Node | None, near: bool
) -> Fused:
    levels: dict[Node, int] = {}
    order: list[Node] = []

    def level(node: Node) -> int:
        """How many loops come before this node can be computed."""
        if node not in levels:
            own = max((level(a) for a in node.args), default=0)
            late = near and node.op == "gather"  # once the loop has brought the logits near
            levels[node] = max(own, 1) if late else own + (node.op in REDUCTIONS)
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
        n
        for n in order
        if n.extent == "row" and n.op not in (*REDUCTIONS, "input") and levels[n] >= len(loops)
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
