"""From the nodes of a program to the variables and expressions of a kernel."""

from __future__ import annotations

from collections.abc import Iterable

from ..inputs import LoweringError
from ..program import Node
from .layouts import Layout
from .printer import CONDITIONS, OPERATIONS
from .program import REDUCTIONS, Fused
from .statements import Expr, Let, Operand, Statement, Variable, call

LOADS = ("read", "share", "of_row")  # vectors in a kernel that computes with vectors
Known = dict[Node, Variable]


def constant(value: float) -> str:
    """A number in C++."""
    return repr(float(value)) if value >= 0 else f"({float(value)!r})"


def storage(program: Fused) -> dict[Node, str]:
    """The name of the array that holds each stored node."""
    return {n: f"{n.name or n.op}_all{at or ''}" for at, n in enumerate(program.stored)}


class Values:
    """Computes nodes, each once if possible, and holds the numbers of a row that are known.

    Args:
        where: The loss and the target, for messages.
    """

    def __init__(self, program: Fused, layout: Layout, where: str):
        self.program, self.layout, self.where = program, layout, where
        self.roles = {a.name: a.role for a in program.inputs.listed}
        self.storage = storage(program)
        self.rows: Known = {}
        self.current = 0  # the pass over the classes
        self.count = 0  # of variables

    def variable(self, node: Node) -> Variable:
        """A new variable; its name ends in a digit, so it is never the name of an argument."""
        self.count += 1
        kind = self.layout.each if node.extent == "each" else self.layout.row
        if node.op == "first":
            kind = self.layout.index
        elif self.is_exact(node):
            kind = "number"
        return Variable(f"{node.name or 'v'}{self.count}", kind)

    def is_exact(self, node: Node) -> bool:
        """Whether a node only compares numbers as stored, so that no wider type is needed."""
        return node.op in ("max", "first") and node.args[0].op == "input"

    def cast(self, operand: Operand, at: Operand | None) -> Operand:
        """A number in the type for arithmetic: that of classes, or of rows where `at` is None."""
        if self.layout.vectors and isinstance(operand, Expr) and operand.op in LOADS:
            return operand
        return call("row" if at is None else "each", operand)

    def target(self, at: Operand | None) -> Operand:
        """The target class of a row."""
        return call("index", "index")

    def weight(self, parameter: Node, index: Node) -> Operand:
        """The weight of a class of the row."""
        return call("weight", parameter.value, self.value(index, None, [], {}))

    def component(self, node: Node, at: Operand) -> Operand:
        """An input's component at a class, as it is stored in memory."""
        if self.program.by_class and self.roles[node.value] == "array":
            return call("share", node.value, at, self.target(at))
        return call("read", node.value, at)

    def leaf(self, node: Node, at: Operand | None) -> Operand | None:
        """A number, an input, or what only looks one up; None for an operation."""
        match node.op:
            case "input" if self.roles[node.value] == "class index":
                return self.target(at)
            case "input" if node.extent == "each":
                return self.cast(self.component(node, at), at if at == "k" else None)
            case "input":
                found = node.value
            case "number":
                found = constant(node.value)
            case "classes":
                return at
            case "class_count":
                found = "classes"
            case "zeros":
                found = "0.0"
            case "per_class":
                found = call("per_class", node.args[0].value, at)
            case "take":
                found = self.weight(*node.args)
            case _:
                return None
        return self.cast(found, at)

    def value(self, node: Node, at: Operand | None, out: list[Statement], known: Known) -> Operand:
        """What stands for a node in an expression.

        Args:
            node: What to compute.
            at: The class: "k" in a loop over the classes, or one class of the row; None for a
                number of the row.
            out: The statements so far, to which those that compute the node are appended.
            known: What was computed there already.
        """
        if (leaf := self.leaf(node, at)) is not None:
            return leaf
        if node in known:
            return known[node]
        if node in self.rows:
            return self.row_value(node, at)
        if node.op in REDUCTIONS:
            raise LoweringError(f"{self.where}: {node.op!r} is needed before its loop has run")
        if self.layout.bounded and node.extent == "scalar" and node.op in OPERATIONS:
            return self.cast(_in_double(node), at)
        if node.op == "gather":
            here = {n: v for n, v in known.items() if n.extent != "each"}
            index = self.value(node.args[1], None, out, known)
            value = self.value(node.args[0], index, out, here)
            known |= {n: v for n, v in here.items() if n.extent != "each"}
        elif self.program.stored.get(node, self.current) < self.current:
            return call("stored", self.storage[node], at)
        else:
            value = self.operation(node, at, out, known)
        if node.op in CONDITIONS:
            return value
        if not isinstance(value, Variable):
            out.append(Let(self.variable(node), value))
            value = out[-1].variable
        known[node] = value
        return value

    def row_value(self, node: Node, at: Operand | None) -> Operand:
        """A number of the row, in a loop over the classes too."""
        return self.rows[node]

    def operation(
        self, node: Node, at: Operand | None, out: list[Statement], known: Known
    ) -> Operand:
        """An operation on values."""
        args = node.args
        if node.op == "power":
            if args[1].op in ("number", "input"):  # an exponent stays in double
                number = args[1].op == "number"
                exponent = constant(args[1].value) if number else args[1].value
                base = self.value(args[0], at, out, known)
                return call("square", base) if exponent == "2.0" else call("power", base, exponent)
        elif node.op not in OPERATIONS:
            raise LoweringError(f"{self.where}: there is no vectorised code for {node.op!r}")
        return call(node.op, *(self.value(a, at, out, known) for a in args))

    def row_statements(self, nodes: Iterable[Node]) -> list[Statement]:
        """The numbers of a row."""
        out: list[Statement] = []
        for node in nodes:
            if node.op not in CONDITIONS:
                self.value(node, None, out, self.rows)
        return out


def _in_double(node: Node) -> Operand:
    """A number that is the same for all rows, computed in double."""
    if node.op == "number":
        return constant(node.value)
    return node.value if node.op == "input" else call(node.op, *map(_in_double, node.args))
