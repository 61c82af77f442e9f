"""How much arithmetic a fused kernel does for each logit: its operations, and those of exp, log and power, counted in the
text that the compiler reads.

Counted are additions, subtractions, multiplications, divisions, comparisons, choices and operations on bits; a fused
multiply-add is two. Moving numbers and changing their type are not counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ...codegen.cpp.printer import OPERATIONS
from ...codegen.cpp.program import REDUCTIONS, Fused, fused, has_near
from ...codegen.program import Node
from ...losses import Loss
from ...native import compiler

DEFINITION = re.compile(
    r"(?:FOR\((double|float)\) |template <typename (T)> )?INSIDE\((double|float|T)\) (\w+)\(([^)]*)\) \{(.*?)\n?\}(?:\n|$)",
    re.DOTALL,
)
CALL = re.compile(r"(\w+)\(")
OPERATOR = re.compile(r"<<|>>|<=|>=|==|!=|[-+*/<>&|?]")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
LOOKUPS = (
    "input",
    "number",
    "class_count",
    "classes",
    "zeros",
    "per_class",
    "take",
    "gather",
    "keep_axis",
    "drop_axis",
)
MUL_ADD = 2
REACH = 3  # whether a logit is within reach: its size, a comparison, a choice


@dataclass(frozen=True)
class Work:
    """each: operations for every logit. row: operations for every row."""

    each: int
    row: int

    def per_logit(self, classes: int) -> float:
        """For a row of that many classes."""
        return self.each + self.row / classes


@cache
def functions(kind: str, near: bool = True) -> dict[str, int]:
    """The operations of each function that generated kernels call, in arithmetic of a kind, "double" or "float".

    near: as they are for logits within reach, where exp does not ask for its range.
    """
    text = (compiler.SOURCES / "coefficients.h").read_text("utf-8") + (
        compiler.HERE / "kernel.h"
    ).read_text("utf-8")
    far, _, within = text.partition("namespace near")
    found: dict[str, str] = {}
    for part in (far, within) if near else (far,):
        for number, either, returned, name, arguments, body in DEFINITION.findall(
            COMMENT.sub("", part)
        ):
            if either or (
                kind == (number or returned) and re.search(rf"\b{returned}\b", arguments)
            ):
                found[name] = body
    counts = {"mul_add": MUL_ADD, "bits_of": 0, "of_bits": 0, "as_float": 0, "either": 1}

    def count(name: str) -> int:
        if name not in counts:
            counts[name] = 0  # a function that calls its twin of another type
            calls = [f for f in CALL.findall(found[name]) if f in found or f in counts]
            counts[name] = _operators(found[name]) + sum(map(count, calls))
        return counts[name]

    for name in found:
        count(name)
    return counts


def _operators(body: str) -> int:
    body = re.sub(
        r"0x[0-9a-f.]+p[-+]?\d+f?|\((?:u?int\d+_t|float|double)\)", "1", body
    )  # numbers and casts
    body = re.sub(r"(?<=[(,=?:&|<>*/])(\s*)-|(return\s+)-", " ", body)  # a sign
    return len(OPERATOR.findall(body))


def of_kernel(loss: Loss, near: bool = True, kind: str = "double", square: bool = True) -> Work:
    """The operations of value and gradient of a loss.

    near: of the kernel for logits within reach, where there is one. square: the exponent, where there is one, is 2.
    """
    return count(fused(loss, near=near and has_near(loss)), kind, square)


def count(program: Fused, kind: str = "double", square: bool = True) -> Work:
    """The operations of fused loops."""
    near = not any(r.op == "max" for loop in program.loops for r in loop.reductions)
    by_class = program.inputs.size is not None
    each, row = REACH * (near and by_class), 0

    def work(node: Node) -> int:
        return _node(node, kind if near else "double", near, square)  # for all logits: in double

    for n, loop in enumerate(program.loops):
        seen: set[Node] = set()
        roots = (*loop.reductions, *(_written(r, program) if near else r for r in loop.results))
        each += sum(work(a) for r in roots for a in _inside(r, program, n, seen))
        each += program.gradient in loop.results  # times the factor of the row
        row += sum(work(a) for a in loop.before)
    row += sum(work(a) for a in program.after)
    return Work(each, row if by_class else 0)


def _written(result: Node, program: Fused) -> Node:
    """What a loop does for each class: in long rows the target's component is put among those that are stored."""
    picks = result is program.gradient and result.op == "where" and result.args[2] in program.stored
    return result.args[2] if picks else result


def _inside(root: Node, program: Fused, loop: int, seen: set[Node]):
    """What a loop computes for each class: not the numbers of a row, and not what an earlier loop has stored."""
    if root in seen or (root.extent != "each" and root.op not in REDUCTIONS):
        return
    seen.add(root)
    if root in program.stored and program.stored[root] < loop:
        return
    yield root
    for a in root.args:
        if a.op not in REDUCTIONS:
            yield from _inside(a, program, loop, seen)


def _node(node: Node, kind: str, near: bool, square: bool) -> int:
    if node.op in LOOKUPS:
        return 0
    if node.op in REDUCTIONS:
        return {"sum": 1, "max": 2, "first": 4}[node.op]
    if node.op == "power":
        return 1 if square or node.args[1].op == "number" else functions("double", near)["power"]
    called = CALL.match(OPERATIONS[node.op])
    return functions(kind, near)[called[1]] if called else 1
