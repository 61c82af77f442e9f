"""From a program to text, by a table of operations. Everything here is the same for every target with functions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from .inputs import LoweringError
from .program import Node, Program

WIDTH = 110  # of a statement; the longest part of a longer one becomes a line of its own
# How tightly an operation's text holds together, and what it asks of its operands. Anything else is a call.
INFIX = {
    **dict.fromkeys(("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"), (1, (2, 2))),
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
    """Prints one function body."""

    def __init__(self, program: Program, table: Mapping[str, str], where: str):
        self.table = table
        self.where = where
        self.result = program.result
        self.uses: Counter[int] = Counter()
        self.names: dict[int, str] = {}
        self.taken = {a.name for a in program.inputs} | {"axis", "np", "torch", "K"}
        self.lines: list[str] = []
        self._count(program.result, set())

    def body(self) -> list[str]:
        """The statements of the function, the return last."""
        text, _ = self._text(self.result)
        return [*self.lines, f"return {text}"]

    def _count(self, node: Node, seen: set[int]) -> None:
        if id(node) not in seen:
            seen.add(id(node))
            for a in node.args:
                self.uses[id(a)] += 1
                self._count(a, seen)

    def _operand(self, node: Node, least: int) -> str:
        text, tightness = self._reference(node)
        return text if tightness >= least else f"({text})"

    def _reference(self, node: Node) -> tuple[str, int]:
        if id(node) in self.names:
            return self.names[id(node)], CALL
        text, tightness = self._text(node)
        shared = self.uses[id(node)] > 1 and node.op not in ("input", "number", "class_count")
        if node.args and (shared or node.strong):
            return self._name(node, text), CALL
        return text, tightness

    def _name(self, node: Node, text: str) -> str:
        base = node.name or "term"
        name, n = base, 2
        while name in self.taken:
            name, n = f"{base}_{n}", n + 1
        self.taken.add(name)
        self.names[id(node)] = name
        self.lines.append(f"{name} = {text}")
        return name

    def _text(self, node: Node) -> tuple[str, int]:
        if node.op == "input":
            return str(node.value), CALL
        if node.op == "number":
            return repr(node.value), CALL if node.value >= 0 else 4
        template = self.table.get(node.op)
        if template is None:
            raise LoweringError(f"{self.where}: there is no text for {node.op!r} in this target's table")
        tightness, wanted = INFIX.get(node.op, (CALL, tuple(self._wanted(template, n) for n in range(len(node.args)))))
        while True:
            parts = [self._operand(a, least) for a, least in zip(node.args, wanted, strict=True)]
            if node.op == "power" and all(SIMPLE.fullmatch(p) for p in parts):
                template = template.replace(" ", "")
            text = template.format(*parts)
            longest = max(range(len(parts)), key=lambda n: len(parts[n]))
            if len(text) + len(node.name or "return") <= WIDTH or SIMPLE.fullmatch(parts[longest]):
                return text, tightness
            self._name(node.args[longest], self._text(node.args[longest])[0])

    @staticmethod
    def _wanted(template: str, n: int) -> int:
        """Inside the brackets of a call anything may stand; before a dot or a bracket only a call or a name."""
        at = template.index(f"{{{n}}}")
        return CALL if template[at + 3 : at + 4] in (".", "[") else 0
