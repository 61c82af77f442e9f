"""The symbols of a loss as arguments of generated functions: their roles and names in code."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sympy import Expr, Indexed, IndexedBase, Symbol

from ..expr.indices import free_indices
from ..expr.nodes import bound_indices
from ..losses import Loss
from ..notation import code_name, entry_of
from .program import Input


class LoweringError(ValueError):
    """No code can be generated for an expression. The message names the node and the loss."""


@dataclass(frozen=True)
class Inputs:
    """The symbols of a loss, each with its argument. size: the number of classes, None if none."""

    loss: str
    size: Expr | None
    by_symbol: dict[Expr, Input]

    @property
    def listed(self) -> tuple[Input, ...]:
        """The arguments in the order of a function: logits, arrays, targets, then parameters."""
        return tuple(sorted(self.by_symbol.values(), key=lambda a: a.keyword))

    def with_array(self, symbol: Expr) -> Inputs:
        """The same with one more array of the shape of the logits, such as a tangent."""
        return replace(
            self,
            by_symbol={
                **self.by_symbol,
                symbol: Input(code_name(symbol), "array", _meaning(symbol)),
            },
        )


def _meaning(symbol: Expr) -> str:
    entry = entry_of(symbol)
    return entry.meaning if entry else ""


def inputs_of(loss: Loss) -> Inputs:
    """The symbols of a loss, by their roles in its equation."""
    wrt = loss.wrt.base if isinstance(loss.wrt, Indexed) else loss.wrt
    size = wrt.shape[0] if isinstance(loss.wrt, Indexed) else None
    found = {wrt: Input(code_name(wrt), "logits", _meaning(wrt))}
    parameters = {p.symbol: p for p in loss.parameters}
    bases = loss.expr.atoms(IndexedBase)
    labels = {base.label for base in bases}
    indices = set(free_indices(loss.expr))
    skip = (
        labels
        | indices
        | bound_indices(loss.expr)
        | (size.free_symbols if size is not None else set())
    )
    symbols = {s for s in loss.expr.free_symbols if isinstance(s, Symbol)} - skip
    for symbol in sorted((bases | symbols) - {wrt} - set(parameters), key=str):
        found[symbol] = Input(code_name(symbol), "array", _meaning(symbol))
    if loss.target == "class index":
        free = sorted(indices - (loss.wrt.free_symbols & indices) - labels, key=str)
        if len(free) != 1:
            raise LoweringError(
                f"loss {loss.name}: a loss of a class index has one free index, this has {free}"
            )
        found[free[0]] = Input(code_name(free[0]), "class index", _meaning(free[0]))
    for symbol, p in parameters.items():
        role = "per class" if isinstance(symbol, IndexedBase) else "scalar"
        found[symbol] = Input(code_name(symbol), role, f"{p.meaning}; {p.domain}")
    names = [a.name for a in found.values()]
    if len(set(names)) < len(names):
        raise LoweringError(
            f"loss {loss.name}: two of its symbols have the same name in code: {', '.join(names)}"
        )
    return Inputs(loss.name, size, found)
