"""What the lowering makes: a small typed program of array operations, the same for every target.

A value has an extent: "scalar"; "row", one number for each row of logits (size 1 along the class axis); or "each", one
for every logit. Indices run from 0 here, as in code; in the equations they run from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sympy import Expr, Symbol

from ..numerics.rewrites import Applied

EXTENTS = ("scalar", "row", "each")
ELEMENTWISE = "add subtract multiply divide negative power exp log log1p expm1 sqrt sin cos tan tanh sinh cosh atan erf"
ELEMENTWISE += " abs sign maximum minimum at_least at_most where equal not_equal less less_equal greater greater_equal and or not"

# What each operation returns: an extent, or None for the largest extent of its arguments.
SIGNATURES: dict[str, str | None] = {
    **dict.fromkeys(ELEMENTWISE.split()),
    "sum": "row",  # over the class axis, which is kept with size 1
    "max": "row",
    "argmax": "row",
    "log1p_to_one": "each",  # log(1 + x) for x from 0 to 1
    "first": "row",  # (values, number): the first class at which they equal it
    "gather": "row",  # (values, index): the component at the class that each row names
    "take": "row",  # (per-class parameter, index)
    "keep_axis": "row",  # class numbers, with the class axis put in
    "drop_axis": "row",  # a row's value, with the class axis taken out
    "along": "scalar",  # (logits): the shape that lays a vector of K numbers along the class axis
    "classes": "each",  # (logits, along): 0, ..., K-1 along the class axis
    "per_class": "each",  # (parameter, along): a per-class parameter along the class axis
    "class_count": "scalar",  # (logits): K
    "zeros": "each",  # (logits)
}


@dataclass(frozen=True)
class Input:
    """An argument of a generated function. role: "logits", "array" (a number for every logit), "class index",
    "per class" (K numbers), "scalar".
    """

    name: str
    role: str
    meaning: str = ""

    @property
    def keyword(self) -> bool:
        """Parameters are passed by name."""
        return self.role in ("per class", "scalar")


@dataclass(eq=False)
class Node:
    """One operation. `value` is the name of an input or the value of a number; `name` is what its result means, and
    `own_line` says that the name is worth a line even if the value is used once.
    """

    op: str
    args: tuple[Node, ...]
    extent: str
    value: object = None
    name: str | None = None
    own_line: bool = False


@dataclass(frozen=True)
class Program:
    """One function: its name, what it computes in words, its inputs, whether it has a class axis, its result; and where
    it comes from: the formula, its index for which `EACH` stands in code, the rewrites that were applied, in order.
    """

    name: str
    summary: str
    returns: str
    inputs: tuple[Input, ...]
    has_axis: bool
    result: Node
    formula: Expr | None = None
    index: Symbol | None = None
    applied: tuple[Applied, ...] = ()


@dataclass
class Builder:
    """Makes nodes, the same one for the same operation on the same nodes."""

    made: dict[tuple, Node] = field(default_factory=dict)

    def make(self, op: str, *args: Node) -> Node:
        """An operation. Signs move outwards, which is exact: a - (-b) is a + b, a * (-b) is -(a * b)."""
        negated = [a.op == "negative" and not a.own_line for a in args]
        if op == "negative" and negated[0]:
            return args[0].args[0]
        if op in ("add", "subtract") and negated[1]:
            return self.make("subtract" if op == "add" else "add", args[0], args[1].args[0])
        if op in ("multiply", "divide") and any(negated):
            node = self.make(
                op, *(a.args[0] if n else a for a, n in zip(args, negated, strict=True))
            )
            return node if all(negated) else self.make("negative", node)
        return self._operation(op, args)

    def _operation(self, op: str, args: tuple[Node, ...]) -> Node:
        extent = SIGNATURES[op] or max((a.extent for a in args), key=EXTENTS.index)
        return self._once((op, *map(id, args)), Node(op, args, extent))

    def number(self, value: int | float) -> Node:
        """A constant."""
        return self._once(("number", value), Node("number", (), "scalar", value))

    def input(self, name: str, extent: str) -> Node:
        """An argument of the function."""
        return self._once(("input", name), Node("input", (), extent, name))

    def _once(self, key: tuple, node: Node) -> Node:
        return self.made.setdefault(key, node)
