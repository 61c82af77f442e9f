"""Generated text made into functions, and the values that the symbols of a loss have in one row."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from lossbook import codegen
from lossbook.calculus.evaluate import evaluate
from lossbook.codegen.inputs import Inputs, inputs_of
from lossbook.codegen.lowering import Lowering
from lossbook.codegen.printer import Printer
from lossbook.codegen.program import Program
from lossbook.codegen.python import numpy as numpy_table


def module(loss, target: str = "numpy"):
    """The generated module of a loss, run."""
    return run(codegen.source(loss, target))


def run(text: str):
    """A module's text, run."""
    names: dict = {}
    exec(compile(text, "<generated>", "exec"), names)
    return SimpleNamespace(**names)


def function(expr, inputs: Inputs, table=numpy_table.OPERATIONS):
    """One expression as a NumPy function of its inputs, by name."""
    node = Lowering(inputs).lower(expr)
    body = Printer(Program("f", "", "", inputs.listed, True, node), table, "test").body()
    arguments = ", ".join(a.name for a in inputs.listed)
    return run(
        "import numpy as np\n" + f"def f({arguments}, axis=-1):\n    " + "\n    ".join(body)
    ).f


def random_arguments(
    loss, rng: np.random.Generator, rows: int = 3, classes: int = 4
) -> dict[str, np.ndarray]:
    """Arguments of a generated function, by name, rows first and classes last."""
    inputs = inputs_of(loss)
    shape = (rows,) if inputs.size is None else (rows, classes)

    def one(argument):
        if argument.role == "class index":
            return rng.integers(0, classes, rows)
        if argument.role == "per class":
            return rng.uniform(0.5, 2, classes)
        if argument.role == "scalar":
            return float(rng.uniform(0.1, 0.9))
        if argument.name == "targets" and loss.target == "probabilities":
            return rng.dirichlet(np.ones(classes), rows)
        return (
            rng.uniform(0.1, 0.9, shape)
            if argument.name == "targets"
            else 3 * rng.normal(size=shape)
        )

    return {a.name: one(a) for a in inputs.listed}


def point(loss, arguments: dict, row: int) -> dict:
    """One row of the arguments as values of the symbols, for `evaluate`."""
    inputs = inputs_of(loss)
    values: dict = {} if inputs.size is None else {inputs.size: arguments["logits"].shape[-1]}
    for symbol, argument in inputs.by_symbol.items():
        value = arguments[argument.name]
        if argument.role == "class index":
            values[symbol] = int(value[row]) + 1
        elif argument.role == "scalar":
            values[symbol] = value
        elif argument.role == "per class":
            values[symbol] = value.tolist()
        else:
            values[symbol] = value[row].tolist()
    return values


def exact(expr, values: dict) -> float:
    """The value to 50 digits, rounded."""
    return float(evaluate(expr, values))
