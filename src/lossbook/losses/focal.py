"""Focal loss: cross entropy times (1 - p_t)**gamma, which is small for well-classified examples."""

from sympy import log

from ..notation import alpha, alphas, gamma, j, logit, p, sigmoid, t, target, z
from ._loss import Interface, Loss, Parameter

FOCUSING = Parameter(gamma, "γ ≥ 0", "focusing exponent; 0 gives cross entropy", default=2)

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
            "weight of the positive class; the negative one weighs 1 - α",
            kind="balance",
            default=0.25,
        ),
        FOCUSING,
    ),
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
)
