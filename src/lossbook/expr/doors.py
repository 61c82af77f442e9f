"""The doors: names in a lower layer of the package that lead to a higher one when they are used.

Imports between the layers run one way. `loss.derivation()` is the exception that a reader wants: a
loss is data and knows no calculus, so the method looks the function up by its name here. Nothing
else in the package imports by name.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

DOORS = {
    "lossbook.Counterexample": "lossbook.calculus.prove:Counterexample",
    "lossbook.Derivation": "lossbook.calculus.derivation:Derivation",
    "lossbook.Evidence": "lossbook.calculus.prove:Evidence",
    "lossbook.NotEqualError": "lossbook.calculus.prove:NotEqualError",
    "lossbook.OneHot": "lossbook.expr.hypotheses:OneHot",
    "lossbook.ParseError": "lossbook.reading:ParseError",
    "lossbook.Share": "lossbook.expr.hypotheses:Share",
    "lossbook.Simplex": "lossbook.expr.hypotheses:Simplex",
    "lossbook.Size": "lossbook.expr.hypotheses:Size",
    "lossbook.Step": "lossbook.calculus.derivation:Step",
    "lossbook.StepError": "lossbook.calculus.derivation:StepError",
    "lossbook.audit": "lossbook.auditing:audit",
    "lossbook.derive_expr": "lossbook.calculus.derive:derive_expr",
    "lossbook.exercises": "lossbook.exercises",
    "lossbook.losses": "lossbook.losses",
    "lossbook.notation": "lossbook.notation",
    "lossbook.prove_equal": "lossbook.calculus.prove:prove_equal",
    "command.accuracy": "lossbook.measure.command",
    "command.audit": "lossbook.auditing.command",
    "command.bench": "lossbook.measure.speed.command",
    "command.generate": "lossbook.codegen.command",
    "command.grade": "lossbook.exercises.command",
    "command.kernels": "lossbook.native.command",
    "command.roofs": "lossbook.book.speed.roofline",
    "Loss.derivation": "lossbook.calculus.derive:derive",
    "Loss.source": "lossbook.codegen:source",
}


def door(name: str):
    """The module, or the attribute of a module, that a name of `DOORS` leads to.

    Raises `KeyError` for any other name.
    """
    module, _, attribute = DOORS[name].partition(":")
    found = importlib.import_module(module)
    return getattr(found, attribute) if attribute else found


def modules_in(package: ModuleType) -> Iterator[ModuleType]:
    """The public modules of a package, in the order of their names."""
    for name in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        if not name.startswith("_"):
            yield importlib.import_module(f"{package.__name__}.{name}")
