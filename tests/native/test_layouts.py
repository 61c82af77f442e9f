"""Dense logits of any layout: their memory is used as it is, and the gradient lies as they do."""

from itertools import permutations

import numpy as np
import pytest
import torch

import lossbook.numpy
import lossbook.torch
from lossbook.native.kernels import Kernel

SHAPE = (3, 10, 4, 5)
RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 3, SHAPE).astype(np.float32)
INDEX = RNG.integers(10, size=(3, 4, 5))
SOME = np.where(INDEX % 3 == 0, -100, INDEX)
SHARES = np.moveaxis(np.eye(10, dtype=np.float32)[INDEX], -1, 1)
CALLS = {
    "cross_entropy": (INDEX, {}),
    "ignored": (SOME, {"weight": np.linspace(1, 2, 10)}),
    "smoothed": (SHARES, {"label_smoothing": 0.1}),
    "smoothed index": (SOME, {"label_smoothing": 0.1, "weight": np.linspace(1, 2, 10)}),
    "softmax_focal_loss": (SOME, {"gamma": 1.5}),
    "softmax_mse_loss": (SHARES, {}),
    "sigmoid_focal_loss": (SHARES, {}),
    "binary_cross_entropy_with_logits": (SHARES, {"pos_weight": np.float32(2)}),
    "mse_loss": (SHARES, {}),
}
ORDERS = list(permutations(range(4)))


def laid(array, order):
    """The same array, whose axes lie in that order in memory."""
    return array.transpose(order).copy().transpose(np.argsort(order))


@pytest.fixture
def addresses(monkeypatch):
    """Where the logits lie that kernels get."""
    found = []
    right = Kernel.run
    monkeypatch.setattr(
        Kernel,
        "run",
        lambda self, shape, logits, *a, **k: (
            found.append(logits) or right(self, shape, logits, *a, **k)
        ),
    )
    return found


def functions(name):
    plain = "cross_entropy" if name in ("ignored", "smoothed", "smoothed index") else name
    return getattr(lossbook.numpy, plain + "_with_grad"), getattr(lossbook.torch, plain)


def tensors(options):
    return {
        k: torch.as_tensor(v) if isinstance(v, (np.ndarray, np.float32)) else v
        for k, v in options.items()
    }


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", CALLS)
def test_every_layout(name, reduction, addresses):
    targets, options = CALLS[name]
    options = options | {"reduction": reduction}
    by_array, by_tensor = functions(name)
    wanted, slope = by_array(LOGITS, targets, **options)
    for order in ORDERS:
        x = laid(LOGITS, order)
        addresses.clear()
        value, found = by_array(x, targets, **options)
        assert set(addresses) == {x.ctypes.data}
        assert found.strides == x.strides
        np.testing.assert_allclose(value, wanted, rtol=3e-7)
        np.testing.assert_allclose(found, slope, rtol=3e-7)
        out = np.empty_like(LOGITS)
        assert by_array(x, targets, out=out, **options)[1] is out
        np.testing.assert_array_equal(out, found)
        y = torch.from_numpy(x).requires_grad_()
        addresses.clear()
        value = by_tensor(y, torch.from_numpy(targets), **tensors(options))
        value.sum().backward()
        assert set(addresses) == {y.data_ptr()}
        assert y.grad.stride() == y.stride()
        np.testing.assert_allclose(value.detach(), wanted, rtol=3e-7)
        np.testing.assert_allclose(y.grad, slope, rtol=3e-7)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", CALLS)
def test_in_place(name, order):
    targets, options = CALLS[name]
    options = options | {"reduction": "mean"}
    by_array, by_tensor = functions(name)
    slope = by_array(LOGITS, targets, **options)[1]
    x = laid(LOGITS, order)
    assert by_array(x, targets, out=x, **options)[1] is x
    np.testing.assert_allclose(x, slope, rtol=3e-7)
    leaf = torch.from_numpy(laid(LOGITS, order)).requires_grad_()
    logits = leaf * 1
    value = by_tensor(logits, torch.from_numpy(targets), inplace=True, **tensors(options))
    np.testing.assert_allclose(logits.detach(), slope, rtol=3e-7)
    value.backward()
    np.testing.assert_allclose(leaf.grad, slope, rtol=3e-7)


def test_a_factor_for_each_row_follows_its_row():
    x = torch.from_numpy(laid(LOGITS, (2, 3, 1, 0))).requires_grad_()
    y = torch.from_numpy(LOGITS).requires_grad_()
    rows = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    for z in (x, y):
        lossbook.torch.softmax_focal_loss(z, torch.from_numpy(INDEX), reduction="none").backward(
            rows
        )
    torch.testing.assert_close(x.grad, y.grad, rtol=3e-7, atol=0)


def test_second_derivatives():
    x = torch.from_numpy(laid(LOGITS[:1, :3, :2, :2], (3, 0, 2, 1))).double().requires_grad_()
    index = torch.from_numpy(INDEX[:1, :2, :2] % 3)
    assert torch.autograd.gradgradcheck(lambda z: lossbook.torch.cross_entropy(z, index), x)


def test_logits_with_gaps_are_copied(addresses):
    wide = np.concatenate([LOGITS, LOGITS], 1)
    value = lossbook.numpy.cross_entropy(wide[:, :10], INDEX)
    assert value == lossbook.numpy.cross_entropy(LOGITS, INDEX)
    assert addresses[0] != wide.ctypes.data
    y = torch.from_numpy(wide)[:, :10]
    assert lossbook.torch.cross_entropy(y, torch.from_numpy(INDEX)) == value
    assert addresses[2] != y.data_ptr()
