"""The sigmoid: one logit to the probability of class 1."""

from ..notation import logit
from ..notation import sigmoid as sigma
from ._loss import Loss

SIGMOID = Loss(
    name="sigmoid",
    function="sigmoid",
    title="Sigmoid",
    expr=sigma(logit),
    wrt=logit,
    target=None,
    reference="goodfellow2016",
)
