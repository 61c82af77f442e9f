"""The sigmoid: one logit to the probability of class 1."""

from sympy import log

from ..notation import logit
from ..notation import sigmoid as sigma
from ._loss import Loss, SpecialCase


def _special_cases() -> tuple[SpecialCase, ...]:
    s = sigma(logit)
    return (
        SpecialCase("symmetry", s + sigma(-logit), 1),
        SpecialCase("it undoes the log-odds", log(s / (1 - s)), logit),
    )


SIGMOID = Loss(
    name="sigmoid",
    function="sigmoid",
    title="Sigmoid",
    expr=sigma(logit),
    wrt=logit,
    target=None,
    reference="goodfellow2016",
    special_cases=_special_cases,
)
