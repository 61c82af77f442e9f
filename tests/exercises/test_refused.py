"""Hostile and malformed input is refused, by a `ParseError` and soon; what is read never runs and never grows."""

import ast
import random
import time
from pathlib import Path

import pytest

from lossbook import reading
from lossbook.exercises import ParseError, parse, parse_chain

HOSTILE = [
    "__import__('os').system('true')",
    "__import__",
    "().__class__",
    "p.__class__",
    "p[i].__class__.__mro__",
    "x__class__",
    "_x",
    "x_",
    "exec(x)",
    "eval(x)",
    "open(x)",
    "getattr(x, y)",
    "lambda x: x",
    "Symbol(x)",
    "sympify(x)",
    "oo",
    "zoo",
    "nan",
    "inf",
    "True",
    "None",
    "I",
    "print(x)",
    "x if x else y",
    "x and y",
    "x := 2",
    "x; y",
    "x # y",
    "x @ y",
    "x % y",
    "x // y",
    "x << y",
    "x < y",
    "x = y",
    "x == y",
    "'x'",
    '"x"',
    "`x`",
    "$x$",
    "f'{x}'",
    "x!",
    "x'",
    "|x|",
    "~x~!",
    "x?",
    "9^9^9^9",
    "9**9**9**9",
    "9^99",
    "x^99",
    "x^-99",
    "((x^9)^9)^9",
    "(x^32 y^32)^9",
    "((2^32)^32)^32",
    "e^(e^(e^9))",
    "exp(exp(exp(9)))",
    "exp(9999999999)",
    "2^sqrt(2)",
    "1234567890123",
    "0.1234567890123",
    "1" * 4000,
    "1e999999999",
    "1e5",
    "x" * 5000,
    "x+" * 4000 + "x",
    "+".join(["x"] * 1600),
    "(" * 2000 + "x" + ")" * 2000,
    "[" * 2000,
    "{" * 50 + "x" + "}" * 50,
    "-" * 3999 + "x",
    "^".join(["x"] * 100),
    "log " * 100 + "x",
    "log(" * 60 + "x" + ")" * 60,
    r"\sqrt" * 100 + "x",
    r"\frac{1}{" * 60 + "x" + "}" * 60,
    "sum(" * 10 + "p[k]" + ", k)" * 10,
    r"\sum_k " * 10 + "p_k",
    "diff(" * 10 + "x" + ", x)" * 10,
    "softmax(" * 10 + "z" + ")[i]" * 10,
    "(",
    ")",
    "(]",
    "(x]",
    "{x)",
    "x)",
    "(x",
    "((x)",
    "",
    "   ",
    "+",
    "x +",
    "* x",
    "x * * y",
    "x / / y",
    "x ^",
    "^ x",
    "x y_",
    "log",
    "log()",
    "sum()",
    "sum(p_k)",
    "sum(p, k)",
    "sum_2 p_k",
    "sum(p[k], (k, 2, K))",
    "sum(p[k], (k, 1, x))",
    "softmax()",
    "softmax(z)",
    "delta",
    "delta(i)",
    "delta(i, j, k)",
    "delta_i",
    "p",
    "p[]",
    "p[0]",
    "p[-1]",
    "p[1.5]",
    "p[9999]",
    "p[x]",
    "p[i, j]",
    "p[i][j]",
    "p_{ij}",
    "x[i]",
    "x_i",
    "gamma_t",
    "k",
    "2 k",
    "diff(x)",
    "diff(x, 2)",
    "diff(x, k)",
    "diff(x, p_i)",
    "diff(x, x + 1)",
    "d/d",
    "∂/∂",
    r"\frac{1}",
    r"\frac12",
    r"\frac{\partial}{\partial z_j} p_j y_j",
    r"\foo",
    r"\input{x}",
    r"\href{javascript:x}{y}",
    r"\def\x{y}",
    "\\",
    "<script>x</script>",
    "x\x00",
    "\x00",
    "x\x1b[31m",
    "x\x7f",
    "p\u200b_i",  # zero width space
    "x\u200d",  # zero width joiner
    "\ufeffx",  # byte order mark
    "x\u202ey",  # right-to-left override
    "x\u00a0y",  # no-break space
    "\u0440_i",  # Cyrillic р
    "\u0430",  # Cyrillic а
    "\u0435^x",  # Cyrillic е
    "l\u043eg(x)",  # Cyrillic о
    "\u1d431",  # a modifier letter
    "\U0001d431",  # mathematical bold x
    "\uff58",  # full-width x
    "ｅ^x",
    "１+x",  # full-width digit
    "\u0661 + x",  # Arabic-Indic digit
    "x²²",
    "½",
    "∞",
    "√x",
    "x\u0301",  # combining accent
    "\ud800",  # half of a surrogate pair
    "😀",
    "1/0",
    "0^(-1)",
    "(1-1)^(-1)",
    "x/0",
    "log(0)",
    "sqrt(-1)",
    "log(-1)",
    "(-1)^(1/2)",
    "0/0",
]


ENOUGH = 60  # seconds of processor time, for milliseconds of work: not a measurement, but a sign that something grew


def refused(typed, read=parse) -> None:
    with pytest.raises(ParseError) as found:
        read(typed)
    assert 1 <= found.value.column <= len(typed) + 1
    assert len(str(found.value)) < 500


def test_there_are_many_hostile_texts():
    assert len(HOSTILE) == len(set(HOSTILE)) >= 150


@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_refused(typed):
    start = time.process_time()
    refused(typed)
    assert time.process_time() - start < ENOUGH


@pytest.mark.parametrize("typed", ["x = ", "= = x", "x = y = ", "x ==== y"])
def test_a_hostile_chain_is_refused(typed):
    refused(typed, parse_chain)


def test_random_text_is_parsed_or_refused():
    rng = random.Random(0)
    pieces = [
        *"pyzxwKkijte0123456789+-*/^_=()[]{}., \\",
        "log",
        "sum",
        "softmax",
        "delta",
        "gamma",
        "diff",
        r"\frac",
        r"\sum_",
    ]
    start, outcomes = time.process_time(), {True: 0, False: 0}
    for _ in range(3000):
        typed = "".join(rng.choices(pieces, k=rng.randint(1, 30)))
        try:
            parse(typed)
            outcomes[True] += 1
        except ParseError:
            outcomes[False] += 1
    assert outcomes[True] > 50
    assert outcomes[False] > 1000
    assert time.process_time() - start < ENOUGH


def test_nothing_is_evaluated_as_code():
    """No module of the reader calls what turns text into code."""
    forbidden = {
        "eval",
        "exec",
        "sympify",
        "parse_expr",
        "parse_latex",
        "S",
        "__import__",
        "getattr",
    }
    calls = []
    for path in Path(reading.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in forbidden:
                    calls.append((path.name, name, ast.unparse(node)))
    # the name comes from a table of the parser's own methods, never from the text
    assert calls == [("parsing.py", "getattr", "getattr(self, SPECIAL[name])")]
