"""Softmax and its logarithm: K logits to K probabilities."""

from sympy import log

from ..notation import i, j, p, z
from ._loss import Loss

SOFTMAX = Loss(
    name="softmax",
    function="softmax",
    title="Softmax",
    expr=p(i),
    wrt=z[j],
    target=None,
    reference="bridle1990",
)

LOG_SOFTMAX = Loss(
    name="log_softmax",
    function="log_softmax",
    title="Log-softmax",
    expr=log(p(i)),
    wrt=z[j],
    target=None,
    reference="blanchard2021",
)
