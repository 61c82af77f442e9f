"""`lossbook.numpy` and `lossbook.torch`: the semantics of torch's own functions, and more digits."""

import mpmath
import numpy as np
import pytest
import torch
import torch.nn.functional as F

import lossbook.numpy as ours_numpy
import lossbook.torch as ours_torch

SHAPES = [
    ((5, 4), 1),
    ((2, 3, 4), 1),
    ((2, 3, 2, 2), 1),
    ((4,), 1),
    ((4,), -1),
    ((3, 2, 4), -1),
    ((3, 2, 4), 0),
    ((1, 1), 1),
]
REDUCTIONS = ("mean", "sum", "none")


def sample(seed, shape, axis, soft, ignored):
    """Random logits, targets and weights; a class axis of 1 on a single row is axis 0."""
    rng = np.random.default_rng(seed)
    axis = 0 if len(shape) == 1 else axis % len(shape)
    classes = shape[axis]
    rows = shape[:axis] + shape[axis + 1 :]
    logits = rng.normal(size=shape) * rng.choice([0.1, 1, 10])
    if soft:
        targets = np.moveaxis(rng.dirichlet(np.ones(classes), rows), -1, axis)
    else:
        targets = np.asarray(rng.integers(0, classes, rows))
        if ignored is not None and targets.size > 1:
            targets.reshape(-1)[rng.integers(0, targets.size)] = ignored
    return logits, targets, rng.uniform(0.1, 2, classes), axis


def torch_reference(logits, targets, axis, **options):
    """torch's own loss and gradient, with the class axis where it wants it."""
    x = torch.tensor(logits, requires_grad=True)
    soft = targets.dtype.kind == "f"
    place = min(1, x.ndim - 1)
    y = torch.tensor(targets)
    loss = F.cross_entropy(x.movedim(axis, place), y.movedim(axis, place) if soft else y, **options)
    loss.sum().backward()
    return loss.detach().numpy(), x.grad.numpy()


@pytest.mark.pairwise
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("soft", [False, True], ids=["indices", "probabilities"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(("shape", "axis"), SHAPES, ids=str)
def test_agrees_with_torch(shape, axis, weighted, soft, smoothing, reduction):
    for seed, ignored in enumerate((-100, 0) if reduction == "mean" else (None, -1)):
        logits, targets, weight, place = sample(seed, shape, axis, soft, ignored)
        options = {"reduction": reduction, "label_smoothing": smoothing}
        if ignored is not None and not (soft and ignored >= 0):
            options["ignore_index"] = ignored
        given = torch.tensor(weight) if weighted else None
        loss, gradient = torch_reference(logits, targets, place, weight=given, **options)
        if np.isnan(loss).any():  # every row ignored: torch's gradient is NaN there
            gradient = np.zeros_like(gradient)
        value, slope = ours_numpy.cross_entropy_with_grad(
            logits, targets, weight=weight if weighted else None, axis=axis, **options
        )
        np.testing.assert_allclose(value, loss, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(slope, gradient, rtol=1e-12, atol=1e-12)
        x = torch.tensor(logits, requires_grad=True)
        again = ours_torch.cross_entropy(
            x, torch.tensor(targets), weight=given, axis=axis, **options
        )
        again.sum().backward()
        # the same code, so the same numbers but for the order in which sums are added up
        np.testing.assert_allclose(again.detach().numpy(), value, rtol=1e-14, atol=1e-15)
        np.testing.assert_allclose(x.grad.numpy(), slope, rtol=1e-13, atol=1e-15)


def exact(z, y):
    """Value and gradient of one row to 50 digits, nothing cancelling."""
    with mpmath.workdps(50):
        z, y = [mpmath.mpf(float(a)) for a in z], [mpmath.mpf(float(a)) for a in y]
        others = [
            mpmath.fsum(mpmath.exp(b - a) for m, b in enumerate(z) if m != n)
            for n, a in enumerate(z)
        ]
        value = mpmath.fsum(c * mpmath.log1p(o) for c, o in zip(y, others, strict=True) if c)
        p = [1 / (1 + o) for o in others]
        rest = [mpmath.fsum(y[:n] + y[n + 1 :]) for n in range(len(y))]
        gradient = [a * r - c * o * a for a, r, c, o in zip(p, rest, y, others, strict=True)]
        return value, gradient


@pytest.mark.parametrize("soft", [False, True], ids=["indices", "probabilities"])
def test_float32_is_correctly_rounded(soft):
    rng = np.random.default_rng(0)
    for n in range(150):
        K = int(rng.integers(2, 9))
        logits = (10 ** rng.uniform(-8, 4, K) * rng.choice([-1, 1], K)).astype(np.float32)
        if n % 3 == 0:
            logits = (rng.normal(size=K) * rng.choice([1e-3, 1, 10, 30])).astype(np.float32)
        target = int(rng.integers(K))
        y = (
            rng.dirichlet(np.ones(K)).astype(np.float32)
            if soft and n % 2
            else np.eye(K, dtype=np.float32)[target]
        )
        truth, slope = exact(logits, y)
        value, gradient = ours_numpy.cross_entropy_with_grad(logits, y if soft else target)
        for got, want in ((value, truth), *zip(gradient, slope, strict=True)):
            assert got.dtype == np.float32
            unit = np.spacing(np.float32(abs(want)))
            assert abs(mpmath.mpf(float(got)) - want) <= 0.501 * mpmath.mpf(float(unit))


def test_float64_against_fifty_digits():
    rng = np.random.default_rng(1)
    for _ in range(100):
        logits = rng.normal(size=6) * rng.choice([0.1, 1, 30])
        target = int(rng.integers(6))
        truth, slope = exact(logits, np.eye(6)[target])
        value, gradient = ours_numpy.cross_entropy_with_grad(logits, target)
        # relative, of each component: p_t - 1 is not formed by a subtraction. The rounding of z - max z costs |z| units.
        tolerance = (8 + np.ptp(logits)) * 2**-52
        assert abs(value - truth) <= tolerance * truth
        assert all(abs(a - b) <= tolerance * abs(b) for a, b in zip(gradient, slope, strict=True))


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str
)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_torch_keeps_the_dtype_and_rounds_once(dtype, reduction):
    generator = torch.Generator().manual_seed(0)
    logits = (5 * torch.randn(6, 4, 3, generator=generator)).to(dtype).requires_grad_()
    targets = torch.randint(4, (6, 3), generator=generator)
    loss = ours_torch.cross_entropy(logits, targets, reduction=reduction)
    loss.sum().backward()
    wide = logits.detach().double().requires_grad_()
    expected = ours_torch.cross_entropy(wide, targets, reduction=reduction)
    expected.sum().backward()
    assert loss.dtype == logits.grad.dtype == dtype
    assert torch.equal(loss, expected.to(dtype))
    assert torch.equal(logits.grad, wide.grad.to(dtype))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_numpy_keeps_the_dtype(dtype):
    logits = np.linspace(-3, 3, 12).reshape(3, 4).astype(dtype)
    value, gradient = ours_numpy.cross_entropy_with_grad(logits, np.array([0, 1, 2]))
    expected = ours_numpy.cross_entropy(logits.astype(np.float64), np.array([0, 1, 2]))
    assert value.dtype == gradient.dtype == dtype
    assert value == expected.astype(dtype)


@pytest.mark.pairwise
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("soft", [False, True], ids=["indices", "probabilities"])
def test_gradcheck_and_gradgradcheck(soft, reduction, weighted, smoothing):
    logits, targets, weight, _ = sample(1, (3, 4, 2), 1, soft, -100)
    x, y = torch.tensor(logits / 5, requires_grad=True), torch.tensor(targets)

    def f(z):
        given = torch.tensor(weight) if weighted else None
        return ours_torch.cross_entropy(
            z, y, weight=given, label_smoothing=smoothing, reduction=reduction
        )

    assert torch.autograd.gradcheck(f, x)
    assert torch.autograd.gradgradcheck(f, x)


def test_third_derivative_is_autograds_through_the_generated_second():
    x = torch.tensor([0.3, -1.0, 0.7], dtype=torch.float64, requires_grad=True)
    target = torch.tensor(1)

    def curvature(f):
        (g,) = torch.autograd.grad(f(x), x, create_graph=True)
        (h,) = torch.autograd.grad((g**3).sum(), x, create_graph=True)
        return torch.autograd.grad((h**2).sum(), x)[0]

    ours = curvature(lambda z: ours_torch.cross_entropy(z, target))
    torch.testing.assert_close(
        ours, curvature(lambda z: F.cross_entropy(z, target)), rtol=1e-11, atol=1e-12
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_vmap_grad_and_hessian(smoothing):
    logits = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([0, 1, 2, 3, -100])
    each = torch.func.vmap(
        torch.func.grad(
            lambda z, t: ours_torch.cross_entropy(z, t, label_smoothing=smoothing, reduction="sum")
        )
    )
    x = logits.clone().requires_grad_()
    F.cross_entropy(x, targets, label_smoothing=smoothing, reduction="sum").backward()
    torch.testing.assert_close(each(logits, targets), x.grad, rtol=1e-12, atol=1e-14)
    hessian = torch.func.jacrev(
        torch.func.jacrev(lambda z: ours_torch.cross_entropy(z, targets[0]))
    )(logits[0])
    p = logits[0].softmax(0)
    torch.testing.assert_close(hessian, torch.diag(p) - torch.outer(p, p), rtol=1e-12, atol=1e-14)


EXTREME = [
    [1e4, -1e4, 0.0, 3.0],
    [-1e4, 1e4, 1e4, 1e4],
    [0.0, -np.inf, 1.0, 2.0],
    [-np.inf, -1e4, -np.inf, -np.inf],
    [1e4, 1e4, 1e4, 1e4],
    [1e-8, -1e-8, 0.0, 0.0],
]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("soft", [False, True], ids=["indices", "probabilities"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_extreme_logits_give_finite_results(reduction, soft, dtype):
    for row in EXTREME:
        for target in (n for n in range(4) if row[n] != -np.inf):
            y = np.eye(4, dtype=dtype)[[target]] if soft else np.array([target])
            logits = np.array([row], dtype)
            value, gradient = ours_numpy.cross_entropy_with_grad(logits, y, reduction=reduction)
            assert np.all(np.isfinite(value))
            assert np.all(np.isfinite(gradient))
            x = torch.tensor(logits, requires_grad=True)
            loss = ours_torch.cross_entropy(x, torch.tensor(y), reduction=reduction)
            (slope,) = torch.autograd.grad(loss.sum(), x, create_graph=True)
            (second,) = torch.autograd.grad((slope * torch.arange(4)).sum(), x)
            assert all(torch.isfinite(a).all() for a in (loss, slope, second))
            np.testing.assert_array_equal(loss.detach().numpy(), value)
            np.testing.assert_array_equal(slope.detach().numpy(), gradient)


def test_a_tiny_loss_and_its_gradient_are_kept():
    value, gradient = ours_numpy.cross_entropy_with_grad(np.float32([[100, 0, 0]]), [0])
    assert value == np.float32(2 * np.exp(-100.0))
    assert gradient[0, 0] == -value  # p - 1 computed by a subtraction would be 0


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_nothing_of_an_ignored_row_gets_through(reduction, smoothing):
    logits, targets = np.array([[np.nan, np.inf, 1], [1, 2, 3]]), np.array([-100, 1])
    value, gradient = ours_numpy.cross_entropy_with_grad(
        logits, targets, reduction=reduction, label_smoothing=smoothing
    )
    x = torch.tensor(logits, requires_grad=True)
    loss = ours_torch.cross_entropy(
        x, torch.tensor(targets), reduction=reduction, label_smoothing=smoothing
    )
    (slope,) = torch.autograd.grad(loss.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(slope.pow(2).sum(), x)
    assert np.all(np.isfinite(value))
    assert np.array_equal(loss.detach().numpy(), value)
    for g in (gradient, slope.detach().numpy(), second.numpy()):
        assert np.all(g[0] == 0)
        assert np.all(g[1] != 0)


@pytest.mark.parametrize("rows", [0, 2], ids=["empty", "all ignored"])
@pytest.mark.parametrize(
    ("reduction", "expected"), [("mean", np.nan), ("sum", 0.0), ("none", None)]
)
def test_a_batch_in_which_no_row_counts(rows, reduction, expected):
    logits, targets = np.ones((rows, 3)), np.full(rows, -100)
    value, gradient = ours_numpy.cross_entropy_with_grad(logits, targets, reduction=reduction)
    x = torch.tensor(logits, requires_grad=True)
    loss = ours_torch.cross_entropy(x, torch.tensor(targets), reduction=reduction)
    loss.sum().backward()
    expected = np.zeros(rows) if expected is None else expected
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(loss.detach().numpy(), expected)
    np.testing.assert_array_equal(gradient, np.zeros((rows, 3)))
    np.testing.assert_array_equal(x.grad.numpy(), np.zeros((rows, 3)))


def test_strided_and_list_input():
    logits = np.arange(24.0).reshape(4, 6)[::2, ::-2]
    np.testing.assert_array_equal(
        ours_numpy.cross_entropy(logits, [0, 1]),
        ours_numpy.cross_entropy(logits.copy(), np.array([0, 1], np.uint8)),
    )
    expanded = torch.zeros(1, 3).expand(4, 3)
    assert ours_torch.cross_entropy(expanded, torch.tensor([0, 1, 2, 0])).item() == pytest.approx(
        np.log(3)
    )


def test_arguments_are_not_changed():
    logits, targets = np.ones((2, 3)), np.array([-100, 1])
    ours_numpy.cross_entropy_with_grad(logits, targets)
    assert np.array_equal(logits, np.ones((2, 3)))
    assert np.array_equal(targets, [-100, 1])


def test_the_module_is_the_function():
    weight = torch.tensor([1.0, 2.0, 3.0])
    module = ours_torch.CrossEntropyLoss(
        weight=weight, label_smoothing=0.1, reduction="sum", axis=-1
    )
    generator = torch.Generator().manual_seed(0)
    logits, targets = (
        torch.randn(2, 5, 3, generator=generator),
        torch.randint(3, (2, 5), generator=generator),
    )
    expected = ours_torch.cross_entropy(
        logits, targets, weight=weight, label_smoothing=0.1, reduction="sum", axis=-1
    )
    assert torch.equal(module(logits, targets), expected)
    assert set(module.state_dict()) == {"weight"}
    assert "label_smoothing=0.1" in repr(module)
