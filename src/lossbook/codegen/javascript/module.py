"""The text of a generated JavaScript module, for one row of logits or one output."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import indent

from ...losses import Loss
from ..printer import INFIX, Printer
from ..program import Node, Program
from ..python.module import ELEMENT_SHAPES, about, argument_text, programs_of

SHAPES = {
    "logits": "array of K numbers",
    "array": "array of K numbers",
    "class index": "class number, from 0",
    "per class": "array of K numbers",
    "scalar": "number",
}
ONE = dict.fromkeys(ELEMENT_SHAPES, "number")
SAME = ("keep_axis", "drop_axis", "per_class")  # one row has no axis to insert or remove
REDUCTIONS = ("sum", "max", "argmax")
ELEMENTS = ("gather", "take")  # their first operand is a whole array, not one component
USED = re.compile(r"(?<![\w.])(argmax|each|max|sum)\(")


class ScriptPrinter(Printer):
    """Prints a function body in JavaScript.

    An array is written as its component k. Reductions and shared values are assigned to names.
    """

    infix = {name: entry for name, entry in INFIX.items() if name != "power"} | {
        "where": (0, (1, 1, 0)),
        "or": (0.25, (0.25, 0.5)),
        "and": (0.5, (0.5, 1)),
        "not": (4, (6,)),
    }
    width = 80
    reserved = frozenset(
        "K k each sum max argmax Math const let var function return new delete in of this".split()
    )

    def __init__(self, program: Program, table: Mapping[str, str], where: str):
        self.rows = program.has_axis
        self.first = program.inputs[0].name
        super().__init__(program, table, where)

    def body(self) -> list[str]:
        """The statements of the function, the return last."""
        lines = super().body()
        return [f"const K = {self.first}.length;", *lines] if self.rows else lines

    def _operand(self, node: Node, n: int, least: float) -> str:
        if f"{{{n}}}" not in self.table[node.op]:
            return ""
        if n == 0 and node.op in ELEMENTS and self.rows:
            return self._whole(node.args[0])
        return super()._operand(node, n, least)

    def _whole(self, node: Node) -> str:
        """The name of a whole array: an input, or a value that gets a line of its own."""
        if node.op == "input":
            return str(node.value)
        if id(node) not in self.names:
            self._name(node, self._text(node)[0])
        return self.names[id(node)]

    def _has_line(self, node: Node) -> bool:
        if node.op in SAME or node.op in ("classes", "along"):
            return False
        return node.op in REDUCTIONS or super()._has_line(node)

    def _use(self, name: str, node: Node) -> str:
        return f"{name}[k]" if self.rows and node.extent == "each" else name

    def _array(self, node: Node, text: str) -> str:
        return f"each(K, (k) => {text})" if self.rows and node.extent == "each" else text

    def _assignment(self, name: str, node: Node, text: str) -> str:
        return f"const {name} = {self._array(node, text)};"

    def _return(self, text: str) -> str:
        return f"return {self._array(self.result, text)};"


def script_text(
    loss: Loss, target: str, prelude: str, table: Mapping[str, str], last: str | None = None
) -> str:
    """The whole module, or its functions up to `last`."""
    functions = [
        _function(p, table, f"loss {loss.name}, target {target}") for p in programs_of(loss, last)
    ]
    used = sorted(set(USED.findall("\n".join(functions))))
    imports = f'import {{ {", ".join(used)} }} from "{prelude}";\n\n' if used else ""
    return f"{_comment(about(loss))}\n\n{imports}" + "\n\n".join(functions) + "\n"


def _comment(text: str, start: str = "/*") -> str:
    return f"{start}\n" + indent(text, " * ", lambda line: True).replace(" \n", "\n") + "\n */"


def _function(program: Program, table: Mapping[str, str], where: str) -> str:
    body = ScriptPrinter(program, table, where).body()
    shapes = SHAPES if program.has_axis else ONE
    is_array = program.has_axis and program.result.op != "drop_axis"
    lines = [program.summary, "", *(argument_text(a, shapes[a.role]) for a in program.inputs)]
    lines.append(f"Returns: {'array of K numbers' if is_array else 'number'}.")
    comment = _comment("\n".join(lines), "/**")
    return f"{comment}\n{_signature(program)} {{\n" + indent("\n".join(body), "  ") + "\n}"


def _signature(program: Program) -> str:
    arguments = [a.name for a in program.inputs if not a.keyword]
    named = ", ".join(a.name for a in program.inputs if a.keyword)
    if named:
        arguments.append(f"{{ {named} }}")
    return f"export function {program.name}({', '.join(arguments)})"
