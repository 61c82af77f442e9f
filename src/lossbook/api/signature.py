"""What a public function takes, as data: its generated code, parameters and conventions.

`make generate` writes a `Signature` for each public function from the definition of its loss, so
that calling a function needs no SymPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import inf
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple


class ParameterSpec(NamedTuple):
    """A parameter of a public function.

    `kind` is one of

    - "number": a real number from `low` to `high`.
    - "per class": None, one number for all classes, or an array of shape (K,). None is 1 for every
      class.
    - "per element": None, a number, or an array that broadcasts to the inputs. None is 1.
    - "balance": the weight of the positive class, from 0 to 1; the negative class has 1 minus it.
      None or a negative number gives both classes the weight 1.

    A number at its `neutral` value has no effect.
    """

    name: str
    kind: str
    low: float = 0.0
    high: float = inf
    neutral: float | None = None


@cache
def _folder_beside(module: ModuleType) -> str:
    return str(Path(module.__file__ or "").parents[1] / "cpp")


class Code(NamedTuple):
    """A generated module (NumPy's or PyTorch's) and the names of its parameters.

    Attributes:
        module: The generated module.
        per_class: The parameters with a number for each class.
        scalars: The parameters with one number, or one for each element.
    """

    module: ModuleType
    per_class: tuple[str, ...] = ()
    scalars: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the loss, which is also that of its kernels."""
        return self.module.__name__.rpartition(".")[2]

    @property
    def kernels(self) -> str:
        """The folder in which the generated C++ of the loss is, beside the module's."""
        return _folder_beside(self.module)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of all parameters."""
        return self.per_class + self.scalars


@dataclass(frozen=True, eq=False)  # compared by identity: plans are looked up by their signature
class Signature:
    """A public function.

    Attributes:
        function: its name, as errors give it.
        rows: whether it is a loss of rows of logits with a class axis, rather than of single
            outputs.
        parameters: the parameters of the loss, in the order in which `evaluate` gets their values.
        dense: the code for targets of the shape of the logits. None where targets are always class
            indices.
        index: the code for class indices. Where it is None, or lacks a parameter that has an
            effect, class indices are computed by `dense` as one-hot targets.
        probabilities: whether targets of the shape of the logits must be between 0 and 1.
        normalised: whether the targets of a row must sum to 1.
        mean_weights: the parameter by which "mean" divides where targets are class indices: the sum
            of the weights of the targets. None: it divides by the number of rows that count.
    """

    function: str
    rows: bool
    parameters: tuple[ParameterSpec, ...] = ()
    dense: Code | None = None
    index: Code | None = None
    probabilities: bool = True
    normalised: bool = False
    mean_weights: str | None = None


class Options(NamedTuple):
    """The options that losses have in common; `weight` multiplies the loss of each output."""

    reduction: str = "mean"
    precision: str = "exact"
    axis: int | None = None
    ignore_index: int = -100
    weight: Any = None

    def is_simple(self) -> bool:
        """Whether all options have exactly the types they should have, and can be a key."""
        return (
            type(self.reduction) is str
            and type(self.precision) is str
            and type(self.ignore_index) is int
            and (self.axis is None or type(self.axis) is int)
            and self.weight is None
        )
