"""How much arithmetic a kernel does for each logit, counted on the nodes of its program.

Counted are additions, subtractions, multiplications, divisions, comparisons, choices and operations
on bits; a fused multiply-add is two. Moving numbers and changing their type are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...codegen.cpp.coefficients import TERMS
from ...codegen.cpp.program import (
    REDUCTIONS,
    fused,
    has_bounded,
    in_pass,
    put_target_in_place,
)
from ...codegen.program import Node
from ...losses import Loss

LOOKUPS = (
    "input",
    "number",
    "along",
    "class_count",
    "classes",
    "zeros",
    "per_class",
    "take",
    "gather",
)
# What a function of kernel.h does besides its polynomial. Logarithms share a polynomial.
STEPS = {
    "double": {"exp": 11, "log": 27, "log1p": 30, "log1p_to_one": 1},
    "float": {"exp": 11, "log": 18, "log1p": 21, "log1p_to_one": 1},
}
POLYNOMIALS = {"exp": "exp", "log": "log", "log1p": "log", "log1p_to_one": "log1p"}
RANGE = 2  # a comparison and a choice: exp checks its range where logits have no bound
POWER = 7  # a multiplication, and the choices for 0 and for NaN, besides exp, a bound and log
EXTREMES = ("maximum", "minimum", "at_least", "at_most")  # general kernels check for NaN too
REDUCED = {"sum": 1, "max": 2, "first": 4}
BOUND = 3  # whether a logit is within the bound: its size, a comparison, a choice


@dataclass(frozen=True)
class Work:
    """The number of operations of a kernel: for each logit, and for each row."""

    each: int
    row: int

    def per_logit(self, classes: int) -> float:
        """Operations for each logit of a row with that many classes."""
        return self.each + self.row / classes


def function(name: str, kind: str) -> int:
    """The operations of one of the functions in `STEPS`.

    Args:
        name: Such as "exp".
        kind: The arithmetic, "double" or "float".
    """
    terms = TERMS[kind][POLYNOMIALS[name]]
    return STEPS[kind][name] + 2 * (terms - 1) + 1  # multiply-adds, and one square


def of_kernel(loss: Loss, bounded: bool = True, kind: str = "double", square: bool = True) -> Work:
    """The operations of value and gradient of a loss.

    Args:
        loss: Any but an activation.
        bounded: Whether to count the kernel for bounded logits, where there is one.
        kind: The arithmetic of that kernel, "double" or "float"; the general kernel computes in
            double.
        square: Whether the exponent, where there is one, is 2.
    """
    bounded = bounded and has_bounded(loss)
    program = fused(loss, bounded=bounded)
    kind = kind if bounded else "double"
    each = BOUND * (bounded and program.by_class) + 1  # times the factor of the row
    row = 0
    for n, one in enumerate(program.passes):
        found = [node for node in in_pass(program, n) if program.stored.get(node, n) == n]
        placed = one.results and bounded and put_target_in_place(one.results[0], program.stored)
        each += 0 if placed else sum(_work(a, kind, bounded, square) for a in found if _is_each(a))
        row += sum(_work(a, kind, bounded, square) for a in one.before)
    return Work(each, row if program.by_class else 0)


def _is_each(node: Node) -> bool:
    """Whether it is computed for each class."""
    return node.extent == "each" or node.op in REDUCTIONS


def _work(node: Node, kind: str, bounded: bool, square: bool) -> int:
    if node.op in LOOKUPS:
        return 0
    extreme = 2 if bounded else 4
    ranged = RANGE * (not bounded)
    if node.op == "power":
        if square or node.args[1].op == "number":
            return 1
        return sum(function(name, "double") for name in ("exp", "log")) + ranged + extreme + POWER
    if node.op in EXTREMES:
        return extreme
    if node.op in STEPS[kind]:
        return function(node.op, kind) + ranged * (node.op == "exp")
    return REDUCED.get(node.op, 1)
