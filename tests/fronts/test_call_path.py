"""What a call hands on and keeps: rare arguments that must not change a number or stay behind."""

import numpy as np
import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

import lossbook.numpy as ours_numpy
import lossbook.torch as ours_torch
from lossbook.api import kernels

RNG = np.random.default_rng(0)
X, P = RNG.normal(0, 2, (4, 3)), RNG.uniform(0, 1, (4, 3))


@pytest.mark.parametrize("weight", [[2.0], [[2.0]], 2.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_weight_of_one_element_is_a_factor(weight, dtype):
    function, x, y = "binary_cross_entropy_with_logits", X.astype(dtype), P.astype(dtype)
    wanted = 2 * getattr(ours_numpy, function)(x, y)
    assert getattr(ours_numpy, function)(x, y, weight=weight) == pytest.approx(wanted, rel=1e-6)
    found = getattr(ours_torch, function)(
        torch.tensor(x), torch.tensor(y), weight=torch.tensor(weight)
    )
    assert found.item() == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    ("x", "target", "dtype"), [(256.0, 257, torch.bfloat16), (2.0**24, 2**24 + 1, torch.float32)]
)
def test_integers_that_the_dtype_of_the_inputs_does_not_hold(x, target, dtype):
    inputs = torch.full((1,), x, dtype=dtype)
    assert ours_torch.mse_loss(inputs, torch.tensor([target]), reduction="sum") == 1


@pytest.mark.parametrize("label", [2**64 - 100, 2**64 - 5, 2**63])
def test_labels_that_64_signed_bits_do_not_hold_are_no_classes(label):
    targets = np.array([0, 1, 2, label], np.uint64)
    with pytest.raises(ValueError, match="targets is"):
        ours_numpy.cross_entropy(X, targets)
    with pytest.raises(ValueError, match="targets is"):
        ours_torch.cross_entropy(torch.tensor(X), torch.from_numpy(targets))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_narrow_labels_are_compared_without_wrapping(dtype):
    """As uint8, -100 would be class 156, and as int8 200 classes do not fit."""
    logits = RNG.normal(0, 2, (2, 200))
    targets = np.array([0, 156 if dtype is np.uint8 else 100], dtype)
    wanted = ours_numpy.cross_entropy(logits, targets.astype(np.int64), reduction="none")
    assert wanted[1] > 0
    np.testing.assert_array_equal(
        ours_numpy.cross_entropy(logits, targets, reduction="none"), wanted
    )
    found = ours_torch.cross_entropy(
        torch.tensor(logits), torch.from_numpy(targets), reduction="none"
    )
    np.testing.assert_array_equal(found, wanted)


def test_the_divisor_of_a_mean_keeps_its_digits():
    x, t = torch.tensor(X), torch.tensor([0, 1, 2, -100])
    eager = ours_torch.cross_entropy(x, t, weight=0.3)
    mapped = torch.func.vmap(lambda z: ours_torch.cross_entropy(z, t, weight=0.3))(x[None])[0]
    torch.testing.assert_close(mapped, eager, rtol=4e-16, atol=0)


def test_vmap_over_a_weight():
    x, p, weights = torch.tensor(X), torch.tensor(P), torch.rand(2, 4, 3, dtype=torch.float64)
    found = torch.func.vmap(lambda w: ours_torch.binary_cross_entropy_with_logits(x, p, weight=w))(
        weights
    )
    wanted = [ours_torch.binary_cross_entropy_with_logits(x, p, weight=w) for w in weights]
    torch.testing.assert_close(found, torch.stack(wanted))


def test_constant_targets_are_checked_while_logits_are_mapped():
    with pytest.raises(ValueError, match="targets is 9"):
        torch.func.vmap(lambda z: ours_torch.softmax_mse_loss(z, torch.tensor([0, 1, 9, 0])))(
            torch.tensor(X)[None]
        )


def test_plans_hold_little_memory():
    kernels._uniform.cache_clear()
    kernels._prepared.cache_clear()
    logits = np.zeros((40, 1000), np.float32)
    for rows in range(1, 41):
        ours_numpy.cross_entropy(logits[:rows], np.zeros(rows, int))
    assert kernels._uniform.cache_info().currsize == 1


def test_kernels_that_were_switched_off_come_back(monkeypatch):
    x, t = np.zeros((7, 11), np.float32), np.zeros(7, int)
    used = []
    right = kernels.KernelCall.run
    monkeypatch.setattr(kernels.KernelCall, "run", lambda *a, **k: used.append(1) or right(*a, **k))
    monkeypatch.setattr(kernels, "_kernel_of", lambda *a: None)
    without = ours_numpy.cross_entropy(x, t)
    monkeypatch.undo()
    monkeypatch.setattr(kernels.KernelCall, "run", lambda *a, **k: used.append(1) or right(*a, **k))
    assert not used
    assert ours_numpy.cross_entropy(x, t) == without
    assert used


def test_an_overwritten_weight_of_elements_is_noticed():
    x, weight = torch.tensor(X, requires_grad=True), torch.full((1,), 2.0, dtype=torch.float64)
    value = ours_torch.binary_cross_entropy_with_logits(x, torch.tensor(P), weight=weight)
    weight.mul_(0.5)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(value, x, create_graph=True)


def test_symbolic_sizes():
    trace = make_fx(lambda x, y: ours_torch.mse_loss(x, y), tracing_mode="symbolic")
    graph = trace(torch.tensor(X), torch.tensor(P))
    assert graph.graph.nodes
