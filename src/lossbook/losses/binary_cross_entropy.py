"""Binary cross entropy of a logit, with a weight for the positive class."""

from sympy import S, log

from ..expr.hypotheses import Size
from ..notation import K, beta, logit, p, sigmoid, softplus, target, z
from ._loss import Interface, Loss, Parameter, SpecialCase

POS_WEIGHT = Parameter(beta, "β > 0", "weight of the positive class", neutral=1, kind="per element")


def _special_cases() -> tuple[SpecialCase, ...]:
    loss = BINARY_CROSS_ENTROPY.plain
    exchanged = loss.xreplace({logit: -logit, target: 1 - target})
    positive = loss.xreplace({logit: z[2] - z[1], target: S.One})
    return (
        SpecialCase("by softplus", loss, softplus(logit) - target * logit),
        SpecialCase("the classes exchanged", exchanged, loss),
        SpecialCase("two softmax classes", -log(p(2)), positive, given=(Size(K, 2),)),
    )


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
    special_cases=_special_cases,
)
