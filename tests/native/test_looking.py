"""Targets that a kernel looks at on its way: it stops where one is not usual, and nobody's logits are lost by that."""

import numpy as np
import pytest
import torch

import lossbook.numpy
import lossbook.torch
from lossbook.api import kernels
from lossbook.native.kernels import Kernel, TargetCheck

from .calls import run
from .test_kernels import BY_INDEX, example

OF_CLASS_SHARES = ("cross_entropy", "softmax_mse")
OF_SHARES = ("sigmoid_focal", "binary_cross_entropy", "sigmoid_mse")
CLASSES = {"rows": (3, 100), "planes": (3,)}
WAYS = [
    (loss, layout, classes)
    for loss in BY_INDEX
    for layout in CLASSES
    for classes in CLASSES[layout]
]
WAYS += [
    (loss, layout, classes)
    for loss in OF_CLASS_SHARES
    for layout in CLASSES
    for classes in CLASSES[layout]
]
WAYS += [(loss, "rows", 1) for loss in OF_SHARES]


@pytest.mark.pairwise
@pytest.mark.parametrize(
    ("dtype", "fast", "threads"),
    [("float32", False, 2), ("float32", True, 1), ("float64", False, 2), ("bfloat16", True, 2)],
)
@pytest.mark.parametrize(("loss", "layout", "classes"), WAYS)
def test_a_kernel_stops_at_any_unusual_target(loss, layout, classes, dtype, fast, threads):
    rows = {1: 33_001, 3: 12_001, 100: 401}[classes]  # enough for two threads
    logits, targets = example(loss, rows, classes)
    given = {"layout": layout, "dtype": dtype, "fast": fast, "threads": threads}
    wanted = run(loss, logits, targets, **given)
    found = run(loss, logits, targets, target_check=True, **given)
    assert found[0] == wanted[0]
    np.testing.assert_array_equal(found[2].astype(float), wanted[2].astype(float))
    for bad in (
        (-1, classes, 2**40, -(2**63)) if loss in BY_INDEX else (-0.25, 1.25, np.nan, np.inf)
    ):
        for row in (0, rows // 2, rows - 1):
            wrong = targets.astype(np.int64 if loss in BY_INDEX else float)
            wrong[(row, -1) if loss in OF_CLASS_SHARES else row] = bad
            assert run(loss, logits, wrong, target_check=True, **given)[0] is None
    if loss in BY_INDEX:
        assert (
            run(loss, logits, targets, target_check=True, ignored=int(targets[-1]), **given)[0]
            is None
        )


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("layout", "classes"), [("rows", 3), ("rows", 100), ("rows", 1100), ("planes", 3)]
)
def test_shares_that_do_not_sum_to_1(layout, classes, dtype, one_hot):
    """Asked for sums, a kernel stops there; class numbers have none."""
    logits, targets = example("cross_entropy_index" if one_hot else "softmax_mse", 300, classes)
    given = {"layout": layout, "dtype": dtype, "one_hot": one_hot}
    wanted = run("softmax_mse", logits, targets, **given)[0]
    assert run("softmax_mse", logits, targets, target_check=TargetCheck.SUMS, **given)[0] == wanted
    for row in (0, 150, 299) if not one_hot else ():
        for change in (0.99, 0.0):
            wrong = targets.copy()
            wrong[row] *= change
            assert run("softmax_mse", logits, wrong, target_check=True, **given)[0] is not None
            assert (
                run("softmax_mse", logits, wrong, target_check=TargetCheck.SUMS, **given)[0] is None
            )


@pytest.mark.pairwise
@pytest.mark.parametrize(
    ("dtype", "fast"), [("float32", False), ("float32", True), ("float64", False)]
)
@pytest.mark.parametrize(
    ("layout", "classes"), [("rows", 3), ("rows", 100), ("rows", 1100), ("planes", 3)]
)
@pytest.mark.parametrize("loss", OF_CLASS_SHARES)
def test_class_numbers_in_the_place_of_shares(loss, layout, classes, dtype, fast):
    """The same, but for the order in which values are added up."""
    logits, targets = example("cross_entropy_index", 300, classes)
    given = {
        "layout": layout,
        "dtype": dtype,
        "fast": fast,
        "weight": np.linspace(1, 2, classes),
        "label_smoothing": 0.1,
    }
    wanted = run(loss, logits, np.eye(classes)[targets], **given)
    found = run(loss, logits, targets, one_hot=True, **given)
    assert found[0] == pytest.approx(wanted[0], rel=1e-14)
    for a, b in zip(found[1:], wanted[1:], strict=True):
        np.testing.assert_array_equal(a, b)
    some = np.where(np.arange(300) % 7 == 3, -100, targets)
    logits[some < 0] = np.nan
    _, values, slope = run(loss, logits, some, one_hot=True, ignored=-100, **given)
    kept = some >= 0
    np.testing.assert_array_equal(values[kept], wanted[1][kept])
    np.testing.assert_array_equal(slope[kept], wanted[2][kept])
    assert not values[~kept].any()
    assert not slope[~kept].any()


def test_of_all_planes():
    """Each plane has its own targets."""
    logits = torch.zeros(5, 3, 300)
    for plane in range(5):
        wrong = np.zeros((5, 300), np.int64)
        wrong[plane, 299] = 3
        with pytest.raises(ValueError, match=rf"targets is 3 at position \({plane}, 299\)"):
            lossbook.torch.cross_entropy(logits, torch.from_numpy(wrong))


@pytest.fixture
def passes(monkeypatch):
    """Which calls a library got, in order."""
    found = []

    def noted(name, right):
        return lambda self, *a, **k: found.append(name) or right(self, *a, **k)

    for name in ("run", "check"):
        monkeypatch.setattr(Kernel, name, noted(name, getattr(Kernel, name)))
    return found


SIZE = 1 << 17
LOGITS = np.random.default_rng(0).normal(0, 2, (SIZE // 4, 4)).astype(np.float32)
INDEX = np.random.default_rng(1).integers(4, size=SIZE // 4)
PARTS = np.random.default_rng(3).dirichlet(np.ones(4), size=SIZE // 4).astype(np.float32)
SHARES = np.random.default_rng(2).integers(2, size=LOGITS.shape).astype(np.float32)
CALLS = {
    "cross_entropy": (INDEX, {}),
    "smoothed cross_entropy": (INDEX, {"label_smoothing": 0.1}),
    "parts cross_entropy": (PARTS, {"label_smoothing": 0.1}),
    "softmax_mse_loss": (INDEX, {}),
    "parts softmax_mse_loss": (PARTS, {}),
    "softmax_focal_loss": (INDEX, {"gamma": 1.5}),
    "sigmoid_focal_loss": (SHARES, {"reduction": "mean"}),
    "binary_cross_entropy_with_logits": (SHARES, {}),
    "sigmoid_mse_loss": (SHARES, {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_usual_targets_are_looked_at_once(name, passes):
    targets, options = CALLS[name]
    name = name.split()[-1]
    getattr(lossbook.numpy, name + "_with_grad")(LOGITS, targets, **options)
    assert passes == ["run"]
    x = torch.from_numpy(LOGITS).requires_grad_()
    getattr(lossbook.torch, name)(x, torch.from_numpy(targets), **options).backward()
    assert passes == ["run", "run"]


@pytest.mark.parametrize("name", CALLS)
def test_before_logits_are_overwritten_all_targets_are_looked_at(name):
    targets, options = CALLS[name]
    name = name.split()[-1]
    wrong = targets.copy()
    wrong[(-1,) * targets.ndim] = 4
    logits = LOGITS.copy()
    with pytest.raises(ValueError, match=f"{name}_with_grad: targets is 4"):
        getattr(lossbook.numpy, name + "_with_grad")(logits, wrong, out=logits, **options)
    np.testing.assert_array_equal(logits, LOGITS)
    leaf = torch.from_numpy(LOGITS.copy()).requires_grad_()
    logits = leaf * 1
    with pytest.raises(ValueError, match=f"{name}: targets is 4"):
        getattr(lossbook.torch, name)(logits, torch.from_numpy(wrong), inplace=True, **options)
    np.testing.assert_array_equal(logits.detach(), LOGITS)


@pytest.mark.parametrize(
    "name", ["cross_entropy", "smoothed cross_entropy", "softmax_mse_loss", "softmax_focal_loss"]
)
def test_ignored_rows_are_counted_where_there_are_any(name):
    targets, options = CALLS[name]
    name = name.split()[-1]
    some = np.where(np.arange(len(targets)) % 1000 == 999, -100, targets)
    kept = some >= 0
    value, slope = getattr(lossbook.numpy, name + "_with_grad")(LOGITS, some, **options)
    wanted, wanted_slope = getattr(lossbook.numpy, name + "_with_grad")(
        LOGITS[kept], some[kept], **options
    )
    np.testing.assert_allclose(value, wanted, rtol=2e-7)
    np.testing.assert_array_equal(slope[kept], wanted_slope)
    assert not slope[~kept].any()
    x = torch.from_numpy(LOGITS).requires_grad_()
    found = getattr(lossbook.torch, name)(x, torch.from_numpy(some), **options)
    found.backward()
    assert found.item() == value
    np.testing.assert_array_equal(x.grad, slope)


@pytest.mark.parametrize(
    "name", ["sigmoid_focal_loss", "binary_cross_entropy_with_logits", "sigmoid_mse_loss"]
)
def test_a_share_above_1_by_rounding_is_taken(name):
    targets, options = CALLS[name]
    name = name.split()[-1]
    above = targets.copy()
    above[-1, -1] = np.nextafter(np.float32(1), np.float32(2))
    found = getattr(lossbook.numpy, name)(LOGITS, above, **options)
    assert found == getattr(lossbook.torch, name)(
        torch.from_numpy(LOGITS), torch.from_numpy(above), **options
    )
    assert np.isfinite(found)


def test_second_derivatives_of_single_outputs():
    """The way that looks at targets on its way is differentiated as the others are."""
    x = torch.linspace(-3, 3, 8, dtype=torch.float64).requires_grad_()
    y = torch.tensor([0.0, 1] * 4, dtype=torch.float64)
    for function in (
        lambda z: lossbook.torch.sigmoid_focal_loss(z, y, None, 1.5, "mean"),
        lambda z: lossbook.torch.binary_cross_entropy_with_logits(z, y),
        lambda z: lossbook.torch.sigmoid_mse_loss(z, y, reduction="sum"),
    ):
        assert torch.autograd.gradgradcheck(function, x)


@pytest.mark.parametrize("reduction", ["none", "mean"])
@pytest.mark.parametrize("name", CALLS)
def test_targets_that_change_before_the_backward_pass(name, reduction):
    """They are read again where the gradient was not computed with the value, or was given away."""
    targets, options = CALLS[name]
    x, y = torch.from_numpy(LOGITS).requires_grad_(), torch.from_numpy(targets.copy())
    value = getattr(lossbook.torch, name.split()[-1])(
        x, y, **options | {"reduction": reduction}
    ).sum()
    value.backward(retain_graph=True)
    y.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        value.backward()


def test_weights_that_change_before_the_backward_pass():
    x, weight = torch.from_numpy(LOGITS).requires_grad_(), torch.ones(4, dtype=torch.float64)
    value = lossbook.torch.cross_entropy(
        x, torch.from_numpy(INDEX), weight=weight, reduction="none"
    ).sum()
    weight.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        value.backward()


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**63) - 1])
@pytest.mark.parametrize("name", ["cross_entropy", "softmax_mse_loss", "softmax_focal_loss"])
def test_a_class_to_ignore_that_no_class_number_can_be(name, number):
    for function, change in (
        (getattr(lossbook.torch, name), torch.from_numpy),
        (getattr(lossbook.numpy, name), np.array),
    ):
        with pytest.raises(
            ValueError, match=f"ignore_index is {number}; expected an integer of 64 bits"
        ):
            function(change(LOGITS), change(INDEX), ignore_index=number)


def test_whatever_the_default_device_is():
    kernels._prepared.cache_clear()
    x, y, shares = torch.from_numpy(LOGITS), torch.from_numpy(INDEX), torch.from_numpy(PARTS)
    wanted = [lossbook.torch.cross_entropy(x, t).item() for t in (y, shares)]
    kernels._prepared.cache_clear()
    with torch.device("meta"):
        assert [lossbook.torch.cross_entropy(x, t).item() for t in (y, shares)] == wanted


@pytest.mark.parametrize("name", CALLS)
def test_numbers_that_are_stored_with_the_other_sign(name):
    targets, options = CALLS[name]
    function, y = getattr(lossbook.torch, name.split()[-1]), torch.from_numpy(targets)
    wanted = function(torch.from_numpy(LOGITS), y, **options)
    assert function(torch._neg_view(torch.from_numpy(-LOGITS)), y, **options) == wanted
    if y.is_floating_point():
        assert function(torch.from_numpy(LOGITS), torch._neg_view(-y), **options) == wanted


def test_weights_that_are_stored_with_the_other_sign():
    weight = torch.linspace(1, 2, 4, dtype=torch.float64)
    x, y = torch.from_numpy(LOGITS), torch.from_numpy(INDEX)
    wanted = lossbook.torch.cross_entropy(x, y, weight=weight)
    assert lossbook.torch.cross_entropy(x, y, weight=torch._neg_view(-weight)) == wanted


@pytest.mark.parametrize("name", CALLS)
def test_without_autograd_nothing_is_overwritten(name):
    targets, options = CALLS[name]
    x = torch.from_numpy(LOGITS.copy()).requires_grad_()
    with torch.no_grad():
        getattr(lossbook.torch, name.split()[-1])(
            x, torch.from_numpy(targets), inplace=True, **options
        )
    np.testing.assert_array_equal(x.detach(), LOGITS)
