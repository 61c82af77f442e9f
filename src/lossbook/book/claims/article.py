"""Source B: focal loss, softmax, cross entropy, sigmoid, MSE and their derivatives."""

from __future__ import annotations

import math

import numpy as np
from sympy import Eq, Integer, KroneckerDelta, Piecewise, Rational, S, Symbol, limit, log

from ... import losses
from ...expr.hypotheses import OneHot, Simplex, Size
from ...expr.nodes import Diff, Sum
from ...notation import K, alpha, alphas, gamma, i, j, k, logit, p, sigmoid, t, target, y, z
from ..show import table
from .claim import Claim, Judgement, claim, equality, exhibit, fact, opinion, verdict

# p_t of a hard example, and 1 - p_t of an easy one, in the worked example of source C.
HARD = Rational(1, 20)
COUNTS = (381155699, 4830287, 861159, 440608, 37987, 4061447, 1235420, 593393)
IMAGE = (384, 1024)


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


def printed_target_probabilities() -> Judgement:
    """A choice between p and 1 - p, by the target, gives the printed $p_t$ of a small example."""
    probs = np.array([[0.2, 0.1, 0.7], [0.1, 0.3, 0.6]])
    targets = np.array([[0, 0, 1], [0, 0, 1]])
    printed = np.array([[0.8, 0.9, 0.7], [0.9, 0.7, 0.6]])
    computed = np.where(targets == 1, probs, 1 - probs)
    chosen = (probs * targets).sum(axis=1)
    rows = [
        (" ".join(f"{x:.1f}" for x in row), f"{c:.1f}")
        for row, c in zip(computed, chosen, strict=True)
    ]
    return verdict(
        [
            fact(
                "The printed numbers come out",
                np.allclose(computed, printed, rtol=0, atol=1e-12),
                table(("computed p_t, one per class", "p_t of softmax, one per row"), rows),
            )
        ],
        evidence="The arithmetic is right, for K separate yes-or-no questions. The rows sum to 1, "
        "so they look like "
        "softmax; its focal loss has one $p_t$ per row.",
    )


def masked(logits: np.ndarray, targets: np.ndarray, weight: np.ndarray, focus: float) -> float:
    """The described segmentation loss: a sigmoid per class, only the true class's term kept."""
    with np.errstate(all="ignore"):
        s = 1 / (1 + np.exp(-logits))
        hot = np.moveaxis(np.eye(len(weight))[targets], -1, 1)
        shape = (1, -1) + (1,) * (logits.ndim - 2)
        terms = -weight.reshape(shape) * hot * (1 - s) ** focus * np.log(s)
    return float(terms.sum() / targets.size)


def masked_sigmoid_is_multiclass() -> Judgement:
    """Whether a masked sigmoid per class is a multi-class focal loss."""
    s = sigmoid(z[k])
    loss = -Sum(KroneckerDelta(k, t) * alphas[k] * (1 - s) ** gamma * log(s), (k, 1, K))
    at_target = Diff(-alphas[t] * (1 - sigmoid(z[t])) ** gamma * log(sigmoid(z[t])), z[t])
    weight = sum(COUNTS) / np.array(COUNTS)
    average = float(np.average(weight, weights=COUNTS))
    targets = np.zeros((1, 2, 2), dtype=np.int64)
    high = np.full((1, len(COUNTS), 2, 2), 40.0)
    low = np.full((1, len(COUNTS), 2, 2), -800.0)
    loss_high, loss_low = masked(high, targets, weight, 2.0), masked(low, targets, weight, 2.0)
    pixels = 8 * math.prod(IMAGE)
    dense, index = 8 * pixels * 4 / 2**20, pixels * 8 / 2**20
    try:
        # What is left of a loss that starts as 0.0 and whose branch for images never ran.
        (0.0).sum()
        two_axes = "is summed"
    except AttributeError as error:
        two_axes = f"raises AttributeError: {error}"
    rows = [
        (
            "every logit 40: all classes \u201cpresent\u201d at once",
            f"loss {loss_high:.2g}: it rewards saying yes to everything",
        ),
        ("every logit -800", f"loss {loss_low}: log(0), since the sigmoid underflows"),
        (
            "a batch of 8 images, one-hot in float32",
            f"{dense:.0f} MiB; the class indices in int64, {index:.0f} MiB",
        ),
        ("logits of two axes (N, K)", f"the untouched loss, the float 0.0, {two_axes}"),
        (
            "weights 1 / frequency",
            (
                f"from {weight.min():.2f} to {weight.max():.0f}; "
                f"the mean over pixels is {average:.0f}, not 1"
            ),
        ),
    ]
    return verdict(
        [
            equality(
                loss,
                losses.get("softmax_focal").expr,
                rule="the masked sigmoid loss against the softmax focal loss",
            )
        ],
        evidence="Not the multi-class focal loss, and not trainable as one: the gradient is zero "
        "at every logit but the "
        "true class's, so nothing ever pushes a wrong class down. It also fails on (N, K), "
        "overflows, and holds a "
        "one-hot array; the device is fixed in its text.",
    ).with_(
        equality(Diff(loss, z[j]), KroneckerDelta(j, t) * at_target, rule="zero wherever j ≠ t"),
        exhibit(table(("what was tried", "what came of it"), rows)),
    )


def binary_and_multiclass_differ() -> Judgement:
    """Binary and multi-class focal loss differ: α and 1 - α against reciprocal frequencies."""
    two = [Size(K, 2)]
    binary = losses.get("sigmoid_focal").expr.xreplace({logit: z[2] - z[1]})

    def softmax_form(index, weight):
        return -weight * (1 - p(index)) ** gamma * log(p(index))

    same = [
        equality(
            softmax_form(2, alpha),
            binary.xreplace({target: S.One}),
            given=two,
            rule="class 2, weight α",
        ),
        equality(
            softmax_form(1, 1 - alpha),
            binary.xreplace({target: S.Zero}),
            given=two,
            rule="class 1, weight 1 - α",
        ),
    ]
    return verdict(
        [
            fact(
                "For two classes the binary loss and the multi-class loss are different",
                not all(f.holds for f in same),
            )
        ],
        right=same,
        evidence="With K = 2, logit $z_2-z_1$ and class weights (1 - α, α) they are the same "
        "loss. The weights differ "
        "only in how they are chosen, and either choice can be made in either.",
    )


def frequencies_from_a_sample() -> Judgement:
    """Class frequencies may be estimated from 1000 random training images."""
    images, fits = divmod(sum(COUNTS), math.prod(IMAGE))
    rows = []
    for share in (0.5, 0.1, 0.01, 0.001):
        spread = math.sqrt((1 - share) / (share * 1000))
        rows.append((share, f"{spread:.0%}", f"{(1 - share) ** 1000:.0%}"))
    header = (
        "share of images with the class",
        "relative error of its frequency",
        "chance to miss it",
    )
    stated = fact(
        f"The counts of B12 add up to whole images of {IMAGE[0]} by {IMAGE[1]} pixels",
        fits == 0,
        table(
            header,
            rows,
            caption="1000 images drawn at random; one standard deviation, same area in every image",
        ),
    )
    return opinion(
        [stated],
        evidence=f"The published counts are exactly {images} images. That is enough for a class "
        "seen in one image in ten "
        f"(error about {rows[1][1]}), not for one in a thousand ({rows[3][1]}, missed with chance "
        f"{rows[3][2]}), and the "
        "rare classes are the ones whose weight it sets.",
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
    claim("B11", printed_target_probabilities),
    Claim(
        "B12",
        "A segmentation loss with a sigmoid per class, masked to the true class, is a multi-"
        "class focal loss.",
        masked_sigmoid_is_multiclass,
    ),
    claim("B13", binary_and_multiclass_differ),
    claim("B14", frequencies_from_a_sample),
)
