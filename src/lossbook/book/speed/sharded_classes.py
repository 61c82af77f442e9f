"""Cross entropy of a row whose classes are sharded over several machines.

Part a holds z[a, k] for k = 1, ..., B. It sends two numbers, its shift m[a] and its sum s[a]
relative to that shift, and the part that has the target's logit sends that too. Loss and gradient
follow.
"""

from __future__ import annotations

import numpy as np
from sympy import Expr, KroneckerDelta, exp, log

from ...calculus.derivation import Derivation
from ...expr.nodes import Diff, Sum
from ...notation import A, B, a, j, k, maxima, n, parts, t
from ..show import ProvedEquality, theorem

OWNER = a.func("b", integer=True, positive=True)  # the part that has the target


def part_sum(part=a) -> Expr:
    """s[a]: the sum of the exponentials of one part, relative to its shift."""
    return Sum(exp(parts[part, k] - maxima[part]), (k, 1, B))


def log_sum_exp() -> Expr:
    """The log-sum-exp of all classes of all parts."""
    return log(Sum(Sum(exp(parts[a, k]), (k, 1, B)), (a, 1, A)))


def total() -> Expr:
    """The sum of all classes relative to one shift n, from the parts' shifts and sums."""
    return Sum(exp(maxima[a] - n) * part_sum(), (a, 1, A))


def derivation() -> Derivation:
    """The log-sum-exp of the whole row, from the parts."""
    lines = Derivation(log_sum_exp())
    each = exp(n) * exp(maxima[a] - n) * exp(parts[a, k] - maxima[a])
    lines.append(
        log(Sum(Sum(each, (k, 1, B)), (a, 1, A))),
        "exponent split into three",
    )
    lines.append(
        log(exp(n) * total()),
        "constant factors taken out of the sums",
    )
    lines.append(n + log(total()), "logarithm of a product")
    return lines


def gradient() -> ProvedEquality:
    """The gradient of cross entropy at class j of part a: local, once the total is known."""
    local = exp(parts[a, j] - n) / total()
    return theorem(
        Diff(log_sum_exp() - parts[OWNER, t], parts[a, j]),
        local - KroneckerDelta(a, OWNER) * KroneckerDelta(j, t),
    )


# -- The same in numbers. --


def shift_and_sum(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What one part of some rows sends.

    Args:
        part: the logits of the part, (N, B).

    Returns:
        The largest logit of each row and the sum of exponentials relative to it, each (N, 1).
    """
    shift = part.max(1, keepdims=True)
    return shift, np.exp(part - shift).sum(1, keepdims=True)


def combined(numbers: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """The largest shift, and the total relative to it, from the shifts and sums of all parts."""
    shift = np.max([m for m, _ in numbers], axis=0)
    return shift, np.sum([np.exp(m - shift) * s for m, s in numbers], axis=0)


def local_gradient(
    part: np.ndarray, shift: np.ndarray, total: np.ndarray, is_target: np.ndarray
) -> np.ndarray:
    """The gradient of cross entropy by the logits of one part.

    Args:
        part: the logits of the part, (N, B).
        shift: the largest logit of each row over all parts, (N, 1).
        total: the sum of all exponentials relative to that shift, (N, 1).
        is_target: which of the part's logits are a target's, (N, B).
    """
    return np.exp(part - shift) / total - is_target
