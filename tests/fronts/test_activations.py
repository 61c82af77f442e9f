"""Sigmoid, softmax, log-softmax: torch's values, full relative accuracy, generated derivatives."""

import mpmath
import numpy as np
import pytest
import torch

import lossbook.numpy as ours_numpy
import lossbook.torch as ours_torch

NAMES = ("sigmoid", "softmax", "log_softmax")


def theirs(name, x, axis):
    return torch.sigmoid(x) if name == "sigmoid" else getattr(torch, name)(x, dim=axis)


def options(name, axis):
    return {} if name == "sigmoid" else {"axis": axis}


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_torch(name, axis):
    logits = 5 * torch.randn(
        3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    expected = theirs(name, logits, axis)
    torch.testing.assert_close(
        getattr(ours_torch, name)(logits, **options(name, axis)), expected, rtol=1e-13, atol=1e-15
    )
    got = getattr(ours_numpy, name)(logits.numpy(), **options(name, axis))
    np.testing.assert_allclose(got, expected.numpy(), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_gradcheck_and_gradgradcheck(name):
    x = torch.randn(
        3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    ).requires_grad_()
    for axis in (0, 1):
        assert torch.autograd.gradcheck(
            lambda z, a=axis: getattr(ours_torch, name)(z, **options(name, a)), x
        )
        assert torch.autograd.gradgradcheck(
            lambda z, a=axis: getattr(ours_torch, name)(z, **options(name, a)), x
        )


@pytest.mark.parametrize("name", NAMES)
def test_vmap_and_jacobian(name):
    f = getattr(ours_torch, name)
    logits = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(torch.func.vmap(f)(logits), f(logits), rtol=1e-15, atol=0)
    jacobian = torch.func.jacrev(f)(logits[0])
    torch.testing.assert_close(
        jacobian, torch.func.jacrev(lambda z: theirs(name, z, 0))(logits[0]), rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str
)
@pytest.mark.parametrize("name", NAMES)
def test_the_dtype_is_kept(name, dtype):
    x = torch.linspace(-8, 8, 12).reshape(3, 4).to(dtype).requires_grad_()
    y = getattr(ours_torch, name)(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == dtype
    assert torch.equal(y, getattr(ours_torch, name)(x.detach().double()).to(dtype))


def test_sigmoid_is_accurate_on_both_sides():
    for x in (-700.0, -40.0, -1e-8, 0.0, 1e-8, 40.0, 700.0):
        with mpmath.workdps(50):
            truth = 1 / (1 + mpmath.exp(-mpmath.mpf(x)))
            assert abs(ours_numpy.sigmoid(x) - truth) <= 4 * np.spacing(float(truth))
    assert ours_numpy.sigmoid(np.array([-np.inf, np.inf])).tolist() == [0, 1]
    x = torch.tensor([-1e4, -50.0, 50.0, 1e4], dtype=torch.float64, requires_grad=True)
    ours_torch.sigmoid(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [0, np.exp(-50), np.exp(-50), 0], rtol=1e-15)


def test_log_softmax_keeps_a_small_logarithm():
    got = ours_numpy.log_softmax(np.array([0.0, -50.0, -np.inf]))
    assert got[0] == -np.exp(-50.0)
    assert got[2] == -np.inf


@pytest.mark.parametrize("front", [ours_numpy, ours_torch], ids=["numpy", "torch"])
def test_bad_input(front):
    make = np.zeros if front is ours_numpy else torch.zeros
    with pytest.raises(
        ValueError,
        match=r"softmax: axis is 2; expected an axis of logits, which has shape \(3, 4\)",
    ):
        front.softmax(make((3, 4)), axis=2)
    with pytest.raises(ValueError, match="log_softmax: logits has shape"):
        front.log_softmax(make((3, 0)))
    with pytest.raises(TypeError, match=r"sigmoid: logits has dtype .*int"):
        front.sigmoid(make((3,)).astype(int) if front is ours_numpy else make((3,)).int())
