"""Source C: the tutorial's README and notebook."""

from __future__ import annotations

import math

from sympy import Rational, S, Symbol, log

from ... import losses
from ...expr.nodes import Diff
from ...notation import alpha, gamma, logit, p, sigmoid, t, target
from ..show import Html, table
from .claim import Claim, Judgement, claim, equality, exhibit, fact, opinion, verdict
from .tutorial_output import module_output

GAMMAS = (0, 0.5, 1, 2, 5)


def exponent_on_the_logarithm() -> Judgement:
    """Cross entropy is written with the exponent γ on the logarithm."""
    ce = losses.get("cross_entropy_index").plain
    return verdict(
        [
            equality(-(log(p(t)) ** 2), ce, rule="the exponent at 2, read as a power of log p_t"),
            equality((-log(p(t))) ** gamma, ce, rule="any exponent, read as a power of -log p_t"),
        ],
        right=[equality(-log(p(t)), ce, rule="no exponent")],
        evidence="No exponent belongs there. With 2 the loss would be negative, and other powers "
        "of the negative number $\\log p_t$ need not even be real.",
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
        evidence="The definition and the weight of a negative are right.",
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
            fact(
                "The derivative is negative for $0<p_t<1$ and γ > 0",
                slope.subs(q, 1 - r).is_negative,
            ),
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
        evidence="The curves are computed again. Where \u201cwell classified\u201d begins is a "
        "choice. With two classes the decision is right exactly above 0.5. With three, "
        f"$p_t={right_below[0]}$ can be {'right' if classified[0] else 'wrong'} already; with two "
        f"it is {'right' if classified[1] else 'wrong'}.",
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
                "All figures agree with the natural logarithm and 10000 negatives",
                survive["ln, 10000"] == total,
                shown,
            ),
        ],
        right=[
            fact(
                "All figures agree with the logarithm to base 10 and 100000 negatives",
                survive["log10, 100000"] == total,
            ),
            equality(
                base * first / (base * first + base * second),
                first / (first + second),
                rule="the base cancels",
            ),
        ],
        evidence="The figures use the logarithm to base 10 and 100000 negatives, ten times the "
        f"number in the text: {total} of "
        f"{total} agree. With the natural logarithm, which frameworks use, "
        f"{survive['ln, 100000']} agree, the two shares, because a change of base multiplies both "
        "terms by the same number. With 10000 negatives and base 10, "
        f"{survive['log10, 10000']} agree, and the positives have "
        f"{example(math.log, 10000)['positive share of FL']:.4f} of the focal loss.",
    )


def balancing_alpha(negatives: int, focus: float) -> float:
    """The α at which positives and negatives of the worked example have the same total loss."""
    neg = negatives * focal_by_p(0.95, focus)
    pos = 10 * focal_by_p(0.05, focus)
    return neg / (neg + pos)


def small_alpha_after_gamma() -> Judgement:
    """α may be as small as 0.25 because γ has already reduced the loss of the negatives."""
    rows = [(n, g, f"{balancing_alpha(n, g):.4f}") for n in (100000, 10000) for g in GAMMAS]
    at = {(n, g): a for n, g, a in rows}
    return opinion(
        [
            exhibit(
                table(("negatives", "γ", "α that balances"), rows, caption="The worked example"),
            )
        ],
        evidence="In the worked example with 100000 negatives, the α that balances the two totals "
        f"falls from {at[100000, 0]} at γ = 0 to {at[100000, 2]} at γ = 2, so one parameter does "
        "replace part of the other. But nothing forces 0.25: with 10000 negatives it is "
        f"{at[10000, 2]}.",
    )


def paper_and_code() -> Judgement:
    """The paper is arXiv 1708.02002, and code is in marvis/pytorch-yolo2."""
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
        evidence="This points to sources and states nothing. The paper is in our references, with "
        "its arXiv number. The linked code is not judged here: it may change, and nothing on "
        "this page depends on it.",
    )


CLAIMS = (
    claim("C1", exponent_on_the_logarithm),
    Claim(
        "C2",
        "The focal loss has the weight α for positives and 1 - α for negatives, so that at "
        "α = 0.25 negatives have the weight 0.75.",
        weights_of_both_classes,
    ),
    claim("C3", weight_falls),
    Claim(
        "C4",
        "A figure has curves of the loss for five values of γ, and marks examples above "
        "$p_t=0.6$ as well classified.",
        loss_curves,
    ),
    Claim(
        "C5",
        "A worked example has 10 hard positives and 10000 easy negatives, and computes their "
        "shares of both losses.",
        shares_of_the_loss,
    ),
    claim("C6", small_alpha_after_gamma),
    claim("C7", module_output),
    claim("C8", paper_and_code),
)
