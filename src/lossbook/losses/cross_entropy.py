"""Cross entropy of softmax probabilities, for target probabilities and for one true class."""

from sympy import log

from ..expr.hypotheses import OneHot, Simplex, Size
from ..expr.nodes import Sum
from ..notation import K, epsilon, j, k, p, softplus, t, w, y, z
from ._loss import Interface, Loss, Parameter, SpecialCase

WEIGHT = Parameter(w, "w ≥ 0", "weight of each class", neutral=1)
SMOOTHING = Parameter(
    epsilon,
    "0 ≤ ε ≤ 1",
    "label smoothing: the share of the target spread over all classes",
    neutral=0,
    default=0.0,
    high=1,
)


def _probabilities_cases() -> tuple[SpecialCase, ...]:
    gradient = CROSS_ENTROPY_INDEX.derivation().result
    return (
        SpecialCase("one true class", CROSS_ENTROPY.plain, -log(p(t)), given=(OneHot(y, t),)),
        SpecialCase("the gradient's sum", Sum(gradient, (j, 1, K)), 0),
    )


CROSS_ENTROPY = Loss(
    name="cross_entropy",
    function="cross_entropy",
    title="Cross entropy",
    expr=-Sum(w[k] * ((1 - epsilon) * y[k] + epsilon / K) * log(p(k)), (k, 1, K)),
    wrt=z[j],
    target="probabilities",
    reference="goodfellow2016",
    interface=Interface(
        module="CrossEntropyLoss",
        like="torch.nn.functional.cross_entropy",
        mean_weights=w,
        normalised=False,
    ),
    parameters=(WEIGHT, SMOOTHING),
    given=(Simplex(y),),
    special_cases=_probabilities_cases,
)


def _class_index_cases() -> tuple[SpecialCase, ...]:
    two = (Size(K, 2),)
    return (SpecialCase("two classes, t = 2", -log(p(2)), softplus(z[1] - z[2]), given=two),)


CROSS_ENTROPY_INDEX = Loss(
    name="cross_entropy_index",
    function="cross_entropy",
    title="Cross entropy of a class index",
    expr=-w[t] * log(p(t)),
    wrt=z[j],
    target="class index",
    reference="goodfellow2016",
    parameters=(WEIGHT,),
    special_cases=_class_index_cases,
)
