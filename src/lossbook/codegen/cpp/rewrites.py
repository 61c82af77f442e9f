"""Rewrites of programs that are exact and make loops over classes cheaper.

A rule belongs to an operation. It takes the operation's arguments, which are rewritten already, and
returns what replaces the operation, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from sympy import Expr, Integer, Symbol

from ...calculus.prove import NotEqualError, prove_equal
from ...losses import Loss
from ...notation import sigmoid
from ..inputs import Inputs, LoweringError, inputs_of
from ..program import Builder, Node


class Rewriter:
    """Rebuilds nodes bottom-up.

    Every rule is tried once, in order, on the result of the rules before it.

    Args:
        rules: Pairs of the operation that a rule belongs to, and the rule.
        build: Makes the rewritten nodes; a new builder by default.

    Attributes:
        instead: What replaces an input, by its name.
    """

    def __init__(self, rules: Sequence[tuple[str, Rule]], build: Builder | None = None):
        self.rules, self.build = rules, build or Builder()
        self.instead: dict[str, Node] = {}
        self.memo: dict[Node, Node] = {}

    def of(self, node: Node) -> Node:
        """The rewritten node; it keeps the name of what it replaces."""
        if node not in self.memo:
            made = self._of(node)
            if made.name is None and made.args and made.op != "where":
                made.name = node.name
            self.memo[node] = made
        return self.memo[node]

    def _of(self, node: Node) -> Node:
        if node.op == "number":
            return self.number(node.value)
        if node.op == "input":
            return self.instead.get(node.value) or self.build.input(node.value, node.extent)
        return self.make(node.op, *map(self.of, node.args))

    def make(self, op: str, *args: Node) -> Node:
        """An operation on rewritten nodes, rewritten."""
        node = self.build.make(op, *args)
        for applies_to, rule in self.rules:
            if node.op == applies_to:
                node = rule(self, *node.args) or node
        return node

    def number(self, value: float) -> Node:
        """A constant."""
        return self.build.number(value)

    def factored(self, node: Node) -> tuple[Node | None, Node | None]:
        """A node as a product: a number of the row, and what depends on the class; None for 1."""
        make = self.build.make
        if node.extent != "each":
            return node, None
        if node.op == "negative":
            factor, rest = self.factored(node.args[0])
            return (None, node) if factor is None else (make("negative", factor), rest)
        if node.op == "multiply":
            return tuple(map(self._product, *map(self.factored, node.args)))
        if node.op == "where" and _is_number(node.args[1], 0):
            factor, rest = self.factored(node.args[2])
            return factor, make("where", node.args[0], node.args[1], rest or self.number(1))
        return None, node

    def _product(self, a: Node | None, b: Node | None) -> Node | None:
        return b if a is None else a if b is None else self.build.make("multiply", a, b)


Rule = Callable[..., Node | None]  # of the rewriter and the arguments of an operation


def _is_number(node: Node, value: float) -> bool:
    return node.op == "number" and node.value == value


# -- strength reduction -----------------------------------


def drop_axis_changes(rewriter: Rewriter, value: Node) -> Node:
    """A single row has no axis to insert or remove."""
    return value


def pull_factor_out_of_sum(rewriter: Rewriter, body: Node) -> Node | None:
    """A factor of the row is multiplied once, and not for each class."""
    factor, rest = rewriter.factored(body)
    if rest is None:
        raise LoweringError("a sum of what does not depend on the class is a product")
    return factor and rewriter.make("multiply", factor, rewriter.make("sum", rest))


def log1p_of_at_most_1(rewriter: Rewriter, x: Node) -> Node | None:
    """log(1 + x) for x = exp(-|y|) needs no exponent."""
    exponent = x.args[0] if x.op == "exp" else x
    is_negative = exponent.op == "negative" and exponent.args[0].op == "abs"
    return rewriter.make("log1p_to_one", x) if is_negative and x.op == "exp" else None


def first_of_maximum(rewriter: Rewriter, values: Node) -> Node:
    """The class of the largest component is the first one that equals the maximum."""
    return rewriter.make("first", values, rewriter.make("max", values))


def divide_once(rewriter: Rewriter, above: Node, below: Node) -> Node | None:
    """One division for a row, and a multiplication for each class."""
    if "each" not in (above.extent, below.extent) or above.op == "number":
        return None
    return _times_reciprocal(rewriter, above, below)


def _times_reciprocal(rewriter: Rewriter, a: Node, b: Node) -> Node:
    return rewriter.make("multiply", a, rewriter.make("divide", rewriter.number(1), b))


STRENGTH_REDUCTION: tuple[tuple[str, Rule], ...] = (
    ("keep_axis", drop_axis_changes),
    ("drop_axis", drop_axis_changes),
    ("sum", pull_factor_out_of_sum),
    ("log1p", log1p_of_at_most_1),
    ("argmax", first_of_maximum),
    ("divide", divide_once),
)


# -- rows with one target class -----------------------------------


def around_target(inputs: Inputs) -> Rewriter:
    """Strength reduction for rows with one target class.

    Every sum is split into the sum over the other classes and the part of the target. All parts
    are positive, so nothing cancels, and one sum takes the place of two.
    """
    build = Builder()
    names = {a.role: a.name for a in inputs.listed}
    logits = build.input(names["logits"], "each")
    index = build.input(names["class index"], "row")
    classes = build.make("classes", logits, build.make("along", logits))
    is_target = build.make("equal", classes, index)

    def at_target(node: Node) -> Node:
        """What a function of the logits is at the target."""
        if node.op in ("input", "exp"):
            return build.make("gather", node, index)
        return build.make(node.op, *(at_target(a) if a.extent == "each" else a for a in node.args))

    def split_sum(rewriter: Rewriter, body: Node) -> Node | None:
        """The sum over the other classes, and the part of the target."""
        if body.op == "where" and body.args[0] is is_target:
            return None
        others = build.make("sum", build.make("where", is_target, rewriter.number(0), body))
        return rewriter.make("add", others, at_target(body))

    def gather_exponential(rewriter: Rewriter, x: Node) -> Node | None:
        """The exponential of the target's logit is one of those of all classes."""
        return at_target(build.make("exp", x.args[0])) if x.op == "gather" else None

    def divide_row_once(rewriter: Rewriter, above: Node, below: Node) -> Node | None:
        """The reciprocal of a sum serves all exponentials."""
        is_exp = (above.args[0] if above.op == "gather" else above).op == "exp"
        is_row = "each" not in (above.extent, below.extent)
        return _times_reciprocal(rewriter, above, below) if is_exp and is_row else None

    def reciprocal_of_exponential(rewriter: Rewriter, x: Node) -> Node | None:
        """exp(-x) of a row is 1 / exp(x), which is known."""
        if x.op != "negative" or x.extent != "row":
            return None
        return rewriter.make("divide", rewriter.number(1), rewriter.make("exp", x.args[0]))

    def pull_factor_out_of_choice(rewriter: Rewriter, *args: Node) -> Node | None:
        """A factor that the target's component shares with the others."""
        condition, here, elsewhere = args
        if here.extent != "row":
            return None
        factor, rest = rewriter.factored(elsewhere)
        own = factor and _without(rewriter, here, factor)
        if own is None:
            return None
        choice = rewriter.make("where", condition, own, rest or rewriter.number(1))
        return rewriter.make("multiply", factor, choice)

    rules = (
        ("sum", split_sum),
        ("exp", gather_exponential),
        ("divide", divide_row_once),
        ("exp", reciprocal_of_exponential),
        ("where", pull_factor_out_of_choice),
    )
    return Rewriter((*STRENGTH_REDUCTION, *rules), build)


def _without(rewriter: Rewriter, node: Node, factor: Node) -> Node | None:
    """A product without one of its factors, or None."""
    if node.op == "negative":
        rest = _without(rewriter, node.args[0], factor)
        return rest and rewriter.build.make("negative", rest)
    if node.op == "multiply" and factor in node.args:
        return node.args[node.args[0] is factor]
    return None


# -- single outputs with targets 0 and 1 -----------------------------------


def mirrored(loss: Loss) -> tuple[Expr, dict[Symbol, Expr]] | None:
    """A loss of single outputs whose targets are 0 or 1, as one of its two halves.

    Returns:
        The loss at target 1, and the value of each parameter with which that loss, at the negated
        logit, is proved equal to the loss at target 0. None where no such values are found, or the
        loss does not have one array of targets and a sigmoid.
    """
    inputs = inputs_of(loss)
    arrays, scalars = (
        [s for s, a in inputs.by_symbol.items() if a.role == role] for role in ("array", "scalar")
    )
    if len(arrays) != 1 or not loss.expr.has(sigmoid):
        return None
    one, zero = (loss.expr.xreplace({arrays[0]: Integer(n)}) for n in (1, 0))
    for images in product(*((a, 1 - a, Integer(1)) for a in scalars)):
        parameters = dict(zip(scalars, images, strict=True))
        half = one.subs({loss.wrt: -loss.wrt, **parameters}, simultaneous=True)
        try:
            if prove_equal(zero, half, given=loss.given).proved:
                return one, parameters
        except NotEqualError:
            continue
    return None


def at_either_target(inputs: Inputs, images: dict[Symbol, Expr]) -> tuple[Rewriter, Node]:
    """Strength reduction that makes both halves of a loss from one.

    Args:
        inputs: Of the loss.
        images: What stands for each parameter where the target is 0, from `mirrored`.

    Returns:
        The rewriter, and the condition that the target is 1.
    """

    def abs_of_either_sign(rewriter: Rewriter, x: Node) -> Node | None:
        """|-x| is |x|."""
        return rewriter.make("abs", x.args[1]) if x in rewriter.instead.values() else None

    rewriter = Rewriter((*STRENGTH_REDUCTION, ("abs", abs_of_either_sign)))
    make, number = rewriter.build.make, rewriter.number
    names = {a.role: a.name for a in inputs.listed}
    logits = rewriter.build.input(names["logits"], "each")
    is_one = make("equal", rewriter.build.input(names["array"], "each"), number(1))
    rewriter.instead[names["logits"]] = make("where", is_one, logits, make("negative", logits))
    for symbol, image in images.items():
        name = inputs.by_symbol[symbol].name
        own = rewriter.build.input(name, "scalar")
        if image != symbol:
            other = number(1) if image == 1 else make("subtract", number(1), own)
            rewriter.instead[name] = make("where", is_one, own, other)
    return rewriter, is_one
