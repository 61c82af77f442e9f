"""What a loss is: data. An equation, what it is differentiated by, its parameters, its target, its source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from sympy import Expr, Indexed, IndexedBase, S, Symbol, sympify

from ..expr.doors import door
from ..expr.hypotheses import Hypothesis
from ..expr.importing import import_sympy

if TYPE_CHECKING:
    from ..calculus.derivation import Derivation

TARGETS = ("class index", "probabilities", "real", None)


KINDS = ("number", "per class", "per element", "balance")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a loss.

    Attributes:
        symbol: a symbol, or an `IndexedBase` for one number per class.
        domain: where it may be, in words and signs.
        meaning: what it does.
        neutral: the value at which it has no effect, None if there is none.
        kind: what callers may pass: a "number"; "per class", one number for all classes or one for each; "per element",
            numbers that broadcast to the inputs; "balance", the weight of the positive class, 1 minus it being that
            of the negative one. Where it is left out it follows from the symbol.
        default: the value of a number that callers may leave out. Other kinds default to None, their neutral value.
        high: the largest value that a number may have.
    """

    symbol: Expr
    domain: str
    meaning: str
    neutral: Expr | int | None = None
    kind: str = ""
    default: float | None = None
    high: float = inf

    def __post_init__(self):
        if not self.kind:
            kind = "per class" if isinstance(self.symbol, IndexedBase) else "number"
            object.__setattr__(self, "kind", kind)
        if self.kind not in KINDS:
            raise ValueError(
                f"Parameter {self.symbol}: kind must be one of {KINDS}, got {self.kind!r}"
            )


@dataclass(frozen=True)
class Interface:
    """How the public functions of a loss are called, where that does not follow from its equation.

    Attributes:
        module: the name of the PyTorch module, None for none.
        like: the function of another library whose arguments these are, in words.
        notes: what else a caller has to know.
        reduction: the default.
        positional: whether the parameters and the reduction may be given by position.
        weight: whether callers may weight the loss of each single output.
        mean_weights: the symbol of the parameter whose values at the target classes "mean" divides by the sum of.
            None: "mean" divides by the number of rows that count.
        probabilities: whether targets that are no class indices must be from 0 to 1.
        normalised: whether the probabilities of a row must sum to 1.
    """

    module: str | None = None
    like: str = ""
    notes: str = ""
    reduction: str = "mean"
    positional: bool = False
    weight: bool = False
    mean_weights: Expr | None = None
    probabilities: bool = True
    normalised: bool = True


@dataclass(frozen=True)
class SpecialCase:
    """An equality that holds for a loss, such as what it becomes for two classes.

    Attributes:
        name: what it says, in a few words.
        left: one side; it may hold `Diff`.
        right: the other side.
        given: the hypotheses under which the two are equal.
    """

    name: str
    left: Expr
    right: Expr | int
    given: tuple[Hypothesis, ...] = ()


@dataclass(frozen=True)
class Loss:
    """A loss of one row of logits (or one output), or an activation such as softmax.

    name, title: for code and for people. expr: the equation, in the symbols of `lossbook.notation`. wrt: what it is
    differentiated by, such as `z[j]`. parameters: with domain and neutral value. given: hypotheses, such as
    `Simplex(y)`. target: "class index", "probabilities", "real", or None for an activation. reference: a key of the
    book's bibliography, or a link. function: the public function of `lossbook.numpy` and `lossbook.torch` that computes it;
    two losses share one where the form of the targets decides between them. interface: how it is called. special_cases: a
    function without arguments that returns them; the summary cards prove them.
    """

    name: str
    title: str
    expr: Expr
    wrt: Expr
    target: str | None
    reference: str
    function: str | None = None
    interface: Interface = Interface()
    parameters: tuple[Parameter, ...] = ()
    given: tuple[Hypothesis, ...] = ()
    special_cases: Callable[[], tuple[SpecialCase, ...]] | None = None

    def __post_init__(self):
        if not self.name.isidentifier():
            raise ValueError(f"Loss: name must be usable as a name in code, got {self.name!r}")
        if self.target not in TARGETS:
            raise ValueError(
                f"Loss {self.name}: target must be one of {TARGETS}, got {self.target!r}"
            )
        if not isinstance(self.wrt, (Symbol, Indexed)):
            raise TypeError(
                f"Loss {self.name}: wrt must be a symbol or a component such as z[j], got {self.wrt!r}"
            )
        object.__setattr__(self, "expr", import_sympy(self.expr))

    @property
    def is_activation(self) -> bool:
        """Whether this maps logits to outputs of the same shape, rather than to a loss."""
        return self.target is None

    @property
    def plain(self) -> Expr:
        """The equation with every parameter that has a neutral value at that value: weights 1, no smoothing."""
        return self.at(
            **{_name(q.symbol): q.neutral for q in self.parameters if q.neutral is not None}
        )

    def at(self, **values) -> Expr:
        """The equation with some parameters set, by name: `at(gamma=0)`."""
        symbols = {_name(q.symbol): q.symbol for q in self.parameters}
        expr = self.expr
        for name, value in values.items():
            if name not in symbols:
                raise TypeError(
                    f"Loss {self.name} has no parameter {name!r}; it has {', '.join(symbols) or 'none'}"
                )
            expr = _set(expr, symbols[name], sympify(value))
        return expr

    def derivation(self, *, full: bool = False, order: int = 1) -> Derivation:
        """The gradient (order 1) or Hessian (order 2), derived line by line, each line checked.

        full=True keeps the parameters that have a neutral value, such as class weights.
        """
        return door("Loss.derivation")(self, full=full, order=order)

    def source(self, target: str) -> str:
        """The generated module for a target: "numpy", "torch" or "javascript"."""
        return door("Loss.source")(self, target)

    def with_(self, **changes) -> Loss:
        """A copy with some fields changed."""
        return replace(self, **changes)


def _name(symbol: Expr) -> str:
    return str(symbol.label) if isinstance(symbol, IndexedBase) else str(symbol)


def _set(expr: Expr, symbol: Expr, value: Expr) -> Expr:
    if isinstance(symbol, IndexedBase):
        return expr.replace(lambda e: isinstance(e, Indexed) and e.base == symbol, lambda e: value)
    return expr.xreplace({symbol: value if value is not None else S.One})
