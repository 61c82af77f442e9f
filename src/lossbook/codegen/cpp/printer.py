"""Prints kernels as C++. It decides nothing: the statements say what is computed, and where."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .layouts import Layout
from .statements import (
    Assign,
    Body,
    Do,
    Expr,
    KernelFunction,
    Let,
    Loop,
    Operand,
    Variable,
    walk,
    written_by,
)

CONDITIONS = {
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "and": "{0} && {1}",
    "or": "{0} || {1}",
    "not": "!{0}",
}
ARITHMETIC = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
}
FUNCTIONS = {
    "exp": "exp_({0})",
    "log": "log_({0})",
    "log1p": "log1p_({0})",
    "log1p_to_one": "log1p_to_one({0})",
    "abs": "abs_({0})",
    "maximum": "larger({0}, {1})",
    "minimum": "smaller({0}, {1})",
    "at_least": "larger({0}, {1})",
    "at_most": "smaller({0}, {1})",
    "where": "either({0}, {1}, {2})",
}
OPERATIONS = CONDITIONS | ARITHMETIC | FUNCTIONS  # of programs
CASTS = ("each", "row", "double")
# What only statements have; any other operation is a function of the headers, called by its name.
OTHERS = {
    "square": "{0} * {0}",
    "power": "power({0}, {1}, square)",
    "max": "either({1} > {0}, {1}, {0})",
    "first": "({1} == {2}) & (k < {0}) ? k : {0}",
    "choose": "{0} ? {1} : {2}",
    "double": "(double){0}",
    "per_class": "{0}[{1}]",
    "weight": "{0}[{1}]",
    "of_row": "{0}[b]",
    "values": "values[b]",
    "farthest": "farthest({0} + b * classes + from, to_ - from, {1})",
    "farther": "farther({0}, {1} + k * stride, b)",
    "fetch": "fetch({0} + k * stride + ROWS, b)",
    "store": "store({0} + k * stride, b, {1}, {2})",
    "refuse_if": "if ({0}) return refused(in)",
    "return": "return {0}",
}
INFIX = (*CONDITIONS, *ARITHMETIC, "square", "choose")
WRITTEN = "written(in, classes, gradient + b * classes, "
WRITTEN += "[&](Class from, Class to_, real *to) ALWAYS {"
LOOPS = {  # how a loop begins and ends
    "rows": ("for (int64_t b = 0; b < rows; b++) {", "}"),
    "vectors": ("for (int64_t b = 0; b < vectors; b++) {", "}"),
    "classes": ("for (int64_t k = 0; k < classes; k++) {", "}"),
    "bounded classes": ("for (Class k = 0; k < classes; k++) {", "}"),
    "block": ("for (Class k = from; k < to_; k++) {", "}"),
    "blocks": (
        "in_blocks(classes, index[b], [&](Class from, Class to_, Class target) ALWAYS {",
        "});",
    ),
    "written": (WRITTEN, "});"),
    "many classes": ("if (classes > group) {", "}"),
    "groups": (
        """for (Class from = 0; from < classes; from += group) {
  const Class to_ = classes - from > group ? from + group : (Class)classes;""",
        "}",
    ),
}


def printed(kernel: KernelFunction, layout: Layout) -> str:
    """A kernel as a C++ function."""
    printer = CppPrinter(layout, kernel.arrays)
    arrays = dict.fromkeys(v for v in map(written_by, walk(kernel.body)) if v in kernel.arrays)
    lines = [*kernel.declarations, *(f"{v.type} {v.name}[{layout.block}];" for v in arrays)]
    lines += printer.lines(kernel.body)
    body = "\n".join(f"  {line}" for line in lines)
    return f"KERNEL {kernel.name}({', '.join(kernel.arguments)}) {{\n{body}\n}}"


class CppPrinter:
    """Statements and expressions as text."""

    def __init__(self, layout: Layout, arrays: Collection[Variable]):
        self.templates = OPERATIONS | OTHERS | layout.templates
        self.arrays = arrays

    def text(self, operand: Operand) -> str:
        """An expression."""
        if isinstance(operand, str):
            return operand
        if isinstance(operand, Variable):
            return f"{operand.name}[b]" if operand in self.arrays else operand.name
        around = operand.op in (*INFIX, *CASTS)
        arguments = [self.text(a) for a in operand.args]
        if around:
            pairs = zip(operand.args, arguments, strict=True)
            arguments = [f"({text})" if _is_infix(a) else text for a, text in pairs]
        template = self.templates.get(operand.op)
        return template.format(*arguments) if template else f"{operand.op}({', '.join(arguments)})"

    def lines(self, body: Body) -> Iterator[str]:
        """Statements, a line each."""
        for statement in body:
            match statement:
                case Let(variable, value, mutable):
                    const = "" if mutable else "const "
                    yield f"{const}{variable.type} {variable.name} = {self.text(value)};"
                case Assign(target, value, operator):
                    yield f"{self.text(target)} {operator} {self.text(value)};"
                case Do(value):
                    yield f"{self.text(value)};"
                case Loop(over, inside, simd, reductions):
                    if simd:
                        yield _pragma(reductions)
                    start, end = LOOPS[over]
                    yield from start.splitlines()
                    yield from (f"  {line}" for line in self.lines(inside))
                    yield end


def _pragma(reductions: tuple[tuple[str, Variable], ...]) -> str:
    clauses = " ".join(f"reduction({op} : {v.name})" for op, v in reductions)
    return f"SIMD_OF({clauses})" if clauses else "SIMD"


def _is_infix(operand: Operand) -> bool:
    return isinstance(operand, Expr) and operand.op in INFIX
