"""Source C: what its module printed for five rows, and why the gradient is too large."""

from __future__ import annotations

import numpy as np
from sympy import Integer, Rational, log

from ... import losses
from ...calculus.evaluate import evaluate
from ...notation import K, alphas, gamma, j, p, t, z
from ..show import table
from .claim import Check, Judgement, fact, verdict

# C7, as printed: logits, targets (from 0), and what the notebook shows for them
LOGITS = (
    "-1.1588 .3673 .7110 -.2373 -1.0129",
    ".5580 -.8784 -1.1446 -.7629 -.0170",
    "-.0477 .1770 -.6058 .0125 .6818",
    ".4508 .4299 1.0491 .0453 -1.5092",
    "-1.5502 -.7564 .6274 -.4808 -.6856",
)
TARGETS = (1, 0, 4, 3, 4)
PRINTED_P = (0.2920, 0.4445, 0.3480, 0.1447, 0.1370)
PRINTED_LOSS, PRINTED_CE = 0.2105, 1.4036
PRINTED_GRADIENT = np.array(
    [
        [0.0192, -0.2146, 0.1248, 0.0483, 0.0223],
        [-0.1181, 0.0225, 0.0172, 0.0252, 0.0532],
        [0.0455, 0.0570, 0.0260, 0.0483, -0.1769],
        [0.0788, 0.0772, 0.1434, -0.3105, 0.0111],
        [0.0210, 0.0465, 0.1856, 0.0613, -0.3145],
    ]
)
HALF_UNIT = 0.5e-4  # four printed decimals


def module_values() -> dict[str, np.ndarray]:
    """What the module of C7 should have printed, from the book's formulas."""
    rows = [[Rational(x) for x in row.split()] for row in LOGITS]
    focal = losses.get("softmax_focal")
    gradient = focal.derivation(full=True).result
    at = {K: 5, gamma: Integer(2), alphas: [Rational(1, 4)] * 5}

    def value(expr, row, true, index=1):
        return float(evaluate(expr, {**at, z: row, t: true + 1, j: index}, digits=20))

    each = list(zip(rows, TARGETS, strict=True))
    return {
        "p_t": np.array([value(p(t), *row) for row in each]),
        "loss": np.mean([value(focal.expr, *row) for row in each]),
        "cross entropy": np.mean([value(-log(p(t)), *row) for row in each]),
        "gradient": np.array(
            [[value(gradient, *row, index) / len(rows) for index in range(1, 6)] for row in each]
        ),
    }


def common_factor(printed: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """The least and the largest c for which c times `right` rounds to what was printed."""
    bounds = np.stack([(printed - HALF_UNIT) / right, (printed + HALF_UNIT) / right])
    return float(bounds.min(axis=0).max()), float(bounds.max(axis=0).min())


def module_output() -> Judgement:
    """A module printed the probabilities, loss, cross entropy and gradient of five rows."""
    right = module_values()
    least, largest = common_factor(PRINTED_GRADIENT, right["gradient"])
    factor = round((least + largest) / 2)
    one = bool(least <= factor <= largest)
    # The printed logits are rounded too, which by A2 and A3 moves p_t by up to 2 p_t (1 - p_t) half
    # units.
    slack = HALF_UNIT * (1 + 2 * right["p_t"] * (1 - right["p_t"]))
    close = {
        "$p_t$": bool(np.all(abs(right["p_t"] - PRINTED_P) <= slack)),
        "focal loss": abs(right["loss"] - PRINTED_LOSS) <= HALF_UNIT,
        "cross entropy": abs(right["cross entropy"] - PRINTED_CE) <= HALF_UNIT,
        "gradient": np.allclose(right["gradient"], PRINTED_GRADIENT, rtol=0, atol=HALF_UNIT),
    }
    accumulated = np.zeros_like(right["gradient"])
    for _ in range(factor):
        accumulated += right["gradient"]
    again = np.allclose(accumulated, PRINTED_GRADIENT, rtol=0, atol=HALF_UNIT)
    stated: list[Check] = [
        fact(f"The printed {name} is right", holds) for name, holds in close.items()
    ]
    rows = [
        (
            " ".join(f"{x:.4f}" for x in a),
            " ".join(f"{x:.4f}" for x in b),
            " ".join(f"{x:.4f}" for x in c),
        )
        for a, b, c in zip(PRINTED_GRADIENT, right["gradient"], accumulated, strict=True)
    ]
    return verdict(
        stated,
        right=[
            fact(
                f"One factor between {least:.4f} and {largest:.4f} fits all "
                f"{PRINTED_GRADIENT.size} entries",
                one,
            ),
            fact(
                f"Adding the right gradient {factor} times gives the printed rows",
                again,
                table(("printed", "right", f"right, added {factor} times"), rows),
            ),
        ],
        evidence=f"The loss is right, and the gradient is {factor} times too large. A framework "
        "adds to the stored gradient in every backward pass. A cell that ran "
        f"{factor} times without clearing it prints this. Other single mistakes do not fit: a "
        f"sum in place of the mean gives {len(TARGETS)}, a forgotten α gives {1 / 0.25:g}. (One "
        f"pass of the sum and one of the mean would also give {len(TARGETS) + 1}; either way the "
        "gradient was accumulated.)",
    )
