"""The loop program of a kernel: statements that passes change before they are printed as C++.

What one iteration of a loop over rows computes is local to it, unless another loop reads it too:
then `passes.keep_across_loops` finds an array for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

ROW_LOOPS = ("rows", "vectors")


@dataclass(frozen=True)
class Variable:
    """A number of a row or of a class, with its C++ type."""

    name: str
    type: str


@dataclass(frozen=True)
class Expr:
    """An operation of the printer's tables.

    Text among its arguments is a name or a number, which is printed as it is.
    """

    op: str
    args: tuple[Operand, ...]


Operand = Variable | Expr | str


def call(op: str, *args: Operand) -> Expr:
    """An expression."""
    return Expr(op, args)


@dataclass(frozen=True)
class Let:
    """Declares and computes a variable; a mutable one is assigned again later."""

    variable: Variable
    value: Operand
    mutable: bool = False


@dataclass(frozen=True)
class Assign:
    """Writes to a variable or to memory, with the operator "=", "+=" or "|="."""

    target: Variable | Expr
    value: Operand
    operator: str = "="


@dataclass(frozen=True)
class Do:
    """A call that is made for its effect, or the end of the kernel."""

    value: Expr


@dataclass(frozen=True)
class Loop:
    """Statements in a loop, or under a condition.

    Attributes:
        over: A key of the printer's table of loops, such as "rows".
        body: The statements.
        simd: Whether the compiler is told to vectorise the loop.
        reductions: The operators and variables of the reductions of a vectorised loop.
    """

    over: str
    body: Body
    simd: bool = False
    reductions: tuple[tuple[str, Variable], ...] = ()


Statement = Let | Assign | Do | Loop
Body = tuple[Statement, ...]


@dataclass(frozen=True)
class KernelFunction:
    """A function of a kernel.

    Attributes:
        name: Its name.
        arguments: The declarations of its arguments.
        declarations: The declarations at its beginning.
        body: Its statements.
        arrays: The variables with an element for each row of a block, or each vector of rows.
    """

    name: str
    arguments: tuple[str, ...]
    declarations: tuple[str, ...]
    body: Body
    arrays: frozenset[Variable] = field(default=frozenset())


def rebuilt(body: Body, change: Callable[[Statement], Body]) -> Body:
    """Every statement, those inside loops first, replaced by `change` of it."""
    made: Body = ()
    for statement in body:
        if isinstance(statement, Loop):
            statement = replace(statement, body=rebuilt(statement.body, change))
        made += change(statement)
    return made


def walk(body: Body) -> Iterator[Statement]:
    """Every statement, with those inside loops."""
    for statement in body:
        yield statement
        if isinstance(statement, Loop):
            yield from walk(statement.body)


def read_by(statement: Statement) -> Iterator[Operand]:
    """The operands that a statement itself reads, with all their parts."""
    stack: list[Operand] = [] if isinstance(statement, Loop) else [statement.value]
    if isinstance(statement, Assign) and isinstance(statement.target, Expr):
        stack.append(statement.target)
    while stack:
        operand = stack.pop()
        yield operand
        if isinstance(operand, Expr):
            stack += operand.args


def written_by(statement: Statement) -> Variable | None:
    """The variable that a statement itself computes or assigns."""
    written = getattr(statement, "variable", getattr(statement, "target", None))
    return written if isinstance(written, Variable) else None
