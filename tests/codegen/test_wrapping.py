"""Long statements of generated Python are broken into lines that fit on a page, and say the same as before."""

import ast
import random
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from lossbook.codegen.printer import Printer
from lossbook.codegen.python import numpy, torch
from lossbook.codegen.python.module import programs_of
from lossbook.codegen.python.wrapping import WIDTH, wrapped
from lossbook.losses import all_losses

TABLES = {"numpy": numpy.OPERATIONS, "torch": torch.OPERATIONS}


def same(statement: str, lines: list[str]) -> bool:
    """Whether some lines have the syntax tree of a statement, which may be a return."""
    texts = (statement, dedent("\n".join(lines)))
    before, after = (ast.dump(ast.parse(re.sub("^return ", "x = ", a))) for a in texts)
    return before == after


@pytest.mark.parametrize("target", TABLES)
@pytest.mark.parametrize("loss", all_losses(), ids=lambda loss: loss.name)
def test_every_statement_fits_and_says_the_same(loss, target):
    for program in programs_of(loss):
        for statement in Printer(program, TABLES[target], "a test").body():
            lines = wrapped(statement)
            assert max(map(len, lines)) <= WIDTH
            assert same(statement, lines)


A, B, C = "a" * 30, "b" * 30, "c" * 30


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (f"x = {A} + {B}", [f"    x = {A} + {B}"]),
        (f"x = {A} + {B} * {C}", ["    x = (", f"        {A}", f"        + {B} * {C}", "    )"]),
        (f"x = f({A}, {B}, 1)", [f"    x = f({A}, {B}, 1)"]),
        (f"x = f({A}, {B}, {A})", ["    x = f(", *(f"        {a}," for a in (A, B, A)), "    )"]),
        (f"x = {A} - f({B}, axis=1)", [f"    x = {A} - f(", f"        {B}, axis=1", "    )"]),
        (f"x = ({A} - 1) * {B}[{C}]", ["    x = (", f"        {A} - 1", f"    ) * {B}[{C}]"]),
        (f"x = {A} * {B}[{C}]", ["    x = (", f"        {A}", f"        * {B}[{C}]", "    )"]),
        (f"return 2 * {A} * {B}", ["    return (", f"        2 * {A} * {B}", "    )"]),
        (
            f"x = {A} - {B} * {C} * f(1)",
            ["    x = (", *(f"        {a}" for a in (A, f"- {B}", f"* {C}", "* f(1)")), "    )"],
        ),
        (f"x = {A} * ({B} - {C})", [f"    x = {A} * (", f"        {B} - {C}", "    )"]),
        (f"return f({A}, {B}).g(1)", ["    return f(", f"        {A}, {B}", "    ).g(1)"]),
        (f"x = {A}{B}{C}", [f"    x = {A}{B}{C}"]),
    ],
)
def test_style(statement, expected):
    assert wrapped(statement) == expected
    assert same(statement, expected)


def test_that_check_sees_a_change():
    assert not same("x = a - (b - c)", ["x = (", "    a", "    - b - c", ")"])
    assert not same("return a - (b - c)", ["return (", "    a", "    - b - c", ")"])


OPERATIONS = (  # text, how tight it is, how tight its operands have to be
    ("{} == {}", 1, (2, 2)),
    ("{} + {}", 2, (2, 3)),
    ("{} - {}", 2, (2, 3)),
    ("{} * {}", 3, (3, 4)),
    ("{} / {}", 3, (3, 4)),
    ("-{}", 4, (6,)),
    ("({} + 1) ** {}", 5, (2, 6)),
    ("weight[{}]", 6, (0,)),
    ("np.log({})", 6, (0,)),
    ("np.arange({}).reshape(along)", 6, (0,)),
    ("np.sum({}, axis=axis, keepdims=True)", 6, (0,)),
    ("torch.where({}, {}, {})", 6, (0, 0, 0)),
)
NAMES = ("2", "alpha", "targets", "log_ratio", "weighted_targets_2", "modulation_negative")


def random_expression(rng: random.Random, depth: int, least: int = 0) -> str:
    if depth == 0 or rng.random() < 0.1:
        return rng.choice(NAMES)
    form, tightness, wanted = rng.choice(OPERATIONS)
    depth -= rng.choice((1, 1, 2)) if depth > 1 else 1
    text = form.format(*(random_expression(rng, depth, n) for n in wanted))
    return text if tightness >= least else f"({text})"


def laid_out(statements: list[str]) -> str:
    """The statements, each broken into lines, in a function."""
    return "\n".join(["def f():", *(line for a in statements for line in wrapped(a))]) + "\n"


def test_random_statements_are_broken_as_ruff_would():
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("ruff is not installed beside this Python")
    rng = random.Random(1)
    texts = (random_expression(rng, rng.choice((3, 4, 5))) for _ in range(6000))
    statements = [f"{rng.choice(NAMES[1:])} = {a}" for a in texts if 60 < len(a) < 200]
    assert len(statements) > 1000
    assert all(same(a, wrapped(a)) for a in statements)
    text = laid_out(statements)
    command = [ruff, "format", "--isolated", "--line-length", str(WIDTH), "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == text.splitlines()
