"""The program that lowering makes: array operations with extents, the same for every target.

The extent of a value is "scalar"; "row", one number for each row of logits (size 1 along the class
axis); or "each", one for every logit. Indices run from 0 here, as in code; in the equations they
run from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, Symbol

from ..numerics.rewrites import Applied

EXTENTS = ("scalar", "row", "each")
ELEMENTWISE = (
    "add subtract multiply divide negative power exp log log1p expm1 sqrt sin cos tan tanh sinh "
    "cosh atan erf abs sign maximum minimum at_least at_most where equal not_equal less "
    "less_equal greater greater_equal and or not"
)

# The extent of each operation's result, or None for the largest extent among its arguments.
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
    "along": "scalar",  # (logits): the shape that puts K numbers along the class axis
    "classes": "each",  # (logits, along): 0, ..., K-1 along the class axis
    "per_class": "each",  # (parameter, along): a per-class parameter along the class axis
    "class_count": "scalar",  # (logits): K
    "zeros": "each",  # (logits)
}


@dataclass(frozen=True)
class Input:
    """An argument of a generated function.

    role: "logits", "array" (a number for every logit), "class index", "per class" (K numbers) or
    "scalar".
    """

    name: str
    role: str
    meaning: str = ""

    @property
    def keyword(self) -> bool:
        """Whether the argument is passed by name, as parameters are."""
        return self.role in ("per class", "scalar")


@dataclass(eq=False)
class Node:
    """One operation.

    value: the name of an input or the value of a number. name: what the result is called in code.
    own_line: whether it is assigned to that name even if it is used only once.
    """

    op: str
    args: tuple[Node, ...]
    extent: str
    value: Any = None
    name: str | None = None
    own_line: bool = False


@dataclass(frozen=True)
class Program:
    """One generated function.

    name, summary, returns: for its signature and docstring. inputs: its arguments. has_axis:
    whether there is a class axis. result: the node that it returns. formula: what it computes, with
    `index` where the program has `EACH`. applied: the rewrites between the two, in order.
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
    """Makes nodes; the same operation on the same nodes gives the same node."""

    made: dict[tuple, Node] = field(default_factory=dict)

    def make(self, op: str, *args: Node) -> Node:
        """An operation, its minus signs moved outwards: a - (-b) is a + b, a * (-b) is -(a * b).

        This is exact in floating point.
        """
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
