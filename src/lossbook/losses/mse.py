"""Squared error: of a prediction, of a sigmoid's output, of softmax probabilities."""

from sympy import S

from ..expr.hypotheses import OneHot, Simplex, Size
from ..expr.nodes import Sum
from ..notation import K, j, k, logit, p, prediction, sigmoid, t, target, y, z
from ._loss import Interface, Loss, SpecialCase


def _mse_cases() -> tuple[SpecialCase, ...]:
    exchanged = MSE.plain.xreplace({prediction: target, target: prediction})
    return (SpecialCase("symmetry", exchanged, MSE.plain),)


MSE = Loss(
    name="mse",
    function="mse_loss",
    title="Squared error",
    expr=(prediction - target) ** 2,
    wrt=prediction,
    target="real",
    reference="goodfellow2016",
    interface=Interface(module="MSELoss", like="torch.nn.functional.mse_loss", probabilities=False),
    special_cases=_mse_cases,
)


def _sigmoid_mse_cases() -> tuple[SpecialCase, ...]:
    loss = SIGMOID_MSE.plain
    exchanged = loss.xreplace({logit: -logit, target: 1 - target})
    return (
        SpecialCase("y = 1", loss.xreplace({target: S.One}), sigmoid(-logit) ** 2),
        SpecialCase("the classes exchanged", exchanged, loss),
    )


SIGMOID_MSE = Loss(
    name="sigmoid_mse",
    function="sigmoid_mse_loss",
    title="Squared error of a sigmoid",
    expr=(sigmoid(logit) - target) ** 2,
    wrt=logit,
    target="real",
    reference="goodfellow2016",
    interface=Interface(module="SigmoidMSELoss"),
    special_cases=_sigmoid_mse_cases,
)


def _softmax_mse_cases() -> tuple[SpecialCase, ...]:
    squares = Sum(p(k) ** 2, (k, 1, K))
    one_true = 1 - 2 * p(t) + squares
    two = (p(1) - 0) ** 2 + (p(2) - 1) ** 2
    binary = SIGMOID_MSE.plain.xreplace({logit: z[2] - z[1], target: S.One})
    return (
        SpecialCase("one true class", SOFTMAX_MSE.plain, one_true, given=(OneHot(y, t),)),
        SpecialCase("two classes, y = (0, 1)", two, 2 * binary, given=(Size(K, 2),)),
    )


SOFTMAX_MSE = Loss(
    name="softmax_mse",
    function="softmax_mse_loss",
    title="Squared error of softmax probabilities",
    expr=Sum((p(k) - y[k]) ** 2, (k, 1, K)),
    wrt=z[j],
    target="probabilities",
    reference="brier1950",
    interface=Interface(module="SoftmaxMSELoss", notes="This is the Brier score."),
    given=(Simplex(y),),
    special_cases=_softmax_mse_cases,
)
