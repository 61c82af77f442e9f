"""Certainty and its neighbours: finite values and derivatives at all finite logits, and digits against 50 of them."""

import math

import mpmath
import numpy as np
import pytest
import torch

import lossbook.numpy as ours_numpy
import lossbook.torch as ours_torch
from lossbook.calculus.evaluate import evaluate
from lossbook.expr.nodes import Diff
from lossbook.losses import get
from lossbook.notation import K, alpha, alphas, gamma, j, logit, t, target, z

from .definitions import derivatives

GAMMAS = (0, 0.5, 1, 2, 5)
SIZES = (1e-8, 0.3, 5, 36, 37, 40, 100, 350, 700, 708, 720, 740, 745, 746, 750, 800, 1e3, 1e4)
ELEMENTS = [("sigmoid_mse_loss", None), ("binary_cross_entropy_with_logits", None)]
ELEMENTS += [("sigmoid_focal_loss", g) for g in GAMMAS]


def options(name, g):
    return {"gamma": g} if "focal" in name else {}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(("name", "g"), ELEMENTS)
def test_single_outputs_are_finite(name, g, dtype):
    x = torch.tensor([s * size for size in SIZES for s in (-1, 1)] + [0.0], dtype=dtype)
    for y in (0.0, 0.3, 1.0):
        more = options(name, g) | {"reduction": "sum"}
        results = derivatives(
            lambda a, y=y, m=more: getattr(ours_torch, name)(a, torch.full_like(a, y), **m), x
        )
        assert all(torch.isfinite(a).all() for a in results)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(
    ("name", "g"), [("softmax_mse_loss", None), *(("softmax_focal_loss", g) for g in GAMMAS)]
)
def test_classes_are_finite(name, g, dtype):
    patterns = torch.tensor(
        [
            [1, 0, 0, -1],
            [0, 0, 0, 0],
            [0, 1, 1, 0],
            [-1, 1, 0.999, 0.5],
            [1, 1, 1, 1],
            [-1, -1, -1, 1],
        ],
        dtype=dtype,
    )
    x = torch.cat([patterns * size for size in SIZES])
    for c in range(4):
        targets = torch.full((len(x),), c)
        more = options(name, g) | {"reduction": "sum"}
        results = derivatives(lambda a, y=targets, m=more: getattr(ours_torch, name)(a, y, **m), x)
        assert all(torch.isfinite(a).all() for a in results)
        in_numpy = getattr(ours_numpy, f"{name}_with_grad")(x.numpy(), targets.numpy(), **more)
        assert all(np.isfinite(a).all() for a in in_numpy)


@pytest.mark.parametrize("g", GAMMAS)
def test_one_class_is_certain(g):
    x, y = torch.tensor([[3.0], [-1e4]], dtype=torch.float64), torch.tensor([0, 0])
    for result in derivatives(
        lambda a: ours_torch.softmax_focal_loss(a, y, gamma=g, reduction="none"), x
    ):
        assert torch.equal(result, torch.zeros_like(result))


def test_a_class_that_is_minus_infinity():
    x = np.array([[0.0, -np.inf, 1.0]])
    for g in GAMMAS:
        value, gradient = ours_numpy.softmax_focal_loss_with_grad(x, [2], gamma=g)
        two, slope = ours_numpy.softmax_focal_loss_with_grad(x[:, [0, 2]], [1], gamma=g)
        assert value == two
        np.testing.assert_array_equal(gradient, [[slope[0, 0], 0, slope[0, 1]]])


def relative(got, exact):
    """The error as a share of the truth."""
    with mpmath.workdps(50):
        return float(abs(mpmath.mpf(float(got)) - exact) / abs(exact)) if exact else float(got != 0)


@pytest.mark.parametrize("g", [0, 0.5, 1, 2])
def test_sigmoid_focal_to_fifty_digits(g):
    loss = get("sigmoid_focal")
    x = np.array([-90.0, -40.3, -5.7, -0.2, 1e-7, 3.1, 37.9, 90.0])
    for y in (0, 1):
        value, gradient = ours_numpy.sigmoid_focal_loss_with_grad(x, np.full(8, y), 0.25, g)
        curvature = derivatives(
            lambda a, y=y: ours_torch.sigmoid_focal_loss(a, torch.full_like(a, y), 0.25, g, "sum"),
            torch.tensor(x),
        )[2].numpy() / (np.arange(1, 9) / 8)
        for n, at in enumerate(x):
            point = {logit: at, target: y, alpha: 0.25, gamma: float(g)}
            digits = 50 + int(3 * abs(at))  # 1 - σ is formed by a subtraction there
            assert relative(value[n], evaluate(loss.expr, point, digits)) < 1e-13
            assert relative(gradient[n], evaluate(Diff(loss.expr, logit), point, digits)) < 1e-13
            second = evaluate(Diff(Diff(loss.expr, logit), logit), point, digits)
            assert relative(curvature[n], second) < 1e-12


@pytest.mark.parametrize("y", [0, 1])
def test_sigmoid_mse_keeps_its_digits_where_it_saturates(y):
    loss, x = get("sigmoid_mse"), np.array([-80.0, -37.0, -0.4, 0.0, 2.5, 36.5, 90.0])
    value, gradient = ours_numpy.sigmoid_mse_loss_with_grad(x, np.full(7, y), reduction="none")
    for n, at in enumerate(x):
        point = {logit: at, target: y}
        assert relative(value[n], evaluate(loss.expr, point, 300)) < 1e-14
        assert relative(gradient[n], evaluate(Diff(loss.expr, logit), point, 300)) < 1e-14


@pytest.mark.parametrize("g", [0, 0.5, 1, 2])
@pytest.mark.parametrize("row", [[0.3, -1.0, 2.0], [40.0, 1.0, -2.0], [-30.0, 5.0, 45.0]], ids=str)
def test_softmax_focal_to_fifty_digits(row, g):
    loss, logits = get("softmax_focal"), np.array([row])
    weights = np.array([0.5, 1.0, 2.0])
    for c in range(3):
        value, gradient = ours_numpy.softmax_focal_loss_with_grad(
            logits, [c], gamma=g, alpha=weights
        )
        hvp = derivatives(
            lambda a, c=c: ours_torch.softmax_focal_loss(
                a, torch.tensor([c]), gamma=g, alpha=torch.tensor(weights), reduction="sum"
            ),
            torch.tensor(logits),
        )[2].numpy()[0]
        point = {K: 3, z: row, t: c + 1, alphas: weights.tolist(), gamma: float(g)}
        assert relative(value, evaluate(loss.expr, point, 120)) < 1e-13
        largest = 0
        for n in range(3):
            at = {**point, j: n + 1}
            assert relative(gradient[0, n], evaluate(Diff(loss.expr, z[j]), at, 120)) < 1e-13
            second = sum(
                evaluate(Diff(Diff(loss.expr, z[m + 1]), z[j]), at, 120) * (m + 1) / 3
                for m in range(3)
            )
            largest = max(largest, abs(second))
            assert abs(hvp[n] - second) <= 1e-13 * largest + 1e-12 * abs(second)


def exact_rows(row, c, g):
    """Value and gradient of softmax focal loss (g a number) or of the squared error (g None), nothing cancelling."""
    e = [mpmath.exp(mpmath.mpf(float(a)) - float(max(row))) for a in row]
    p = [a / mpmath.fsum(e) for a in e]
    q = mpmath.fsum(a for n, a in enumerate(p) if n != c)
    if g is None:
        errors = [-q if n == c else a for n, a in enumerate(p)]
        mean = mpmath.fsum(a * b for a, b in zip(p, errors, strict=True))
        return mpmath.fsum(a * a for a in errors), [
            2 * a * (b - mean) for a, b in zip(p, errors, strict=True)
        ]
    loss = -mpmath.log(p[c])
    scale = q**g * (1 + g * p[c] * loss / q)
    return q**g * loss, [-scale * q if n == c else scale * a for n, a in enumerate(p)]


@pytest.mark.parametrize("g", [None, *GAMMAS])
def test_float32_is_correctly_rounded(g):
    rng = np.random.default_rng(0)
    for n in range(60):
        size = int(rng.integers(2, 8))
        row = (10 ** rng.uniform(-8, 2, size) * rng.choice([-1, 1], size)).astype(np.float32)
        if n % 2:
            row = (rng.normal(size=size) * rng.choice([0.1, 1, 10, 30])).astype(np.float32)
        c = int(rng.integers(size))
        f = (
            ours_numpy.softmax_mse_loss_with_grad
            if g is None
            else ours_numpy.softmax_focal_loss_with_grad
        )
        value, gradient = f(row, c, **({} if g is None else {"gamma": g}))
        with mpmath.workdps(400):
            truth, slopes = exact_rows(row, c, g)
            for got, want in ((value, truth), *zip(gradient, slopes, strict=True)):
                unit = np.spacing(np.float32(abs(want)))
                assert abs(mpmath.mpf(float(got)) - want) <= 0.501 * mpmath.mpf(float(unit))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(("name", "g"), ELEMENTS)
def test_single_outputs_at_infinity(name, g, dtype):
    """Where the loss is 0 it stays 0, where it grows without end it is inf, and its slope is the limit."""
    x = torch.tensor([math.inf, -math.inf, math.inf, -math.inf], dtype=dtype)
    far = torch.tensor([1e4, -1e4, 1e4, -1e4], dtype=dtype)
    y = torch.tensor([1.0, 0.0, 0.0, 1.0], dtype=dtype)
    more = options(name, g) | {"reduction": "none"}
    at_infinity = derivatives(lambda a: getattr(ours_torch, name)(a, y, **more), x)
    nearby = derivatives(lambda a: getattr(ours_torch, name)(a, y, **more), far)
    grows = name != "sigmoid_mse_loss"
    assert at_infinity[0].tolist() == [0, 0, *([math.inf] * 2 if grows else [1, 1])]
    assert all(torch.equal(a, b) for a, b in zip(at_infinity[1:], nearby[1:], strict=True))
    in_numpy = getattr(ours_numpy, f"{name}_with_grad")(x.numpy(), y.numpy(), **more)
    for a, b in zip(in_numpy, at_infinity, strict=False):
        np.testing.assert_array_equal(a, b.detach().numpy())
