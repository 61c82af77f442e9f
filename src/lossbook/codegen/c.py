"""Fused loops in C: one table of operations, and the two ways in which rows lie in memory.

wide: the classes of a row follow each other; a loop over classes is vectorised. tall: the same class of neighbouring rows
follows each other, as in images with the class axis first, or in a block of short rows that was transposed; the loop over
`b`, the row of a block, is vectorised. A loss of single outputs is tall, with one class.
"""

from __future__ import annotations

import re
from textwrap import indent

from ..losses import Loss
from .fused import REDUCTIONS, Fused, Loop, fused
from .inputs import LoweringError
from .module import about
from .program import Input, Node

INTEGERS = ("first", "classes")
OPERATIONS = {
    "add": "({0} + {1})",
    "subtract": "({0} - {1})",
    "multiply": "({0} * {1})",
    "divide": "({0} / {1})",
    "negative": "(-{0})",
    "exp": "exp_({0})",
    "log": "log_({0})",
    "log1p": "log1p_({0})",
    "abs": "abs_({0})",
    "maximum": "larger({0}, {1})",
    "minimum": "smaller({0}, {1})",
    "at_least": "larger({0}, {1})",
    "at_most": "smaller({0}, {1})",
    "where": "({0} ? {1} : {2})",
    "equal": "({0} == {1})",
    "not_equal": "({0} != {1})",
    "less": "({0} < {1})",
    "less_equal": "({0} <= {1})",
    "greater": "({0} > {1})",
    "greater_equal": "({0} >= {1})",
    "and": "({0} && {1})",
    "or": "({0} || {1})",
    "not": "(!{0})",
}
CONDITIONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "and", "or", "not")
EMPTY = {"sum": "0", "max": "-INFINITY", "first": "classes - 1"}
REDUCED = {
    "sum": "{0} += {1};",
    "max": "{0} = {1} > {0} ? {1} : {0};",
    "first": "{0} = ({1}) & ({2} < {0}) ? {2} : {0};",
}
COMBINED = {"sum": "+", "max": "max", "first": "min"}


class _Body:
    """Prints one function: the value of a row or of a block of rows, and its gradient."""

    def __init__(self, program: Fused, tall: bool, where: str):
        self.program, self.tall, self.where = program, tall, where
        self.roles = {a.name: a for a in program.inputs.by_symbol.values()}
        self.names: dict[Node, str] = {}
        self.taken: set[str] = set()
        self.done: set[Node] = set()
        self.loop = 0
        self.locals = 0

    # -- names and values ----------------------------------------------------------------------------------------

    def name(self, node: Node) -> str:
        if node not in self.names:
            base, n = node.name or "term", 2
            name = base
            while name in self.taken:
                name, n = f"{base}_{n}", n + 1
            self.taken.add(name)
            self.names[node] = f"{name}_"  # never the name of an argument
        return self.names[node]

    def kind(self, node: Node) -> str:
        """The C type."""
        if node.op in INTEGERS or (node.op == "input" and self.roles[node.value].role == "class index"):
            return "int64_t"
        if node.op == "max" and node.args[0].op == "input":
            return "number"  # exact, and half as wide
        return "double"

    def of_row(self, name: str) -> str:
        return f"{name}[b]" if self.tall else name

    def kept(self, node: Node, k: str) -> str:
        """A component that an earlier loop stored."""
        return f"{self.name(node)}all[{k} * ROWS + b]" if self.tall else f"{self.name(node)}all[{k}]"

    def leaf(self, node: Node, k: str | None, raw: bool = False) -> str | None:
        """A number, an input, or an operation that only looks one up; None for anything else."""
        op, args = node.op, node.args
        if op == "number":
            return repr(float(node.value)) if node.value >= 0 else f"({float(node.value)!r})"
        if op == "input":
            role = self.roles[node.value].role
            if role == "scalar":
                return node.value
            if role == "class index":
                return self.of_row("index")
            at = f"{k} * stride + b" if self.tall else k
            return f"read({node.value}[{at}])" if raw else f"(double)read({node.value}[{at}])"
        if op == "class_count":
            return "(double)classes"
        if op == "classes":
            return k
        if op == "zeros":
            return "0.0"
        if op == "per_class":
            return f"{args[0].value}[{k}]"
        if op == "take":
            return f"{args[0].value}[{self.value(args[1], None, [], {})}]"
        return None

    def value(self, node: Node, k: str | None, lines: list[str], seen: dict[Node, str]) -> str:
        """How a value stands in an expression. k: the class, in a loop or of a component; lines: where what is computed
        on the way goes; seen: what was computed there.
        """
        if (text := self.leaf(node, k)) is not None:
            return text
        if node in seen:
            return seen[node]
        if node.extent == "row" and node in self.done:
            return self.of_row(self.name(node))
        if node.op in REDUCTIONS:
            raise LoweringError(f"{self.where}: {node.op!r} is needed before its loop has run")
        if node.op == "gather":
            at = self.value(node.args[1], None, lines, seen)
            inside = {n: text for n, text in seen.items() if n.extent != "each"}
            text = self.value(node.args[0], at, lines, inside)
            seen |= {n: t for n, t in inside.items() if n.extent != "each"}
        elif node in self.program.stored and self.program.stored[node] < self.loop:
            return self.kept(node, k)
        else:
            text = self.operation(node, k, lines, seen)
        if node.op in CONDITIONS:
            return text
        self.locals += 1
        name = f"{node.name or 'v'}{self.locals}"  # ends in a digit: never the name of an argument
        lines.append(f"const double {name} = {text};")
        seen[node] = name
        return name

    def operation(self, node: Node, k: str | None, lines: list[str], seen: dict[Node, str]) -> str:
        if node.op == "power":
            base = self.value(node.args[0], k, lines, seen)
            if node.args[1].op == "number" and node.args[1].value == 2:
                return f"({base} * {base})"
            return f"power({base}, {self.value(node.args[1], k, lines, seen)}, square)"
        template = OPERATIONS.get(node.op)
        if template is None:
            raise LoweringError(f"{self.where}: there is no vectorised code for {node.op!r}")
        return template.format(*(self.value(a, k, lines, seen) for a in node.args))

    # -- statements ----------------------------------------------------------------------------------------------

    def rows(self, nodes: list[Node]) -> list[str]:
        """The numbers of each row."""
        lines, seen = [], {}
        for node in nodes:
            if node.op in CONDITIONS or self.leaf(node, None) is not None:
                continue
            text = self.value(node, None, lines, seen)
            lines.append(f"{'' if self.tall else 'const double '}{self.of_row(self.name(node))} = {text};")
            self.done.add(node)
        if not self.tall or not lines:
            return lines
        return ["SIMD", "for (int64_t b = 0; b < rows; b++) {", *(f"  {a}" for a in lines), "}"]

    def each(self, loop: Loop) -> list[str]:
        """One pass over the classes."""
        lines, seen = [], {}
        for node in loop.reductions:
            lines += self.reduction(node, lines, seen)
        for node in self.program.stored:
            if self.program.stored[node] == self.loop:
                text = self.value(node, "k", lines, seen)
                lines.append(f"{self.kept(node, 'k')} = {text};")
        totals = ""
        for node in loop.results:
            text = self.value(node, "k", lines, seen)
            if node is self.program.gradient:
                slope = text
            else:
                totals = " reduction(+ : total)"
                lines += [f"const double loss = {text};", "total += loss;", "values[b] = loss;"]
        if loop.results and self.program.gradient is not None:
            at = "k * stride + b" if self.tall else "k"
            result = (
                f"{self.of_row('slope')} * {slope}"
                if self.program.inputs.size is not None
                else f"factors[b] * factor * {slope}"
            )
            if self.program.inputs.size is not None and self.tall:
                result = f"counts[b] ? {result} : 0"
            lines.append(f"gradient[{at}] = write({result});")
        self.done |= set(loop.reductions)
        if self.tall:
            start = [f"{self.name(n)}[b] = {EMPTY[n.op]};" for n in loop.reductions]
            head = (
                [] if not start else ["SIMD", "for (int64_t b = 0; b < rows; b++) {", *(f"  {a}" for a in start), "}"]
            )
            inner = [f"SIMD_OF({totals.strip()})" if totals else "SIMD", "for (int64_t b = 0; b < rows; b++) {"]
            body = [*inner, *(f"  {a}" for a in lines), "}"]
            return [*head, "for (int64_t k = 0; k < classes; k++) {", *(f"  {a}" for a in body), "}"]
        start = [f"{self.kind(n)} {self.name(n)} = {EMPTY[n.op]};" for n in loop.reductions]
        clauses = " ".join(f"reduction({COMBINED[n.op]} : {self.name(n)})" for n in loop.reductions)
        head = f"SIMD_OF({clauses})" if clauses else "SIMD"
        return [*start, head, "for (int64_t k = 0; k < classes; k++) {", *(f"  {a}" for a in lines), "}"]

    def reduction(self, node: Node, lines: list[str], seen: dict[Node, str]) -> list[str]:
        target = self.of_row(self.name(node))
        raw = node.args[0].op == "input" and self.kind(node) == "number"
        if node.op == "first":
            at, most = node.args
            raw = at.op == "input" and self.kind(most) == "number"
            text = self.leaf(at, "k", raw=True) if raw else self.value(at, "k", lines, seen)
            same = f"{text} == {self.of_row(self.name(most))}"
            return [REDUCED["first"].format(target, same, "k")]
        text = self.leaf(node.args[0], "k", raw=True) if raw else self.value(node.args[0], "k", lines, seen)
        return [REDUCED[node.op].format(target, text)]

    def text(self) -> list[str]:
        """All statements of the function."""
        program, lines = self.program, []
        for n, loop in enumerate(program.loops):
            self.loop = n
            lines += self.rows(loop.before)
            if n == len(program.loops) - 1 and program.gradient is not None and program.inputs.size is not None:
                lines += self.slope()
            lines += self.each(loop)
        self.loop = len(program.loops)
        lines += self.rows(list(program.after))
        if program.value.extent != "each":
            lines += self.finish()
        return self.arrays(lines)

    def slope(self) -> list[str]:
        """What each component of the gradient is multiplied by."""
        own, seen, lines = self.program.factor, {}, []
        factor = "factor" if own is None else f"factor * {self.value(own, None, lines, seen)}"
        if not self.tall:
            return [*lines, f"const double slope = {factor};"]
        lines.append(f"slope[b] = {factor} * factors[b];")
        return ["SIMD", "for (int64_t b = 0; b < rows; b++) {", *(f"  {a}" for a in lines), "}"]

    def finish(self) -> list[str]:
        """The value of each row, and their sum."""
        lines, seen = [], {}
        text = self.value(self.program.value, None, lines, seen)
        if not self.tall:
            return [*lines, f"return {text};"]
        lines += [f"const double loss = counts[b] ? {text} : 0;", "total += loss;", "values[b] = loss;"]
        body = [
            "SIMD_OF(reduction(+ : total))",
            "for (int64_t b = 0; b < rows; b++) {",
            *(f"  {a}" for a in lines),
            "}",
        ]
        return [*body, "return total;"]

    def arrays(self, lines: list[str]) -> list[str]:
        """What the function starts with: its inputs, scratch space for what is stored, arrays for the rows of a block."""
        lines, text = self.used(lines), "\n".join(lines)
        head = [
            f"{declared};"
            for declared in _inputs(self.program.inputs.listed, self.tall)
            if f"{_called(declared)}" in text
        ]
        for n, node in enumerate(self.program.stored):
            at = f"{n} * classes{' * ROWS' if self.tall else ''}"
            head.append(f"double *restrict {self.name(node)}all = scratch + {at};")
        if self.tall:
            head.append("double total = 0;")
            names = {self.name(node): self.kind(node) for node in self.names} | {"slope": "double"}
            head += [f"{kind} {name}[ROWS];" for name, kind in names.items() if f"{name}[b] " in "\n".join(lines)]
            if self.program.value.extent == "each":
                lines = [*lines, "return total;"]
        return [*head, *lines]

    def used(self, lines: list[str]) -> list[str]:
        """Without the rows' numbers that nothing reads."""
        while True:
            text = "\n".join(lines)
            dead = []
            for node in self.names:
                name = self.of_row(self.name(node))
                if node.op not in REDUCTIONS and len(re.findall(rf"(?<![\w]){re.escape(name)}(?!\w)", text)) == 1:
                    dead.append(name)
            kept = [
                a for a in lines if not any(a.strip().removeprefix("const double ").startswith(f"{n} = ") for n in dead)
            ]
            if kept == lines:
                return lines
            lines = kept


def _inputs(inputs: tuple[Input, ...], tall: bool) -> list[str]:
    """The declarations of what a loss takes, from where the driver puts it."""
    counts = {"array": 0, "per class": 0, "scalar": 0}
    found = ["const real *logits = in->logits"]
    for a in inputs:
        if a.role == "logits":
            found[0] = f"const real *{a.name} = in->logits"
        elif a.role == "class index":
            found.append("const int64_t *index = in->index" if tall else "const int64_t index = in->index[0]")
        else:
            field, kind = {
                "array": ("arrays", "real *"),
                "per class": ("weights", "double *"),
                "scalar": ("numbers", "double "),
            }[a.role]
            found.append(f"const {kind}{a.name} = in->{field}[{counts[a.role]}]")
            counts[a.role] += 1
    return found


def _called(declared: str) -> str:
    return declared.split(" = ")[0].split()[-1].lstrip("*")


COMMON = "const Inputs *in, int64_t classes"
BLOCK = "int64_t rows, int64_t stride, const unsigned char *counts"
GRADIENT = {  # the result, and what it is multiplied by
    False: "real *gradient, double factor",
    True: "real *gradient, double factor, const double *factors",
}


def _arguments(gradient: bool, tall: bool) -> str:
    parts = [COMMON, *[BLOCK] * tall, *[GRADIENT[tall]] * gradient, *["double *values"] * tall]
    return ", ".join([*parts, "double *scratch"])


def _facts(program: Fused) -> list[str]:
    """What the driver has to know about a loss."""
    roles = [a.role for a in program.inputs.listed]
    stack, powers = [program.value, program.gradient], []
    seen: set[Node] = set()
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(node.args)
            if node.op == "power" and node.args[1].op == "input":
                powers.append(node.args[1].value)
    scalars = [a.name for a in program.inputs.listed if a.role == "scalar"]
    facts = {
        "BY_CLASS": int(program.inputs.size is not None),
        "BY_INDEX": roles.count("class index"),
        "ARRAYS": roles.count("array"),
        "WEIGHTS": roles.count("per class"),
        "NUMBERS": roles.count("scalar"),
        "STORED": len(program.stored),
        "EXPONENT": scalars.index(powers[0]) if powers else -1,
    }
    names = ",".join(f"{a.name}:{a.role}" for a in program.inputs.listed)
    return [*(f"#define {name} {number}" for name, number in facts.items()), f'#define INPUTS "{names}"']


def c_text(loss: Loss) -> str:
    """The source of the kernels of a loss.

    Raises `LoweringError`, naming the node and the loss, for what cannot be fused or has no vectorised code.
    """
    where = f"loss {loss.name}, target c"
    programs = {gradient: fused(loss, gradient) for gradient in (False, True)}
    comment = indent(about(loss), " * ", lambda line: True).replace(" \n", "\n")
    parts = [f"/*\n{comment}\n */", "\n".join([*_facts(programs[True]), '#include "kernel.h"'])]
    layouts = (False, True) if programs[True].inputs.size is not None else (True,)
    for gradient, program in programs.items():
        for tall in layouts:
            name = f"{'tall' if tall else 'wide'}_{'both' if gradient else 'value'}"
            body = indent("\n".join(_Body(program, tall, where).text()), "  ")
            arguments = _arguments(gradient, tall)
            names = ", ".join(a.split()[-1].lstrip("*") for a in arguments.split(", "))
            parts.append(
                f"INSIDE {name}_of({arguments}, const int square) {{\n{body}\n}}\n\nTWICE({name}, ({arguments}), {names})"
            )
    return "\n\n".join([*parts, '#include "driver.h"']) + "\n"
