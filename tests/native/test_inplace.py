"""The gradient in the place of the logits: the same one, and refused or noticed where somebody still needs the logits."""

import numpy as np
import pytest
import torch

import lossbook.torch as losses
from lossbook.torch import kernels

GENERATOR = torch.Generator().manual_seed(0)
WEIGHTS = torch.randn(5, 70, generator=GENERATOR)
INPUTS = torch.randn(40, 5, generator=GENERATOR)
TARGETS = torch.randint(70, (40,), generator=GENERATOR)
SHARES = torch.nn.functional.one_hot(TARGETS, 70).float()
CALLS = {
    "cross_entropy": lambda x, **o: losses.cross_entropy(x, TARGETS, **o),
    "smoothed": lambda x, **o: losses.cross_entropy(
        x, TARGETS, label_smoothing=0.1, reduction="sum", **o
    ),
    "focal": lambda x, **o: losses.softmax_focal_loss(x, TARGETS, gamma=1.5, **o),
    "softmax_mse": lambda x, **o: losses.softmax_mse_loss(x, TARGETS, **o),
    "bce": lambda x, **o: losses.binary_cross_entropy_with_logits(x, SHARES, **o),
    "sigmoid_focal": lambda x, **o: losses.sigmoid_focal_loss(x, SHARES, reduction="mean", **o),
    "sigmoid_mse": lambda x, **o: losses.sigmoid_mse_loss(x, SHARES, **o),
    "mse": lambda x, **o: losses.mse_loss(x, SHARES, **o),
}


def trained(function, dtype=torch.float32, factor=3, **options):
    """(value, gradient of the weights, the logits afterwards)."""
    weights = WEIGHTS.to(dtype, copy=True).requires_grad_()
    logits = INPUTS.to(dtype) @ weights
    value = function(logits, **options)
    (factor * value).backward()
    return value.detach(), weights.grad, logits.detach()


@pytest.mark.pairwise
@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("name", CALLS)
def test_the_same_gradient(name, dtype, native):
    factor = (
        3 if native and dtype != torch.float64 else 1
    )  # generated code multiplies before it rounds
    with torch.enable_grad() if native else kernels.switched_off():
        plain = trained(CALLS[name], dtype, factor)
        overwritten = trained(CALLS[name], dtype, factor, inplace=True)
    for a, b in zip(plain[:2], overwritten[:2], strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert not torch.equal(plain[2], overwritten[2])  # no logits any more


def test_no_other_memory_is_taken(monkeypatch):
    monkeypatch.setattr(kernels, "buffer", lambda like: pytest.fail("memory was taken"))
    logits = INPUTS @ WEIGHTS.clone().requires_grad_()
    address = logits.data_ptr()
    value = losses.cross_entropy(logits, TARGETS, inplace=True)
    (gradient,) = torch.autograd.grad(value, logits)
    assert gradient.data_ptr() == address


@pytest.mark.parametrize("native", [True, False])
def test_who_still_needs_the_logits_is_told(native):
    weights = WEIGHTS.clone().requires_grad_()
    with kernels.switched_off() if not native else torch.enable_grad():
        logits = (INPUTS @ weights).exp()  # keeps its result for its own backward pass
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            losses.cross_entropy(logits, TARGETS, inplace=True).backward()


def test_a_second_derivative_is_refused():
    logits = INPUTS @ WEIGHTS.clone().requires_grad_()
    value = losses.cross_entropy(logits, TARGETS, inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(value, logits, create_graph=True)


def test_a_second_backward_pass_is_refused():
    logits = INPUTS @ WEIGHTS.clone().requires_grad_()
    value = losses.cross_entropy(logits, TARGETS, inplace=True)
    torch.autograd.grad(value, logits, retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(value, logits)


def test_without_a_gradient_nothing_is_overwritten():
    logits = INPUTS @ WEIGHTS
    kept = logits.clone()
    losses.cross_entropy(logits, TARGETS, inplace=True)
    torch.testing.assert_close(logits, kept, rtol=0, atol=0)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("reason", "change", "options"),
    [
        ("a leaf that requires grad", lambda x: x.detach().requires_grad_(), {}),
        ("a leaf that requires grad", lambda x: x.detach().requires_grad_().view(x.shape), {}),
        ("logits that have gaps in memory", lambda x: torch.cat([x, x], 1)[:, : x.shape[1]], {}),
        ("logits that have gaps in memory", lambda x: x[:1].expand(x.shape), {}),
        ("reduction 'none'", lambda x: x, {"reduction": "none"}),
    ],
)
def test_unsafe(name, reason, change, options):
    if name in ("smoothed", "sigmoid_focal") and options:
        return
    logits = change(INPUTS @ WEIGHTS.clone().requires_grad_())
    with pytest.raises(
        ValueError, match=f"inplace is True with {reason}; expected inplace=False there"
    ):
        CALLS[name](logits, inplace=True, **options)


def test_traced():
    with pytest.raises(ValueError, match=r"inplace is True with torch\.func"):
        torch.func.grad(lambda x: losses.cross_entropy(x, TARGETS, inplace=True))(INPUTS @ WEIGHTS)


@pytest.mark.parametrize("precision", ["exact", "fast"])
@pytest.mark.parametrize("shape", [(64, 200), (4, 10, 64), (64, 10)])
def test_a_value_that_is_no_number_does_not_make_it_start_again(shape, precision):
    """The gradient is there already, where the logits were."""
    rng = np.random.default_rng(0)
    logits = torch.tensor(rng.normal(0, 3, shape), dtype=torch.float32, requires_grad=True)
    targets = torch.tensor(rng.integers(1, shape[1], (shape[0], *shape[2:])))
    targets.view(-1)[5] = -100
    weight = torch.ones(shape[1], dtype=torch.float64)
    weight[0] = float("inf")
    found = []
    for inplace in (False, True):
        leaf = logits.detach().clone().requires_grad_()
        y = leaf * 1.0
        loss = losses.cross_entropy(
            y, targets, weight=weight, reduction="sum", inplace=inplace, precision=precision
        )
        loss.backward()
        found.append((float(loss.detach()), leaf.grad))
    assert np.isfinite(found[0][0])
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    torch.testing.assert_close(*(slope for _, slope in found), rtol=2e-6, atol=0)
