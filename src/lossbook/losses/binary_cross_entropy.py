"""Binary cross entropy of a logit, with a weight for the positive class."""

from sympy import log

from ..notation import beta, logit, sigmoid, target
from ._loss import Interface, Loss, Parameter

POS_WEIGHT = Parameter(beta, "β > 0", "weight of the positive class", neutral=1, kind="per element")

BINARY_CROSS_ENTROPY = Loss(
    name="binary_cross_entropy",
    function="binary_cross_entropy_with_logits",
    title="Binary cross entropy",
    expr=-beta * target * log(sigmoid(logit)) - (1 - target) * log(1 - sigmoid(logit)),
    wrt=logit,
    target="real",
    reference="goodfellow2016",
    interface=Interface(
        module="BCEWithLogitsLoss",
        like="torch.nn.functional.binary_cross_entropy_with_logits",
        weight=True,
    ),
    parameters=(POS_WEIGHT,),
)
