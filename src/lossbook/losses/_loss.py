"""What a loss is: data. An equation, its variable, its parameters, its targets and its source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

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
        symbol: Its symbol in `lossbook.notation`; an indexed base for one number per class.
        domain: The values that it may take, such as "γ ≥ 0".
        meaning: What it does, in a phrase.
        neutral: The value at which it has no effect, or None if there is no such value.
        kind: What callers may pass. "number": a number. "per class": one number for all classes, or
            one for each. "per element": numbers that broadcast to the inputs. "balance": the weight
            of the positive class, where the negative class has 1 minus it. By default it follows
            from the symbol.
        default: The value of a number that callers may leave out. The other kinds default to None,
            which stands for the neutral value.
        high: The largest value that a number may have.

    Raises:
        ValueError: `kind` is unknown.
    """

    symbol: Expr
    domain: str
    meaning: str
    neutral: Expr | int | None = None
    kind: str = ""
    default: float | None = None
    high: float = inf

    def __post_init__(self) -> None:
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
        module: The name of the PyTorch module, or None if there is none.
        like: The function of another library that has the same arguments, in words.
        notes: What else a caller has to know.
        reduction: The default reduction.
        positional: Whether the parameters and the reduction may be passed by position.
        weight: Whether callers may weight the loss of each single output.
        mean_weights: The symbol of the parameter whose values at the target classes sum to the
            divisor of "mean". None: "mean" divides by the number of rows that count.
        probabilities: Whether targets that are not class indices must lie between 0 and 1.
        normalised: Whether the probabilities of a row must sum to 1.
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
    """The loss of one row of logits or of one output; or an activation, such as softmax.

    Attributes:
        name: Its name in code, unique in the registry.
        title: Its name in prose.
        expr: The equation, in the symbols of `lossbook.notation`.
        wrt: The variable that the loss is differentiated with respect to, such as `z[j]`.
        target: What the targets are: "class index", "probabilities" or "real"; None for an
            activation.
        reference: A key of the book's bibliography, or a link.
        function: The public function of `lossbook.numpy` and `lossbook.torch` that computes it. Two
            losses may share a function that tells them apart by the form of the targets.
        interface: How that function is called, where that does not follow from the equation.
        parameters: Its parameters, with their domains and neutral values.
        given: The hypotheses that its derivation may use, such as `Simplex(y)`.
        special_cases: A function that returns equalities which hold for the loss. Its summary card
            proves them.

    Raises:
        ValueError: The name is no identifier, or `target` is unknown.
        TypeError: `wrt` is neither a symbol nor a component of a vector.

    Example:
        >>> from sympy import log
        >>> from lossbook.notation import logit, sigmoid, target
        >>> mine = Loss("mine", "My loss", -target * log(sigmoid(logit)), logit, "real", "none")
        >>> mine.derivation().proved
        True
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

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"Loss: name must be usable as a name in code, got {self.name!r}")
        if self.target not in TARGETS:
            raise ValueError(
                f"Loss {self.name}: target must be one of {TARGETS}, got {self.target!r}"
            )
        if not isinstance(self.wrt, (Symbol, Indexed)):
            raise TypeError(
                f"Loss {self.name}: wrt must be a symbol or a component such as z[j], "
                f"got {self.wrt!r}"
            )
        object.__setattr__(self, "expr", import_sympy(self.expr))

    @property
    def is_activation(self) -> bool:
        """Whether this maps logits to outputs of the same shape rather than to a loss."""
        return self.target is None

    @property
    def plain(self) -> Expr:
        """The equation without the parameters that have a neutral value, such as class weights."""
        return self.at(
            **{_name(q.symbol): q.neutral for q in self.parameters if q.neutral is not None}
        )

    def at(self, **values: Expr | float) -> Expr:
        """Return the equation with some parameters set.

        Args:
            **values: Values of parameters by name, such as `gamma=0`.

        Returns:
            The equation.

        Raises:
            TypeError: The loss has no parameter of this name.
        """
        symbols = {_name(q.symbol): q.symbol for q in self.parameters}
        expr = self.expr
        for name, value in values.items():
            if name not in symbols:
                raise TypeError(
                    f"Loss {self.name} has no parameter {name!r}; "
                    f"it has {', '.join(symbols) or 'none'}"
                )
            expr = _set(expr, symbols[name], sympify(value))
        return expr

    def derivation(self, *, full: bool = False, order: int = 1) -> Derivation:
        """Derive the gradient or the Hessian line by line; each line is proved or checked.

        Args:
            full: Whether to keep the parameters that have a neutral value, such as class weights.
            order: 1 for the gradient, 2 for the Hessian.

        Returns:
            The derivation. Its `result` is the derivative.

        Raises:
            ValueError: `order` is neither 1 nor 2.
            StepError: A line does not equal the line before: a rule is wrong.
        """
        return door("Loss.derivation")(self, full=full, order=order)

    def source(self, target: str) -> str:
        """Return the source code that is generated from this loss.

        Args:
            target: "numpy", "torch" or "javascript".

        Returns:
            The text of the module.
        """
        return door("Loss.source")(self, target)

    def with_(self, **changes: Any) -> Loss:
        """Return a copy with some fields changed.

        Args:
            **changes: New values of fields, by name.
        """
        return replace(self, **changes)


def _name(symbol: Expr) -> str:
    return str(symbol.label) if isinstance(symbol, IndexedBase) else str(symbol)


def _set(expr: Expr, symbol: Expr, value: Expr) -> Expr:
    if isinstance(symbol, IndexedBase):
        return expr.replace(lambda e: isinstance(e, Indexed) and e.base == symbol, lambda e: value)
    return expr.xreplace({symbol: value if value is not None else S.One})
