"""What the parameters of a loss mean to an audit, told by their symbols in the notation."""

from __future__ import annotations

from sympy import Expr

from ..losses import Loss, all_losses
from ..notation import alpha, alphas, beta, epsilon, gamma, w

# The names by which an adapter knows them. Weights α of the classes may be passed as one number.
NAMES: dict[Expr, tuple[str, ...]] = {
    gamma: ("gamma",),
    alpha: ("alpha",),
    alphas: ("alpha", "class_weights"),
    w: ("class_weights",),
    beta: ("pos_weight",),
    epsilon: ("label_smoothing",),
}


def has(loss: Loss, *symbols: Expr) -> bool:
    """Whether one of these symbols is a parameter of the loss."""
    return any(q.symbol in symbols for q in loss.parameters)


def names_of(loss: Loss) -> frozenset[str]:
    """The parameters of a loss by the names that an adapter gives them."""
    return frozenset(name for q in loss.parameters for name in NAMES.get(q.symbol, ()))


def has_gamma(loss: Loss) -> bool:
    """Whether there is a focusing exponent, at whose values an audit looks one by one."""
    return has(loss, gamma)


def has_alpha(loss: Loss) -> bool:
    """Whether there is a weight α, of the positive class or of each class."""
    return has(loss, alpha, alphas)


def balances_classes(loss: Loss) -> bool:
    """Whether the weights of the positive and the negative class sum to 1: 1/2 is neutral."""
    return any(q.kind == "balance" for q in loss.parameters)


def averages_by_weight(loss: Loss) -> bool:
    """Whether a mean divides by the weights of the targets, instead of the number of rows."""
    same = [other for other in all_losses() if other.function == loss.function]
    return any(one.interface.mean_weights is not None for one in (loss, *same))
