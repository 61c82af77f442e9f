"""Softmax and its logarithm: K logits to K probabilities."""

from sympy import Symbol, exp, log

from ..expr.hypotheses import Size
from ..expr.nodes import Sum, Vec
from ..notation import K, i, j, k, p, sigmoid, softmax, z
from ._loss import Loss, SpecialCase


def _softmax_cases() -> tuple[SpecialCase, ...]:
    c = Symbol("c", real=True)
    return (
        SpecialCase("a distribution", Sum(p(k), (k, 1, K)), 1),
        SpecialCase("two classes", p(2), sigmoid(z[2] - z[1]), given=(Size(K, 2),)),
        SpecialCase("a constant added to all logits", softmax(Vec(z[k] + c, k, K), i), p(i)),
    )


SOFTMAX = Loss(
    name="softmax",
    function="softmax",
    title="Softmax",
    expr=p(i),
    wrt=z[j],
    target=None,
    reference="bridle1990",
    special_cases=_softmax_cases,
)


def _log_softmax_cases() -> tuple[SpecialCase, ...]:
    return (SpecialCase("log-sum-exp", log(p(i)), z[i] - log(Sum(exp(z[k]), (k, 1, K)))),)


LOG_SOFTMAX = Loss(
    name="log_softmax",
    function="log_softmax",
    title="Log-softmax",
    expr=log(p(i)),
    wrt=z[j],
    target=None,
    reference="blanchard2021",
    special_cases=_log_softmax_cases,
)
