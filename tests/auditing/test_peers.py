"""What is known of other libraries, seen by running them."""

import warnings

import numpy as np
import pytest
import torch

from lossbook.auditing import audit

with warnings.catch_warnings():  # what they warn of when they are imported is theirs
    warnings.simplefilter("ignore")
    import fvcore.nn
    import jax
    import kornia.losses
    import monai.losses.focal_loss
    import optax

QUICK = {"samples": 0, "dtypes": ("float32", "float64")}


def test_fvcore_has_no_gradient_at_half_gamma():
    report = audit(
        fvcore.nn.sigmoid_focal_loss, "sigmoid_focal", "torchvision", gamma=(0.5, 2.0), **QUICK
    )
    finding = report.get("non-finite-gradient")
    assert finding.where["gammas"] == [0.5]
    assert finding.example.got == "nan (gradient)"
    logit = float(finding.example.input.split()[1].rstrip(","))
    x = torch.tensor([logit], requires_grad=True)  # the example is true
    fvcore.nn.sigmoid_focal_loss(x, torch.ones(1), 0.25, 0.5).sum().backward()
    assert torch.isnan(x.grad).all()
    assert {"dtype-changed", "soft-targets"} <= set(report.ids)


def test_kornia_means_over_all_numbers():
    report = audit(kornia.losses.focal_loss, "softmax_focal", "kornia", gamma=2.0, **QUICK)
    finding = report.get("reduction-mean")
    assert finding.severity == "convention"
    assert "the number of rows times K" in finding.title
    assert "class 0 by 1 - α" in report.get("alpha-meaning").title
    assert "ignored-counted" in report.ids
    z, t = torch.randn(4, 3, dtype=torch.float64), torch.tensor([0, 1, 2, 1])  # and it is true
    each = kornia.losses.focal_loss(z, t, None, reduction="none").sum()
    torch.testing.assert_close(kornia.losses.focal_loss(z, t, None, reduction="mean"), each / 12)


def test_monai_is_made_first_and_called_then():
    report = audit(
        monai.losses.focal_loss.FocalLoss, "softmax_focal", "monai", gamma=(0.5, 2.0), **QUICK
    )
    assert {"non-finite-gradient", "dtype-changed", "masked-class"} <= set(report.ids)


def test_torch_loses_small_losses():
    report = audit(torch.nn.functional.cross_entropy, "cross_entropy_index", **QUICK)
    assert "false-zero-value" in report.ids
    assert (
        report.facts['"mean" of (N, K), weighted']
        == "the sum divided by the weights of the targets"
    )


@pytest.mark.parametrize("detach", [False, True])
def test_jax(detach):
    def loss(logits, targets):
        ce = optax.losses.softmax_cross_entropy_with_integer_labels(logits, targets)
        factor = (1 - jax.numpy.exp(-ce)) ** 2
        return (jax.lax.stop_gradient(factor) if detach else factor) * ce

    report = audit(loss, "softmax_focal", gamma=2.0, samples=0, dtypes=["float32"], framework="jax")
    assert report.framework == "jax"
    assert ("wrong-gradient" in report.ids) == detach
    assert "label-range" in report.ids


def test_numpy_without_a_gradient():
    def loss(logits, targets):
        with np.errstate(all="ignore"):
            p = np.exp(logits - logits.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            return -np.log(p[np.arange(len(p)), targets]) if len(p) else p[:, 0]

    report = audit(loss, "cross_entropy_index", framework="numpy", **QUICK)
    assert "gradient" in report.skipped
    assert "non-finite-value" in report.ids
