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
        "its experiments "
        "with one detector; no theorem says so of another.",
    )


def easy_negatives_dominate() -> Judgement:
    """Why one-stage detectors lag."""
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
        evidence=f"In this example the negatives hold {rows[0][3]} of the gradient; with equal "
        f"counts, {rows[1][3]}. "
        "So easy examples dominate through their number. What makes a detector lag is a matter of "
        "experiment.",
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
        evidence=f"A convention: moving the threshold from {rows[0][0]} to {rows[-1][0]} leaves "
        f"{rows[-1][1]} "
        f"positives of {rows[0][1]}. The paper itself uses two thresholds, 0.5 and 0.4, and "
        "ignores the boxes between.",
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
        evidence="Cross entropy with one true class; and the focal loss at γ = 0 has its gradient.",
    )


def one_alpha_balances() -> Judgement:
    """A factor α before the logarithm answers the imbalance of the counts."""
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
                rule="each class weighed by the other's count",
            ),
        ],
        evidence="A single α scales the whole loss and balances nothing. Weights that differ by "
        "class do: weigh $n_1$ "
        "positives of mean loss $l_1$ and $n_0$ negatives of mean loss $l_0$ each by the other's "
        "count (which is one over "
        "its own, up to a common factor), and the counts drop out.",
    )


def factor_mutes_easy_examples() -> Judgement:
    r"""The factor $(1-p_t)^\gamma$ mutes easy examples; at $p_t=0.9$, γ = 2, by 100."""
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
        evidence=f"The loss there is {smaller} times smaller. The gradient, which is what trains, "
        "is only "
        f"{1 / ratio:.1f} times smaller: the factor itself has a slope.",
    )


def softmax_jacobian() -> Judgement:
    """The softmax Jacobian: $p_i(1-p_i)$ on the diagonal, $-p_ip_j$ off it."""
    cases = Piecewise((p(i) * (1 - p(i)), Eq(i, j)), (-p(i) * p(j), True))
    return verdict([equality(Diff(p(i), z[j]), cases)], evidence="The softmax Jacobian.")


def cross_entropy_gradient() -> Judgement:
    """Softmax then cross entropy has gradient $p_j-y_j$."""
    loss = losses.get("cross_entropy").plain
    needed = equality(Diff(loss, z[j]), p(j) - y[j], rule="if y need not sum to 1")
    return verdict(
        [equality(Diff(loss, z[j]), p(j) - y[j], given=[Simplex(y)])],
        evidence="Right for every target that sums to 1. "
        + (
            ""
            if needed.holds
            else f"For other targets it is false, {needed.exhibit.counterexample}."
        ),
    )


def sigmoid_derivative() -> Judgement:
    """The sigmoid's derivative is p(1 - p), like the diagonal of softmax."""
    s = sigmoid(logit)
    return verdict(
        [
            equality(Diff(s, logit), s * (1 - s), rule="sigmoid"),
            equality(Diff(p(i), z[i]), p(i) * (1 - p(i)), rule="softmax, by its own logit"),
        ],
        evidence="Both have the form p(1 - p). The likeness ends there: a sigmoid has no other "
        "logits to depend on.",
    )


def squared_error_gradient() -> Judgement:
    """The gradient of the squared error on softmax outputs is one term for class j and one sum."""
    stated = 2 * (p(j) - y[j]) * p(j) + 2 * Sum((p(i) - y[i]) * (-p(i) * p(j)), (i, 1, K))
    loss = losses.get("softmax_mse")
    return verdict(
        [
            equality(
                Diff(loss.plain, z[j]), stated, rule="the sum runs over all classes, j included"
            ),
            equality(stated, loss.derivation().result, rule="factored"),
        ],
        evidence="Right, if the sum includes i = j.",
    )


CLAIMS = (
    claim("B1", binary_definition),
    Claim(
        "B2",
        "One-stage detectors lag because negatives are many and because easy examples "
        "dominate the gradient.",
        easy_negatives_dominate,
    ),
    Claim(
        "B3",
        "A box is positive if its overlap (IoU) with the true box reaches a threshold, else "
        "negative.",
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
