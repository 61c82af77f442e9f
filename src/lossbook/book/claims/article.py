"""Source B: focal loss, softmax, cross entropy, sigmoid, MSE and their derivatives."""

from __future__ import annotations

from sympy import Eq, Integer, Piecewise, Rational, S, Symbol, limit, log

from ... import losses
from ...expr.hypotheses import OneHot, Simplex
from ...expr.nodes import Diff, Sum
from ...notation import K, alpha, gamma, i, j, logit, p, sigmoid, t, target, y, z
from ..show import table
from .claim import Claim, Judgement, claim, equality, exhibit, fact, opinion, verdict

# p_t of a hard example, and 1 - p_t of an easy one, in the worked example of source C.
HARD = Rational(1, 20)


def binary_definition() -> Judgement:
    """The binary focal loss, with $p_t$ by cases; α = 0.25 and γ = 2 were best."""
    loss, s = losses.get("sigmoid_focal").expr, sigmoid(logit)
    return verdict(
        [
            equality(
                loss.xreplace({target: S.One}),
                -alpha * (1 - s) ** gamma * log(s),
                rule="y = 1, p_t = p",
            ),
            equality(
                loss.xreplace({target: S.Zero}),
                -(1 - alpha) * s**gamma * log(1 - s),
                rule="y = 0, p_t = 1 - p",
            ),
        ],
        evidence="The definition is the paper's. That α = 0.25 and γ = 2 did best is a result of "
        "its experiments with one detector, and need not be true of another.",
    )


def easy_negatives_dominate() -> Judgement:
    """Why one-stage detectors fall behind."""
    hard, easy = 1 - HARD, HARD  # size of the gradient of cross entropy by the logit: 1 - p_t
    rows = []
    for positives, negatives, each in ((10, 100000, easy), (10, 10, easy), (10, 100000, hard)):
        share = Rational(negatives * each, negatives * each + positives * hard)
        rows.append((positives, negatives, float(1 - each), f"{float(share):.4f}"))
    shown = table(
        ("hard positives", "negatives", "p_t of a negative", "their share of the gradient"), rows
    )
    return opinion(
        [exhibit(shown)],
        evidence=f"In this example the negatives have {rows[0][3]} of the gradient, and with "
        f"equal counts {rows[1][3]}. "
        "So easy examples dominate through their number. Why a detector falls behind can only be "
        "found out by experiment.",
    )


def iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)

    def area(c):
        return (c[2] - c[0]) * (c[3] - c[1])

    return both / (area(a) + area(b) - both)


def boxes_by_overlap() -> Judgement:
    """What counts as a positive box."""
    truth = (100, 100, 140, 140)
    boxes = [(x, v, x + 40, v + 40) for x in range(0, 217, 4) for v in range(0, 217, 4)]
    overlap = [iou(truth, box) for box in boxes]
    rows = [(bound, sum(o >= bound for o in overlap), len(boxes)) for bound in (0.4, 0.5, 0.6, 0.7)]
    return opinion(
        [
            exhibit(
                table(
                    ("threshold", "positive boxes", "all boxes"),
                    rows,
                    caption="One object, a grid of boxes",
                ),
            )
        ],
        evidence=f"This is a convention. Raising the threshold from {rows[0][0]} to "
        f"{rows[-1][0]} leaves {rows[-1][1]} of {rows[0][1]} positives. The paper itself uses two "
        "thresholds, 0.5 and 0.4, and ignores the boxes in between.",
    )


def plain_cross_entropy() -> Judgement:
    r"""Plain cross entropy is $-\log p_t$."""
    hard = losses.get("cross_entropy_index").derivation().result
    focal = losses.get("softmax_focal").plain.xreplace({gamma: S.Zero})
    return verdict(
        [
            equality(
                losses.get("cross_entropy").plain,
                -log(p(t)),
                given=[OneHot(y, t)],
                rule="with a one-hot target",
            ),
            equality(Diff(focal, z[j]), hard, rule="the focal loss at γ = 0, its gradient"),
        ],
        evidence="Correct for one true class. The focal loss at γ = 0 has the same gradient.",
    )


def one_alpha_balances() -> Judgement:
    """A factor α in front of the logarithm corrects for unequal class counts."""
    a, n_pos, n_neg, pos, neg = (
        Symbol(s, positive=True) for s in ("a", "n_1", "n_0", "l_1", "l_0")
    )

    def share(first, second):
        return first * n_pos * pos / (first * n_pos * pos + second * n_neg * neg)

    unmoved = equality(share(a, a), share(S.One, S.One), rule="the same factor for both classes")
    return verdict(
        [fact("One α for all examples changes the positives' share", not unmoved.holds)],
        right=[
            unmoved,
            equality(
                share(n_neg, n_pos),
                pos / (pos + neg),
                rule="each class weighted by the other's count",
            ),
        ],
        evidence="A single α scales the whole loss and balances nothing. Weights that differ "
        "between the classes do. Multiply the loss of $n_1$ positives (mean loss $l_1$) by "
        "$n_0$ and that of $n_0$ negatives (mean loss $l_0$) by $n_1$, and the counts cancel.",
    )


def factor_mutes_easy_examples() -> Judgement:
    r"""At $p_t=0.9$ and γ = 2, the factor $(1-p_t)^\gamma$ makes the loss 100 times smaller."""
    q = Symbol("q", positive=True)
    factor = (1 - q) ** 2
    ends = limit(factor, q, 0, "+"), limit(factor, q, 1, "-")
    smaller = 1 / factor.subs(q, Rational(9, 10))
    gradient = losses.get("softmax_focal").plain.xreplace({p(t): q})
    # By the chain rule both gradients have the same factor, the derivative of p_t, so that their
    # quotient is that of the derivatives by p_t.
    ratio = float(
        (gradient.xreplace({gamma: Integer(2)}).diff(q) / (-log(q)).diff(q)).subs(
            q, Rational(9, 10)
        )
    )
    return verdict(
        [
            fact("At $p_t=0.9$, γ = 2 the loss is 100 times smaller", smaller == 100),
            fact("The factor tends to 1 as $p_t\\to 0$ and to 0 as $p_t\\to 1$", ends == (1, 0)),
        ],
        evidence=f"The loss is {smaller} times smaller there. The gradient, which is what training "
        f"follows, is only {1 / ratio:.1f} times smaller, because the factor has a derivative too.",
    )


def softmax_jacobian() -> Judgement:
    """The softmax Jacobian is $p_i(1-p_i)$ on the diagonal and $-p_ip_j$ elsewhere."""
    cases = Piecewise((p(i) * (1 - p(i)), Eq(i, j)), (-p(i) * p(j), True))
    return verdict([equality(Diff(p(i), z[j]), cases)], evidence="Proved from the definition.")


def cross_entropy_gradient() -> Judgement:
    """The gradient of cross entropy after softmax is $p_j-y_j$."""
    loss = losses.get("cross_entropy").plain
    needed = equality(Diff(loss, z[j]), p(j) - y[j], rule="if y need not sum to 1")
    return verdict(
        [equality(Diff(loss, z[j]), p(j) - y[j], given=[Simplex(y)])],
        evidence="Correct for every target that sums to 1. "
        + (
            ""
            if needed.holds
            else f"For other targets it is wrong, for example {needed.exhibit.counterexample}."
        ),
    )


def sigmoid_derivative() -> Judgement:
    """The derivative of the sigmoid is p(1 - p), like the diagonal of softmax."""
    s = sigmoid(logit)
    return verdict(
        [
            equality(Diff(s, logit), s * (1 - s), rule="sigmoid"),
            equality(
                Diff(p(i), z[i]), p(i) * (1 - p(i)), rule="softmax, with respect to its own logit"
            ),
        ],
        evidence="Both have the form p(1 - p). The similarity ends there: a sigmoid does not "
        "depend on any other logit.",
    )


def squared_error_gradient() -> Judgement:
    """The gradient of squared error on softmax outputs has a term for class j and a sum."""
    stated = 2 * (p(j) - y[j]) * p(j) + 2 * Sum((p(i) - y[i]) * (-p(i) * p(j)), (i, 1, K))
    loss = losses.get("softmax_mse")
    return verdict(
        [
            equality(
                Diff(loss.plain, z[j]), stated, rule="the sum runs over all classes, j included"
            ),
            equality(stated, loss.derivation().result, rule="factored"),
        ],
        evidence="Correct, if the sum includes i = j.",
    )


CLAIMS = (
    claim("B1", binary_definition),
    Claim(
        "B2",
        "One-stage detectors fall behind because there are many negatives and because easy "
        "examples dominate the gradient.",
        easy_negatives_dominate,
    ),
    Claim(
        "B3",
        "A box is positive if its overlap (IoU) with the true box reaches a threshold, and "
        "negative otherwise.",
        boxes_by_overlap,
    ),
    claim("B4", plain_cross_entropy),
    claim("B5", one_alpha_balances),
    claim("B6", factor_mutes_easy_examples),
    claim("B7", softmax_jacobian),
    claim("B8", cross_entropy_gradient),
    claim("B9", sigmoid_derivative),
    claim("B10", squared_error_gradient),
)
