"""Source B: its segmentation loss, its small example, and where its class weights come from."""

from __future__ import annotations

import math

import numpy as np
from sympy import KroneckerDelta, S, log

from ... import losses
from ...expr.hypotheses import Size
from ...expr.nodes import Diff, Sum
from ...notation import K, alpha, alphas, gamma, j, k, logit, p, sigmoid, t, target, z
from ..show import table
from .claim import Claim, Judgement, claim, equality, exhibit, fact, opinion, verdict

COUNTS = (381155699, 4830287, 861159, 440608, 37987, 4061447, 1235420, 593393)
IMAGE = (384, 1024)


def printed_target_probabilities() -> Judgement:
    """In a small example, $p_t$ is p or 1 - p, depending on the target."""
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
                "The printed numbers result",
                np.allclose(computed, printed, rtol=0, atol=1e-12),
                table(("computed p_t, one per class", "p_t of softmax, one per row"), rows),
            )
        ],
        evidence="The arithmetic is right for K separate yes-or-no questions. The rows sum to 1, "
        "so they look like the output of softmax, whose focal loss has one $p_t$ per row.",
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
            f"loss {loss_high:.2g}: saying yes to everything is rewarded",
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
        evidence="It is not the multi-class focal loss and cannot be trained as one. Its gradient "
        "is zero at every logit except that of the true class, so nothing ever pushes a wrong "
        "class down. It also fails on logits of shape (N, K), overflows, keeps a one-hot array, "
        "and has the device fixed in the code.",
    ).with_(
        equality(Diff(loss, z[j]), KroneckerDelta(j, t) * at_target, rule="zero wherever j ≠ t"),
        exhibit(table(("what was tried", "what came of it"), rows)),
    )


def binary_and_multiclass_differ() -> Judgement:
    """Binary and multi-class focal loss differ: weights α, 1 - α and reciprocal frequencies."""
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
        evidence="With K = 2, the logit $z_2-z_1$ and the class weights (1 - α, α) they are the "
        "same loss. The weights differ only in how they are chosen, and both choices are "
        "possible in both losses.",
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
        "probability of missing it",
    )
    stated = fact(
        f"The published counts add up to whole images of {IMAGE[0]} by {IMAGE[1]} pixels",
        fits == 0,
        table(
            header,
            rows,
            caption="1000 images drawn at random; one standard deviation, same area in every image",
        ),
    )
    return opinion(
        [stated],
        evidence=f"The published counts are those of exactly {images} images. That is enough for a "
        f"class seen in one image in ten (error about {rows[1][1]}), but not for one in a thousand "
        f"({rows[3][1]}, missed with probability {rows[3][2]}). It is the rare classes that get "
        "large weights.",
    )


CLAIMS = (
    claim("B11", printed_target_probabilities),
    Claim(
        "B12",
        "A segmentation loss with a sigmoid per class, of which only the true class's term is "
        "kept, is a multi-class focal loss.",
        masked_sigmoid_is_multiclass,
    ),
    claim("B13", binary_and_multiclass_differ),
    claim("B14", frequencies_from_a_sample),
)
