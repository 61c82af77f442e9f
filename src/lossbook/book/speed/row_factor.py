"""What all components of a row's gradient have in common: one factor, made from two numbers.

R is the sum of the exponentials of the other classes' logits, E_t the exponential of the target's.
The factor F follows from both; each component of the gradient is F times what depends on its class.
"""

from __future__ import annotations

from sympy import Expr, KroneckerDelta, exp, log

from ... import losses
from ...calculus.derivation import Derivation
from ...calculus.prove import prove_equal
from ...expr.nodes import Sum
from ...notation import K, alphas, common, gamma, j, k, m, n, others, own, t, w, z
from ..show import ProvedEquality

MEANING = {others: Sum((1 - KroneckerDelta(k, t)) * exp(z[k]), (k, 1, K)), own: exp(z[t])}


def component() -> Expr:
    """What depends on the class: its exponential; at the target, minus the sum of all others."""
    delta = KroneckerDelta(j, t)
    return (1 - delta) * exp(z[j]) - delta * others


def factor(loss: str) -> Expr:
    """The common factor F of a row, by R and E_t.

    Args:
        loss: "cross_entropy_index" or "softmax_focal".

    Raises:
        ValueError: for any other loss.
    """
    share = others / (others + own)
    if loss == "cross_entropy_index":
        return w[t] / (others + own)
    if loss == "softmax_focal":
        ratio = log(1 + others / own) / share
        return (
            alphas[t] * share**gamma * (1 + gamma * ratio * own / (others + own)) / (others + own)
        )
    raise ValueError(f"factor({loss!r}): it can be cross_entropy_index or softmax_focal")


def gradient(loss: str) -> ProvedEquality:
    """The derived gradient as F times the component: shown in short, proved in full."""
    found = losses.get(loss).derivation(full=True).result
    short = common * component()
    whole = short.xreplace({common: factor(loss)}).xreplace(MEANING)
    return ProvedEquality(found, short, prove_equal(found, whole))


def rescaled() -> Derivation:
    """A sum relative to m becomes one relative to n."""
    lines = Derivation(exp(m - n) * Sum(exp(z[k] - m), (k, 1, K)))
    lines.append(Sum(exp(m - n) * exp(z[k] - m), (k, 1, K)), "factor taken into the sum")
    lines.append(Sum(exp(z[k] - n), (k, 1, K)), "exponents added")
    return lines
