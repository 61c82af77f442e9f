"""Other people's losses as functions of (logits, targets): the mean, or what they take for it."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F

from ... import torch as ours_torch
from ...losses import get
from ...torch.kernels import switched_off
from .ours import compiled, step
from .rounds import Candidate
from .workloads import BenchInputs

ALPHA, GAMMA = 0.25, 2.0

# Which libraries have a loss; the others are not asked.
PEERS = {
    "softmax_focal": ("torch", "torch compiled", "kornia", "MONAI"),
    "cross_entropy_index": ("torch", "torch compiled", "optax"),
    "cross_entropy": ("torch", "optax"),
    "softmax_mse": ("torch",),
    "sigmoid_focal": ("torchvision", "torchvision compiled", "kornia", "MONAI", "fvcore", "optax"),
    "binary_cross_entropy": ("torch", "torch compiled", "optax"),
    "sigmoid_mse": ("torch",),
    "mse": ("torch", "optax"),
}
# A library's own kernel is measured in the sweeps too, and compiled on the tiny workload.
BUILT_IN = ("cross_entropy_index", "torch")
# A hundred copies of the logits and more, seconds for each call: in one setting, on few workloads.
SLOW = dict.fromkeys(("MONAI", "fvcore", "kornia"), ("detection", "segmentation", "tiny"))
# XLA takes many seconds to compile it.
COMPILES_SLOWLY = {("segmentation", "cross_entropy_index"): "optax"}


def softmax_focal(logits, targets):
    """What most public softmax focal losses do, on top of the built-in cross entropy."""
    ce = F.cross_entropy(logits, targets, reduction="none")
    return ((1 - torch.exp(-ce)) ** GAMMA * ce).mean()


def sigmoid_focal(logits, targets):
    """The formula of torchvision.ops.sigmoid_focal_loss.

    BSD 3-Clause, Soumith Chintala and others.
    """
    p = torch.sigmoid(logits)
    ce = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    alpha_t = ALPHA * targets + (1 - ALPHA) * (1 - targets)
    return (alpha_t * (ce * (1 - p_t) ** GAMMA)).mean()


def softmax_mse(logits, targets):
    """Squared error of softmax probabilities, in built-ins."""
    return ((torch.softmax(logits, 1) - targets) ** 2).sum(1).mean()


def sigmoid_mse(logits, targets):
    """Squared error of a sigmoid, in built-ins."""
    return F.mse_loss(torch.sigmoid(logits), targets)


# The built-in, or the shortest formula in built-ins.
TORCH = {
    "softmax_focal": softmax_focal,
    "cross_entropy_index": F.cross_entropy,
    "cross_entropy": F.cross_entropy,
    "softmax_mse": softmax_mse,
    "binary_cross_entropy": F.binary_cross_entropy_with_logits,
    "sigmoid_mse": sigmoid_mse,
    "mse": F.mse_loss,
}
TORCHVISION = {"sigmoid_focal": sigmoid_focal}


def kornia(loss: str):
    """The loss in kornia."""
    from kornia.losses import binary_focal_loss_with_logits, focal_loss

    function = {"softmax_focal": focal_loss, "sigmoid_focal": binary_focal_loss_with_logits}[loss]
    return partial(
        function, alpha=None if loss == "softmax_focal" else ALPHA, gamma=GAMMA, reduction="mean"
    )


def monai(loss: str):
    """The loss in MONAI."""
    from monai.losses import FocalLoss

    if loss == "sigmoid_focal":
        return FocalLoss(gamma=GAMMA, alpha=ALPHA)
    softmax = FocalLoss(gamma=GAMMA, use_softmax=True, to_onehot_y=True)
    return lambda logits, targets: softmax(logits, targets.unsqueeze(1))


def fvcore(loss: str):
    """The loss in fvcore."""
    from fvcore.nn import sigmoid_focal_loss

    return partial(
        {"sigmoid_focal": sigmoid_focal_loss}[loss], alpha=ALPHA, gamma=GAMMA, reduction="mean"
    )


LIBRARIES = {
    "torch": TORCH.__getitem__,
    "torchvision": TORCHVISION.__getitem__,
    "kornia": kornia,
    "MONAI": monai,
    "fvcore": fvcore,
}


def peer(inputs: BenchInputs, name: str) -> Candidate:
    """A training step of that library; "torch compiled": the same under torch.compile."""
    if name == "optax":
        return optax(inputs)
    library, _, how = name.partition(" ")
    function = LIBRARIES[library](inputs.loss)
    return step(name, None, compiled(function) if how else function, *inputs.torch)


def optax(inputs: BenchInputs) -> Candidate:
    """Value and gradient under jax.jit."""
    import jax
    from optax import losses

    function = {
        "cross_entropy_index": partial(losses.softmax_cross_entropy_with_integer_labels, axis=1),
        "cross_entropy": partial(losses.softmax_cross_entropy, axis=1),
        "sigmoid_focal": partial(losses.sigmoid_focal_loss, alpha=ALPHA, gamma=GAMMA),
        "binary_cross_entropy": losses.sigmoid_binary_cross_entropy,
        "mse": losses.squared_error,
    }[inputs.loss]
    value_and_grad = jax.jit(jax.value_and_grad(lambda z, y: function(z, y).mean()))
    logits, targets = jax.numpy.asarray(inputs.logits), jax.numpy.asarray(inputs.targets)
    return Candidate(
        "optax",
        None,
        "training step",
        lambda n: jax.block_until_ready(value_and_grad(logits, targets)),
    )


def reference(inputs: BenchInputs) -> torch.Tensor:
    """The gradient in a few rows, in float64, up to a factor, to compare every other with.

    By autograd through the plain formula; by our generated code for a loss that has none here.
    """
    part = inputs.part
    logits, targets = inputs.torch
    few = (part[0], *part[2:]) if targets.ndim < logits.ndim else part
    targets = targets[few]
    logits = logits.detach()[part].double().requires_grad_()
    function = (TORCH | TORCHVISION).get(inputs.loss) or _generated(inputs.loss)
    value = function(logits, targets.double() if targets.is_floating_point() else targets)
    return torch.autograd.grad(value, logits)[0]


def _generated(loss: str):
    function = getattr(ours_torch, get(loss).function)

    def mean(logits, targets):
        with switched_off():
            return function(logits, targets, reduction="mean")

    return mean
