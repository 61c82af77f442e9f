"""Value and gradient of a loss as passes over the classes of a row: what is computed in which pass.

The operations are those of the other targets, from the same lowering, after the rewrites of
`rewrites.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sympy import Indexed

from ...calculus.derive import derivative
from ...expr.nodes import Diff
from ...losses import Loss
from ...notation import sigmoid
from ...numerics.nodes import EACH
from ..inputs import Inputs, LoweringError, inputs_of
from ..lowering import Lowering
from ..program import Node
from .rewrites import STRENGTH_REDUCTION, Rewriter, around_target, at_either_target, mirrored

REDUCTIONS = ("sum", "max", "first")
EXPENSIVE = ("exp", "log", "log1p", "log1p_to_one", "power")


@dataclass
class ClassPass:
    """One pass over the classes.

    Attributes:
        before: The numbers of the row that are computed before the pass.
        reductions: The numbers of the row that the pass computes.
        results: What it computes for each class: the gradient, or the value of single outputs. Only
            the last pass has any, and it has none where a row needs nothing but its value.
    """

    before: list[Node] = field(default_factory=list)
    reductions: list[Node] = field(default_factory=list)
    results: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Fused:
    """The passes in order.

    Attributes:
        inputs: The inputs of the loss.
        value: The value of the loss.
        gradient: The part of the gradient that depends on the class; None where only the value is
            computed.
        factor: What the gradient of a row is multiplied by, one number for each row; None for 1.
        passes: The passes in order.
        stored: What a pass stores for later ones, with the number of the pass that computes it.
    """

    inputs: Inputs
    value: Node
    gradient: Node | None
    factor: Node | None
    passes: tuple[ClassPass, ...]
    stored: dict[Node, int]

    @property
    def by_class(self) -> bool:
        """Whether a row has classes; otherwise it is a single output."""
        return self.inputs.size is not None

    def nodes(self) -> list[Node]:
        """All that is computed, each node once, in a fixed order."""
        found: dict[Node, None] = {}
        stack = [n for n in (self.value, self.gradient, self.factor) if n is not None]
        while stack:
            node = stack.pop()
            if node not in found:
                found[node] = None
                stack.extend(node.args)
        return list(found)


def has_bounded(loss: Loss) -> bool:
    """Whether there is a kernel for bounded logits.

    There is one if the loss has exponentials, and its rows have one target class or no classes.
    """
    if inputs_of(loss).size is None:
        return loss.expr.has(sigmoid)
    return not any(a.role == "array" for a in inputs_of(loss).listed)


def fused(loss: Loss, gradient: bool = True, bounded: bool = False) -> Fused:
    """The passes for the value of a loss, and for its gradient.

    Args:
        loss: Any but an activation.
        gradient: Whether the gradient is computed too.
        bounded: Whether the logits are known to be so close to 0 that nothing overflows.

    Raises:
        LoweringError: For an activation, and for what the lowering refuses.
    """
    if loss.is_activation:
        raise LoweringError(
            f"activation {loss.name}: only a loss is computed with its gradient in one go"
        )
    inputs, expr, is_one = inputs_of(loss), loss.expr, None
    rewriter = Rewriter(STRENGTH_REDUCTION)
    if bounded and inputs.size is not None:
        rewriter = around_target(inputs)
    elif bounded and (halves := mirrored(loss)):
        expr, images = halves
        rewriter, is_one = at_either_target(inputs, images)
    lowering = Lowering(inputs, loss.given, bounded=bounded)
    value = rewriter.of(lowering.lower(expr))
    if not gradient:
        return schedule(inputs, value, bounded=bounded)
    grad = derivative(Diff(expr, loss.wrt), loss.given)
    index = loss.wrt.indices[0] if isinstance(loss.wrt, Indexed) else None
    node = rewriter.of(lowering.lower(grad.xreplace({index: EACH}) if index else grad))
    if is_one:
        node = rewriter.make("where", is_one, node, rewriter.make("negative", node))
    factor, rest = (None, node) if inputs.size is None else rewriter.factored(node)
    return schedule(inputs, value, rest or rewriter.number(1), factor, bounded)


def schedule(
    inputs: Inputs,
    value: Node,
    gradient: Node | None = None,
    factor: Node | None = None,
    bounded: bool = False,
) -> Fused:
    """Which pass computes what.

    A node is computed as early as its arguments are known, results last: they may overwrite the
    logits.
    """
    levels: dict[Node, int] = {}

    def level(node: Node) -> int:
        """How many passes come before this node can be computed."""
        if node not in levels:
            own = max((level(a) for a in node.args), default=0)
            # The first pass checks that the logits are within the bound.
            is_late = bounded and node.op == "gather"
            levels[node] = max(own, 1) if is_late else own + (node.op in REDUCTIONS)
        return levels[node]

    results = [n for n in (gradient, value if value.extent == "each" else None) if n is not None]
    last = max(level(n) for n in (value, gradient, factor) if n is not None)
    passes = [ClassPass() for _ in range(last + 1)]
    for node, at in levels.items():
        if node.extent == "row" and node.op in REDUCTIONS:
            passes[at - 1].reductions.append(node)
        elif node.extent == "row" and node.op != "input":
            passes[at].before.append(node)
    passes[-1].results.extend(results)
    return Fused(inputs, value, gradient, factor, tuple(passes), _stored(passes))


def _stored(passes: list[ClassPass]) -> dict[Node, int]:
    """What is expensive and needed in more than one pass, with its first."""
    first: dict[Node, int] = {}
    stored: dict[Node, int] = {}
    for n, one in enumerate(passes):
        stack, seen = [a for r in one.reductions for a in r.args] + one.results, set()
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


def in_pass(program: Fused, number: int) -> Iterator[Node]:
    """The nodes of a pass, down to inputs and what an earlier pass has stored."""
    one = program.passes[number]
    stored = (node for node, first in program.stored.items() if first == number)
    stack, seen = [*one.reductions, *one.results, *stored], set()
    while stack:
        node = stack.pop(0)
        if node not in seen:
            seen.add(node)
            yield node
            if program.stored.get(node, number) == number and node.op != "classes":  # a count
                stack += [a for a in node.args if a.extent == "each"]


def put_target_in_place(gradient: Node, stored: dict[Node, int]) -> tuple[Node, Node] | None:
    """The stored part of a gradient, and the component that replaces it at the target class.

    Returns None for a gradient that has the same form at the target class, or is not stored.
    """
    if gradient.op != "where" or gradient.args[2] not in stored:
        return None
    return gradient.args[2], gradient.args[1]
