"""Passes over the statements of a kernel. Each returns a kernel that computes the same."""

from __future__ import annotations

from dataclasses import replace

from .statements import (
    ROW_LOOPS,
    Assign,
    Body,
    KernelFunction,
    Let,
    Loop,
    Statement,
    Variable,
    read_by,
    rebuilt,
    walk,
    written_by,
)

COMBINED = {"+=": "+", "|=": "|", "max": "max", "first": "min"}  # OpenMP's names


def keep_across_loops(kernel: KernelFunction) -> KernelFunction:
    """Store in arrays what one loop over the rows computes and another one reads."""
    loops = [s for s in walk(kernel.body) if isinstance(s, Loop) and s.over in ROW_LOOPS]
    found: list[set[Variable]] = [
        {
            v
            for s in walk(loop.body)
            for v in (*read_by(s), written_by(s))
            if isinstance(v, Variable)
        }
        for loop in loops
    ]
    arrays = frozenset(v for one in found for v in one if sum(v in other for other in found) > 1)

    def stored(statement: Statement) -> Body:
        if isinstance(statement, Let) and statement.variable in arrays:
            return (Assign(statement.variable, statement.value),)
        return (statement,)

    return replace(kernel, body=rebuilt(kernel.body, stored), arrays=arrays)


def name_reductions(kernel: KernelFunction) -> KernelFunction:
    """Tell the compiler what a vectorised loop adds up.

    That is every variable which is assigned in the loop and does not belong to one row.
    """

    def named(loop: Statement) -> Body:
        if not (isinstance(loop, Loop) and loop.simd):
            return (loop,)
        found = tuple(
            (COMBINED[s.value.op if s.operator == "=" else s.operator], s.target)
            for s in loop.body
            if isinstance(s, Assign)
            and isinstance(s.target, Variable)
            and s.target not in kernel.arrays
        )
        return (replace(loop, reductions=found),)

    return replace(kernel, body=rebuilt(kernel.body, named))
