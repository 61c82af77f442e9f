"""Squared error: of a prediction, of a sigmoid's output, of softmax probabilities."""

from ..expr.hypotheses import Simplex
from ..expr.nodes import Sum
from ..notation import K, j, k, logit, p, prediction, sigmoid, target, y, z
from ._loss import Interface, Loss

MSE = Loss(
    name="mse",
    function="mse_loss",
    title="Squared error",
    expr=(prediction - target) ** 2,
    wrt=prediction,
    target="real",
    reference="goodfellow2016",
    interface=Interface(module="MSELoss", like="torch.nn.functional.mse_loss", probabilities=False),
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
)
