"""Source C: the tutorial's README and notebook."""

from __future__ import annotations

import math

import numpy as np
from sympy import Integer, Rational, S, Symbol, log

from ... import losses
from ...calculus.evaluate import evaluate
from ...expr.nodes import Diff
from ...notation import K, alpha, alphas, gamma, j, logit, p, sigmoid, t, target, z
from ..show import Html, table
from .claim import Check, Claim, Judgement, claim, equality, exhibit, fact, opinion, verdict

GAMMAS = (0, 0.5, 1, 2, 5)

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


def exponent_on_the_logarithm() -> Judgement:
    """Cross entropy is written with the exponent γ on the logarithm."""
    ce = losses.get("cross_entropy_index").plain
    return verdict(
        [
            equality(-(log(p(t)) ** 2), ce, rule="the exponent at 2, read as a power of log p_t"),
            equality((-log(p(t))) ** gamma, ce, rule="any exponent, read as a power of -log p_t"),
        ],
        right=[equality(-log(p(t)), ce, rule="no exponent")],
        evidence="No exponent belongs there: with 2 the loss would be negative, and for other "
        "powers of the "
        "negative number $\\log p_t$ it need not even be real.",
    )


def weights_of_both_classes() -> Judgement:
    """The weights of positives and negatives."""
    loss, s = losses.get("sigmoid_focal").expr, sigmoid(logit)
    quarter = Rational(1, 4)
    negative = loss.xreplace({target: S.Zero, alpha: quarter})
    return verdict(
        [
            equality(
                loss.xreplace({target: S.One}), -alpha * (1 - s) ** gamma * log(s), rule="positives"
            ),
            equality(
                negative, -Rational(3, 4) * s**gamma * log(1 - s), rule="negatives at α = 1/4"
            ),
        ],
        evidence="The definition, and the weight of a negative, are right.",
    )


def weight_falls() -> Judgement:
    r"""The weight $\alpha(1-p_t)^\gamma$ of an example falls as $p_t$ grows."""
    r, positive = Symbol("r", positive=True), Symbol("gamma", positive=True)
    q = Symbol("q", positive=True)
    weight = alpha * (1 - q) ** positive
    slope = -alpha * positive * (1 - q) ** (positive - 1)
    return verdict(
        [
            equality(Diff(weight, q), slope, rule="q stands for p_t"),
            fact("The slope is negative for $0<p_t<1$ and γ > 0", slope.subs(q, 1 - r).is_negative),
        ],
        evidence="It falls for every γ > 0. At γ = 0 it is constant.",
    )


def focal_by_p(q: float, focus: float) -> float:
    """The focal loss as a function of the true class's probability."""
    return -((1 - q) ** focus) * math.log(q)


def loss_curves() -> Judgement:
    """Curves of the loss, and where "well classified" begins."""
    rows = [(q, *(f"{focal_by_p(q, g):.4f}" for g in GAMMAS)) for q in (0.1, 0.3, 0.5, 0.6, 0.9)]
    right_below, wrong_below = (0.45, 0.30, 0.25), (0.45, 0.55)
    classified = [max(row) == row[0] for row in (right_below, wrong_below)]
    return opinion(
        [
            exhibit(
                table(
                    ("p_t", *(f"γ = {g}" for g in GAMMAS)),
                    rows,
                    caption="The loss at points of the curves",
                ),
            )
        ],
        evidence="The curves are recomputed. Where \u201cwell classified\u201d begins is a "
        "choice. With two classes the "
        f"decision is right exactly above 0.5; with three, $p_t={right_below[0]}$ can be "
        f"{'right' if classified[0] else 'wrong'} already, with two it is "
        f"{'right' if classified[1] else 'wrong'}.",
    )


EXAMPLE = {  # name: (stated, digits after the point, how it is computed from logarithm and counts)
    "CE of one negative": (0.02227, 5),
    "CE of all negatives": (2227, 0),
    "CE of all positives": (13.0102, 4),
    "CE in total": (2240, 0),
    "positive share of CE": (0.0058, 4),
    "FL of all negatives": (4.1756, 4),
    "FL of all positives": (2.935, 3),
    "FL in total": (7.110, 3),
    "positive share of FL": (0.4127, 4),
}


def example(
    logarithm, negatives: int, positives: int = 10, weight: float = 0.25, focus: float = 2
) -> dict[str, float]:
    """The tutorial's example: easy negatives at p_t = 0.95, hard positives at 0.05."""
    neg, pos = -logarithm(0.95), -logarithm(0.05)
    ce_neg, ce_pos = negatives * neg, positives * pos
    fl_neg, fl_pos = (1 - weight) * 0.05**focus * ce_neg, weight * 0.95**focus * ce_pos
    totals = ce_neg + ce_pos, fl_neg + fl_pos
    values = (
        neg,
        ce_neg,
        ce_pos,
        totals[0],
        ce_pos / totals[0],
        fl_neg,
        fl_pos,
        totals[1],
        fl_pos / totals[1],
    )
    return dict(zip(EXAMPLE, values, strict=True))


def agrees(stated: float, digits: int, value: float) -> bool:
    """Equal up to one unit of the last printed digit, or up to 5 in 10000.

    The source cut its first factor by that much.
    """
    return abs(stated - value) <= max(10**-digits, 5e-4 * abs(stated))


def worked_example() -> tuple[Html, dict[str, int]]:
    """Stated and computed figures for both logarithms and both counts; how many agree in each."""
    ways = {
        f"{name}, {count}": example(f, count)
        for count in (100000, 10000)
        for name, f in (("log10", math.log10), ("ln", math.log))
    }
    good = {way: {q: agrees(*EXAMPLE[q], v[q]) for q in EXAMPLE} for way, v in ways.items()}
    rows = [
        (
            q,
            stated,
            *(f"{ways[way][q]:.{max(digits, 2)}f}{' ✓' if good[way][q] else ''}" for way in ways),
        )
        for q, (stated, digits) in EXAMPLE.items()
    ]
    return table(("figure", "stated", *ways), rows, caption="✓ agrees with the stated figure"), {
        way: sum(found.values()) for way, found in good.items()
    }


def shares_of_the_loss() -> Judgement:
    """The shares of easy negatives and hard positives in a worked example."""
    shown, survive = worked_example()
    total = len(EXAMPLE)
    base, first, second = (Symbol(s, positive=True) for s in ("c", "A", "B"))
    return verdict(
        [
            fact(
                "All figures hold with the natural logarithm and 10000 negatives",
                survive["ln, 10000"] == total,
                shown,
            ),
        ],
        right=[
            fact(
                "All figures hold with the logarithm to base 10 and 100000 negatives",
                survive["log10, 100000"] == total,
            ),
            equality(
                base * first / (base * first + base * second),
                first / (first + second),
                rule="the base drops out",
            ),
        ],
        evidence="The figures use the logarithm to base 10 and 100000 negatives, ten times the "
        f"number in the text: {total} of "
        f"{total} agree. With the natural logarithm, which frameworks use, "
        f"{survive['ln, 100000']} survive, the two shares: "
        "changing the base multiplies both terms alike. With 10000 and base 10, "
        f"{survive['log10, 10000']} survive, and of "
        f"FL the positives hold {example(math.log, 10000)['positive share of FL']:.4f}.",
    )


def balancing_alpha(negatives: int, focus: float) -> float:
    """The α at which positives and negatives of the worked example have the same total loss."""
    neg = negatives * focal_by_p(0.95, focus)
    pos = 10 * focal_by_p(0.05, focus)
    return neg / (neg + pos)


def small_alpha_after_gamma() -> Judgement:
    """α may be as small as 0.25 because γ has already muted the negatives."""
    rows = [(n, g, f"{balancing_alpha(n, g):.4f}") for n in (100000, 10000) for g in GAMMAS]
    at = {(n, g): a for n, g, a in rows}
    return opinion(
        [
            exhibit(
                table(
                    ("negatives", "γ", "α that balances"), rows, caption="The worked example of C5"
                ),
            )
        ],
        evidence="In the worked example with 100000 negatives the α that balances the two totals "
        f"falls from {at[100000, 0]} at "
        f"γ = 0 to {at[100000, 2]} at γ = 2: the trade is real. The value 0.25 is not forced: "
        "with 10000 negatives it "
        f"is {at[10000, 2]}.",
    )


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
    """A module's output for five rows: probabilities, loss, cross entropy and gradient."""
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
        evidence=f"The loss is right and the gradient is {factor} times too large. A framework "
        "adds to the stored gradient at "
        f"every backward pass; a cell that ran {factor} times without clearing it prints this. "
        "Other single slips do not "
        f"fit: a sum in the place of the mean gives {len(TARGETS)}, a forgotten α gives "
        f"{1 / 0.25:g}. (One pass of the sum "
        f"and one of the mean would also give {len(TARGETS) + 1}; either way the gradient was "
        "accumulated.)",
    )


def paper_and_code() -> Judgement:
    """The paper is arXiv 1708.02002; code is in marvis/pytorch-yolo2."""
    cited = {name: losses.get(name).reference for name in ("sigmoid_focal", "softmax_focal")}
    rows = list(cited.items())
    return opinion(
        [
            fact(
                "Both focal losses of the book cite one paper",
                len(set(cited.values())) == 1,
                table(("loss", "key in the references"), rows),
            )
        ],
        evidence="A pointer, not a statement. The paper is in our references, with its arXiv "
        "number. The linked code is "
        "not judged here: it may change, and nothing on this page depends on it.",
    )


CLAIMS = (
    claim("C1", exponent_on_the_logarithm),
    Claim(
        "C2",
        "The focal loss with α for positives and 1 - α for negatives; at α = 0.25 negatives "
        "weigh 0.75.",
        weights_of_both_classes,
    ),
    claim("C3", weight_falls),
    Claim(
        "C4",
        "Curves of the loss for five values of γ; examples above $p_t=0.6$ are marked as well"
        " classified.",
        loss_curves,
    ),
    Claim(
        "C5",
        "A worked example: 10 hard positives, 10000 easy negatives, and their shares of "
        "either loss.",
        shares_of_the_loss,
    ),
    claim("C6", small_alpha_after_gamma),
    claim("C7", module_output),
    claim("C8", paper_and_code),
)
