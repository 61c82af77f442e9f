"""Other libraries' focal losses, where their conventions coincide with ours; where they do not, how they differ.

fvcore's formula is torchvision's. Both it and MONAI's class cast to float32, so their arithmetic is kept in float64 here.
"""

import warnings

import pytest
import torch

import lossbook.torch as ours

from .definitions import derivatives

with warnings.catch_warnings():  # what they warn of when they are imported is theirs
    warnings.simplefilter("ignore")
    from fvcore import nn as fvcore
    from kornia import losses as kornia
    from monai.losses import focal_loss as monai

GAMMAS = (0.5, 1.0, 2.0, 5.0)
TIGHT = {"rtol": 1e-12, "atol": 1e-12}


@pytest.fixture(autouse=True)
def in_float64(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "float", lambda x: x.double())


def same(ours, theirs, x):
    for a, b in zip(derivatives(ours, x), derivatives(theirs, x), strict=True):
        torch.testing.assert_close(a, b, **TIGHT)


def binary(shape=(4, 3, 2)):
    generator = torch.Generator().manual_seed(0)
    x = 2 * torch.randn(shape, dtype=torch.float64, generator=generator)
    return x, torch.randint(2, shape, generator=generator).double()


def several(shape=(4, 3, 5)):
    generator = torch.Generator().manual_seed(1)
    z = 2 * torch.randn(shape, dtype=torch.float64, generator=generator)
    return z, torch.randint(shape[1], shape[:1] + shape[2:], generator=generator)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("alpha", [-1, 0.25, 0.6])
@pytest.mark.parametrize("gamma", GAMMAS)
def test_fvcore_and_torchvision(gamma, alpha, reduction):
    x, y = binary()
    same(
        lambda a: ours.sigmoid_focal_loss(a, y, alpha, gamma, reduction),
        lambda a: fvcore.sigmoid_focal_loss(a, y, alpha, gamma, reduction),
        x,
    )


def test_soft_targets_are_an_expectation_here_and_a_mixed_probability_there():
    x, y = binary()
    half = torch.full_like(y, 0.5)
    expectation = (
        ours.sigmoid_focal_loss(x, half * 0, None) + ours.sigmoid_focal_loss(x, half * 0 + 1, None)
    ) / 2
    torch.testing.assert_close(ours.sigmoid_focal_loss(x, half, None), expectation, **TIGHT)
    p_t = 0.5  # σ/2 + (1 - σ)/2, whatever the logit
    bce = ours.binary_cross_entropy_with_logits(x, half, reduction="none")
    torch.testing.assert_close(
        fvcore.sigmoid_focal_loss(x, half, -1, 2), (1 - p_t) ** 2 * bce, **TIGHT
    )
    # kornia's is the expectation
    theirs = kornia.binary_focal_loss_with_logits(x, half, alpha=0.25, gamma=2.0, reduction="none")
    torch.testing.assert_close(ours.sigmoid_focal_loss(x, half), theirs, **TIGHT)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_kornia_sigmoid(gamma):
    x, y = binary()
    for alpha in (None, 0.25):  # None means no weights in both
        for reduction in ("none", "mean", "sum"):
            same(
                lambda a, w=alpha, r=reduction: ours.sigmoid_focal_loss(a, y, w, gamma, r),
                lambda a, w=alpha, r=reduction: kornia.binary_focal_loss_with_logits(
                    a, y, alpha=w, gamma=gamma, reduction=r
                ),
                x,
            )


@pytest.mark.parametrize("gamma", GAMMAS)
def test_kornia_softmax(gamma):
    z, t = several()
    weight = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    options = {"alpha": None, "gamma": gamma}
    # "none" keeps the class axis, with 0 off the target; "mean" divides by that axis too, and by ignored rows
    for w in (None, weight):
        same(
            lambda a, w=w: ours.softmax_focal_loss(a, t, gamma=gamma, alpha=w, reduction="none"),
            lambda a, w=w: kornia.focal_loss(a, t, **options, weight=w, reduction="none").sum(1),
            z,
        )
    same(
        lambda a: ours.softmax_focal_loss(a, t, gamma=gamma, reduction="sum"),
        lambda a: kornia.focal_loss(a, t, **options, reduction="sum"),
        z,
    )
    theirs = kornia.focal_loss(z, t, **options, reduction="mean")
    torch.testing.assert_close(
        ours.softmax_focal_loss(z, t, gamma=gamma) / z.shape[1], theirs, **TIGHT
    )
    # a scalar alpha is 1 - alpha for class 0 and alpha for the others there; here one weight for all
    scalar = kornia.focal_loss(z, t, 0.25, gamma, reduction="sum")
    by_class = torch.tensor([0.75, 0.25, 0.25], dtype=torch.float64)
    torch.testing.assert_close(
        ours.softmax_focal_loss(z, t, gamma=gamma, alpha=by_class, reduction="sum"), scalar, **TIGHT
    )


@pytest.mark.parametrize("gamma", GAMMAS)
def test_monai(gamma):
    x, y = binary()
    z, t = several()
    one_hot = torch.nn.functional.one_hot(t, 3).movedim(-1, 1).double()
    for alpha in (None, 0.25):
        loss = monai.FocalLoss(gamma=gamma, alpha=alpha, reduction="none")
        same(
            lambda a, w=alpha: ours.sigmoid_focal_loss(a, y, w, gamma), lambda a, f=loss: f(a, y), x
        )
    for alpha in (None, [0.5, 1.0, 2.0]):
        weight = None if alpha is None else torch.tensor(alpha, dtype=torch.float64)
        loss = monai.FocalLoss(gamma=gamma, alpha=alpha, use_softmax=True, reduction="none")
        same(
            lambda a, w=weight: ours.softmax_focal_loss(
                a, t, gamma=gamma, alpha=w, reduction="none"
            ),
            lambda a, f=loss: f(a, one_hot).sum(1),
            z,
        )
    # its sum is a mean over the axes behind the classes
    summed = monai.FocalLoss(gamma=gamma, use_softmax=True, reduction="sum")(z, one_hot)
    total = ours.softmax_focal_loss(z, t, gamma=gamma, reduction="sum")
    torch.testing.assert_close(total / z.shape[2], summed, **TIGHT)


def test_certainty_where_others_return_no_number():
    x, y = torch.tensor([200.0, -200.0]).double(), torch.tensor([1.0, 0.0]).double()
    theirs = derivatives(lambda a: fvcore.sigmoid_focal_loss(a, y, 0.25, 0.5), x)
    assert torch.isnan(theirs[1]).all()
    assert all(
        torch.isfinite(a).all()
        for a in derivatives(lambda a: ours.sigmoid_focal_loss(a, y, 0.25, 0.5), x)
    )
