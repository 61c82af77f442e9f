"""Focal loss: cross entropy times (1 - p_t)**gamma, which is small for well-classified examples."""

from sympy import Rational, S, log

from ..expr.hypotheses import Size
from ..expr.nodes import Diff, Sum
from ..notation import K, alpha, alphas, gamma, j, logit, p, sigmoid, t, target, z
from ._loss import Interface, Loss, Parameter, SpecialCase
from .binary_cross_entropy import BINARY_CROSS_ENTROPY
from .cross_entropy import CROSS_ENTROPY_INDEX

FOCUSING = Parameter(gamma, "γ ≥ 0", "focusing exponent; 0 gives cross entropy", default=2)


def _sigmoid_cases() -> tuple[SpecialCase, ...]:
    loss = SIGMOID_FOCAL.expr
    half = loss.xreplace({gamma: S.Zero, alpha: Rational(1, 2)})
    exchanged = loss.xreplace({logit: -logit, target: 1 - target, alpha: 1 - alpha})
    cross_entropy = BINARY_CROSS_ENTROPY.plain
    return (
        SpecialCase("γ = 0, α = 1/2: half of cross entropy", half, cross_entropy / 2),
        SpecialCase("the classes exchanged", exchanged, loss),
    )


SIGMOID_FOCAL = Loss(
    name="sigmoid_focal",
    function="sigmoid_focal_loss",
    title="Focal loss of a sigmoid",
    expr=-alpha * target * (1 - sigmoid(logit)) ** gamma * log(sigmoid(logit))
    - (1 - alpha) * (1 - target) * sigmoid(logit) ** gamma * log(1 - sigmoid(logit)),
    wrt=logit,
    target="real",
    reference="lin2017",
    interface=Interface(
        module="SigmoidFocalLoss",
        like="torchvision.ops.sigmoid_focal_loss",
        notes="For targets between 0 and 1 the loss is the expectation over the two classes. "
        "torchvision's formula differs there: it mixes the two probabilities before the power and "
        "multiplies by the cross entropy.",
        reduction="none",
        positional=True,
    ),
    parameters=(
        Parameter(
            alpha,
            "0 < α < 1",
            "weight of the positive class; the negative one weighs 1 − α",
            kind="balance",
            default=0.25,
        ),
        FOCUSING,
    ),
    special_cases=_sigmoid_cases,
)


def _softmax_cases() -> tuple[SpecialCase, ...]:
    at_zero = Diff(SOFTMAX_FOCAL.plain.xreplace({gamma: S.Zero}), z[j])
    cross_entropy = CROSS_ENTROPY_INDEX.derivation().result
    two = -((1 - p(2)) ** gamma) * log(p(2))
    positive = {logit: z[2] - z[1], target: S.One, alpha: S.One}
    binary = SIGMOID_FOCAL.expr.xreplace(positive)
    total = Sum(SOFTMAX_FOCAL.derivation().result, (j, 1, K))
    return (
        SpecialCase("γ = 0: gradient of cross entropy", at_zero, cross_entropy),
        SpecialCase("two classes, t = 2, no weights", two, binary, given=(Size(K, 2),)),
        SpecialCase("the gradient's sum", total, 0),
    )


SOFTMAX_FOCAL = Loss(
    name="softmax_focal",
    function="softmax_focal_loss",
    title="Focal loss of softmax probabilities",
    expr=-alphas[t] * (1 - p(t)) ** gamma * log(p(t)),
    wrt=z[j],
    target="class index",
    reference="lin2017",
    interface=Interface(module="SoftmaxFocalLoss"),
    parameters=(Parameter(alphas, "α > 0", "weight of each class", neutral=1), FOCUSING),
    special_cases=_softmax_cases,
)
