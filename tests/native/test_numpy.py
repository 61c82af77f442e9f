"""NumPy losses by kernels: they are used, they agree with generated code, and `out` is where the gradient goes."""

import numpy as np
import pytest

import lossbook.numpy as losses
from lossbook.api import kernels
from lossbook.native import kernel

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 4, (40, 70)).astype(np.float32)
TARGETS = RNG.integers(70, size=40)
SOME = np.where(np.arange(40) % 3 == 0, -100, TARGETS)
SHARES = np.eye(70, dtype=np.float32)[TARGETS]
WEIGHT = np.linspace(0.5, 2, 70)
CALLS = {
    "cross_entropy": (losses.cross_entropy_with_grad, TARGETS, {"weight": WEIGHT}),
    "ignored": (losses.cross_entropy_with_grad, SOME, {"weight": WEIGHT}),
    "smoothed": (losses.cross_entropy_with_grad, TARGETS, {"label_smoothing": 0.1}),
    "shares": (losses.cross_entropy_with_grad, SHARES, {}),
    "focal": (losses.softmax_focal_loss_with_grad, SOME, {"gamma": 1.5, "alpha": WEIGHT}),
    "softmax_mse": (losses.softmax_mse_loss_with_grad, SHARES, {}),
    "sigmoid_focal": (losses.sigmoid_focal_loss_with_grad, SHARES, {"alpha": None}),
    "bce": (losses.binary_cross_entropy_with_logits_with_grad, SHARES, {"pos_weight": 2.0}),
    "sigmoid_mse": (losses.sigmoid_mse_loss_with_grad, SHARES, {}),
    "mse": (losses.mse_loss_with_grad, SHARES, {}),
}


def generated(monkeypatch):
    monkeypatch.setattr(kernels, "kernel_call", lambda *a: None)


@pytest.mark.pairwise
@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 3e-7), ("float64", 4 * 2**-52)])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", CALLS)
def test_kernels_are_used_and_agree_with_generated_code(name, reduction, dtype, rtol, monkeypatch):
    function, targets, options = CALLS[name]
    logits = LOGITS.astype(dtype)
    used = []
    right = kernels.KernelCall.run
    monkeypatch.setattr(
        kernels.KernelCall, "run", lambda *a, **k: used.append(right(*a, **k)) or used[-1]
    )
    value, slope = function(logits, targets, reduction=reduction, **options)
    assert sum(result is not None for result in used) == 1
    generated(monkeypatch)
    wanted, wanted_slope = function(logits, targets, reduction=reduction, **options)
    assert value.dtype == slope.dtype == dtype
    assert value.shape == wanted.shape
    np.testing.assert_allclose(value, wanted, rtol=rtol)
    np.testing.assert_allclose(slope, wanted_slope, rtol=rtol)


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("name", CALLS)
def test_out(name, native, monkeypatch):
    if not native:
        generated(monkeypatch)
    function, targets, options = CALLS[name]
    wanted, slope = function(LOGITS, targets, **options)
    logits, other = LOGITS.copy(), np.full_like(LOGITS, np.nan)
    turned = np.full((70, 40), np.nan, np.float32).T
    for out in (other, turned, logits):  # the logits last: they are overwritten
        value, found = function(logits, targets, out=out, **options)
        assert found is out
        np.testing.assert_array_equal(value, wanted)
        np.testing.assert_array_equal(found, slope)


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (np.zeros((40, 70)), ValueError, "out has shape .* and dtype float64; expected .* float32"),
        (np.zeros((40, 71), np.float32), ValueError, r"out has shape \(40, 71\)"),
        ([1.0], TypeError, "out is list; expected a NumPy array"),
        (LOGITS[::-1], ValueError, "out overlaps an argument"),
        (np.broadcast_to(np.float32(0), (40, 70)), ValueError, "out is read-only"),
    ],
)
@pytest.mark.parametrize("name", CALLS)
def test_out_that_cannot_be_written_is_refused(name, out, error, message):
    function, targets, options = CALLS[name]
    before = LOGITS.copy()
    with pytest.raises(error, match=message):
        function(LOGITS, targets, out=out, **options)
    np.testing.assert_array_equal(LOGITS, before)


def test_other_layouts_and_dtypes():
    images = LOGITS.reshape(4, 10, 70).transpose(0, 2, 1)
    value, slope = losses.cross_entropy_with_grad(images, TARGETS.reshape(4, 10))
    wanted, wanted_slope = losses.cross_entropy_with_grad(LOGITS, TARGETS)
    np.testing.assert_allclose(value, wanted, rtol=3e-7)
    np.testing.assert_array_equal(slope.transpose(0, 2, 1).reshape(40, 70), wanted_slope)
    odd = LOGITS + np.float64(1e-9)  # no float32
    assert losses.mse_loss_with_grad(LOGITS, odd)[1].any()
    assert losses.mse_loss(np.float32(3), 1.0) == 4


def turned(array):
    """The same numbers, each with its bytes in the other order."""
    return array.astype(array.dtype.newbyteorder())


def shifted(array):
    """The same numbers, at odd addresses."""
    memory = np.empty(array.nbytes + 1, np.uint8)
    moved = memory[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    assert not moved.flags.aligned
    return moved


@pytest.mark.pairwise
@pytest.mark.parametrize("change", [turned, shifted])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("name", CALLS)
def test_bytes_in_another_order_or_at_odd_addresses(name, dtype, change):
    function, targets, options = CALLS[name]
    logits = LOGITS.astype(dtype)
    wanted, slope = function(logits, targets, **options)
    for x, y in (
        (change(logits), targets),
        (logits, change(targets)),
        (change(logits), change(targets)),
    ):
        value, found = function(x, y, **options)
        np.testing.assert_allclose(
            value, wanted, rtol=np.finfo(dtype).eps
        )  # weights may be added up in another order
        np.testing.assert_allclose(found, slope, rtol=2 * np.finfo(dtype).eps)
    for x in (change(logits), logits):
        out = change(np.zeros_like(logits))
        assert function(x, targets, out=out, **options)[1] is out
        np.testing.assert_array_equal(out, slope)
    x = change(logits)
    assert function(x, targets, out=x, **options)[1] is x
    np.testing.assert_array_equal(x, slope)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("bad", [np.nan, -0.5, 2.0])
@pytest.mark.parametrize("size", [10, 1 << 17])
def test_targets_out_of_range_are_found_among_many(size, bad, dtype):
    logits, targets = np.zeros(size, dtype), np.zeros(size, dtype)
    losses.sigmoid_mse_loss(logits, targets)
    targets[size - 3] = bad
    with pytest.raises(
        ValueError,
        match=rf"targets is {bad} at position \({size - 3},\); expected numbers from 0 to 1",
    ):
        losses.sigmoid_mse_loss(logits, targets)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_class_out_of_range_is_found_among_many(threads):
    index = np.arange(100_000) % 10
    index[::7] = -100
    check = kernel("softmax_focal").check
    assert check(index.ctypes.data, index.size, 10, -100, None, threads)[:2] == (
        -1,
        np.count_nonzero(index != -100),
    )
    index[77_777] = 10
    assert check(index.ctypes.data, index.size, 10, -100, None, threads)[0] == 77_777
