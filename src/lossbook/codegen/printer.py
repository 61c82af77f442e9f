"""From a program to the statements of a function, by a target's table of operations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from .inputs import LoweringError
from .program import Node, Program

WIDTH = 110  # of a statement; in a longer one the longest operand gets a line of its own
# For each infix operation its precedence, and the least precedence of operands that need no
# brackets. Every other operation is a call.
INFIX: Mapping[str, tuple[float, tuple[float, ...]]] = {
    **dict.fromkeys(
        ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"), (1, (2, 2))
    ),
    "add": (2, (2, 3)),
    "subtract": (2, (2, 3)),
    "multiply": (3, (3, 4)),
    "divide": (3, (3, 4)),
    "negative": (3, (3,)),
    "power": (5, (6, 6)),
}
CALL = 6
SIMPLE = re.compile(r"[A-Za-z_][\w.]*|[\d.]+")


class Printer:
    """Prints the body of one function, in Python. A subclass overrides the methods at the end."""

    infix = INFIX
    width = WIDTH
    reserved = frozenset({"axis", "np", "torch", "K"})

    def __init__(self, program: Program, table: Mapping[str, str], where: str):
        self.table = table
        self.where = where
        self.result = program.result
        self.uses: Counter[int] = Counter()
        self.names: dict[int, str] = {}
        self.taken = {a.name for a in program.inputs} | self.reserved
        self.lines: list[str] = []
        self._count(program.result, set())

    def body(self) -> list[str]:
        """The statements of the function, the return last."""
        text, _ = self._text(self.result)
        return [*self.lines, self._return(text)]

    def _count(self, node: Node, seen: set[int]) -> None:
        if id(node) not in seen:
            seen.add(id(node))
            for a in node.args:
                self.uses[id(a)] += 1
                self._count(a, seen)

    def _operand(self, node: Node, n: int, least: float) -> str:
        """The text of operand n of an operation, in brackets where it needs them."""
        text, tightness = self._reference(node.args[n])
        return text if tightness >= least else f"({text})"

    def _reference(self, node: Node) -> tuple[str, float]:
        if id(node) not in self.names:
            text, tightness = self._text(node)
            if not (node.args and self._has_line(node)):
                return text, tightness
            self._name(node, text)
        return self._use(self.names[id(node)], node), CALL

    def _name(self, node: Node, text: str) -> None:
        base = node.name or "term"
        name, n = base, 2
        while name in self.taken:
            name, n = f"{base}_{n}", n + 1
        self.taken.add(name)
        self.names[id(node)] = name
        self.lines.append(self._assignment(name, node, text))

    def _text(self, node: Node) -> tuple[str, float]:
        if node.op == "input":
            return self._use(str(node.value), node), CALL
        if node.op == "number":
            return repr(node.value), CALL if node.value >= 0 else 4
        template = self.table.get(node.op)
        if template is None:
            raise LoweringError(
                f"{self.where}: there is no text for {node.op!r} in this target's table"
            )
        tightness, wanted = self.infix.get(
            node.op, (CALL, tuple(self._wanted(template, n) for n in range(len(node.args))))
        )
        while True:
            parts = [self._operand(node, n, least) for n, least in enumerate(wanted)]
            if node.op == "power" and all(SIMPLE.fullmatch(p) for p in parts):
                template = template.replace(" ** ", "**")
            text = template.format(*parts)
            longest = max(range(len(parts)), key=lambda n: len(parts[n]))
            if len(text) + len(node.name or "return") <= self.width or SIMPLE.fullmatch(
                parts[longest]
            ):
                return text, tightness
            self._name(node.args[longest], self._text(node.args[longest])[0])

    @staticmethod
    def _wanted(template: str, n: int) -> int:
        """The least precedence of an operand: a call before a dot or bracket, else any."""
        at = template.find(f"{{{n}}}")
        return CALL if template[at + 3 : at + 4] in (".", "[") else 0

    # -- the syntax of Python ----------------------------------------------------------------------

    def _has_line(self, node: Node) -> bool:
        """Whether a value is assigned to a name, however short its text is."""
        return node.own_line or (self.uses[id(node)] > 1 and node.op != "class_count")

    def _use(self, name: str, node: Node) -> str:
        """The text of a named value in an expression."""
        return name

    def _assignment(self, name: str, node: Node, text: str) -> str:
        return f"{name} = {text}"

    def _return(self, text: str) -> str:
        return f"return {text}"
