"""Long statements of generated Python are broken into lines that fit on a page, and say the same as before."""

import ast
from textwrap import dedent

import pytest

from lossbook.codegen.printer import Printer
from lossbook.codegen.python import numpy, torch
from lossbook.codegen.python.module import programs_of
from lossbook.codegen.python.wrapping import WIDTH, wrapped
from lossbook.losses import all_losses

TABLES = {"numpy": numpy.OPERATIONS, "torch": torch.OPERATIONS}


def same(statement: str, lines: list[str]) -> bool:
    before, after = (ast.parse(text) for text in (statement, dedent("\n".join(lines))))
    return ast.dump(before) == ast.dump(after)


@pytest.mark.parametrize("target", TABLES)
@pytest.mark.parametrize("loss", all_losses(), ids=lambda loss: loss.name)
def test_every_statement_fits_and_says_the_same(loss, target):
    for program in programs_of(loss):
        for statement in Printer(program, TABLES[target], "a test").body():
            lines = wrapped(statement)
            assert max(map(len, lines)) <= WIDTH
            statement = statement.removeprefix("return ")
            lines[0] = lines[0].replace("return ", "", 1)
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
        (f"return f({A}, {B}).g(1)", ["    return f(", f"        {A}, {B}", "    ).g(1)"]),
        (f"x = {A}{B}{C}", [f"    x = {A}{B}{C}"]),
    ],
)
def test_style(statement, expected):
    assert wrapped(statement) == expected
    assert same(
        statement.removeprefix("return "), [expected[0].replace("return ", ""), *expected[1:]]
    )


def test_that_check_sees_a_change():
    assert not same("x = a - (b - c)", ["x = (", "    a", "    - b - c", ")"])
