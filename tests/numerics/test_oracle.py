"""The oracle against differences of the loss itself, against twice the digits, and against a wrong loss."""

import random
from dataclasses import replace
from functools import partial

import mpmath
import pytest
from sympy import log

import lossbook.numerics.oracle as module
from lossbook.losses import all_losses, get
from lossbook.notation import alphas, gamma, p, t
from lossbook.numerics.oracle import Oracle, OracleError, oracle

LOSSES = [loss for loss in all_losses() if not loss.is_activation]
ACTIVATIONS = [loss for loss in all_losses() if loss.is_activation]
SIZES = (1e-8, 1e-3, 0.3, 5, 40, 300, 745, 1e4)


def names(losses):
    return pytest.mark.parametrize("loss", losses, ids=lambda loss: loss.name)


def parameters_of(loss, rng, size):
    options = {"gamma": rng.choice((0, 0.5, 1, 2, 5)), "label_smoothing": rng.choice((0, 0.1))}
    options["alpha"] = (
        0.25 if loss.name == "sigmoid_focal" else [rng.uniform(0.1, 2) for _ in range(size)]
    )
    options["pos_weight"] = 1.5
    options["weight"] = [rng.uniform(0.1, 2) for _ in range(size)]
    return {name: options[name] for name in oracle(loss).parameters}


def sample(loss, rng, largest=8):
    """Logits, targets, tangent, parameters."""
    size = rng.choice((1, 2, 3, 5))

    def number():
        return rng.choice((-1, 1)) * rng.choice(SIZES[:largest]) * rng.uniform(0.5, 1)

    parameters = parameters_of(loss, rng, size)
    if not oracle(loss).of_rows:
        return number(), rng.choice((0, 1, 0.3)), rng.uniform(-1, 1), parameters
    share = [rng.choice((0, 1, 2)) for _ in range(size)]
    share = (
        [a / sum(share) for a in share]
        if sum(share) in (1, 2, 4, 8)
        else [1.0] + [0.0] * (size - 1)
    )
    targets = rng.randrange(size) if loss.target == "class index" else share
    return (
        [number() for _ in range(size)],
        targets,
        [rng.uniform(-1, 1) for _ in range(size)],
        parameters,
    )


def components(a):
    return a if isinstance(a, list) else [a]


def moved(z, n, by):
    if not isinstance(z, list):
        return mpmath.mpf(z) + by
    return [mpmath.mpf(a) + by * (n == m) for m, a in enumerate(z)]


def differences(f, z):
    """The gradient of a function of the logits, by central differences."""
    h = mpmath.mpf(10) ** -60
    return [(f(moved(z, n, h)) - f(moved(z, n, -h))) / (2 * h) for n in range(len(components(z)))]


def _swapped(f, y, parameters, z):
    return f(z, y, **parameters)


def _along(f, w, z):
    return mpmath.fsum(a * b for a, b in zip(components(f(z)), components(w), strict=True))


def close(a, b, digits=40):
    return abs(a - b) <= mpmath.mpf(10) ** -digits * max(abs(a), abs(b), mpmath.mpf(10) ** -30)


@pytest.fixture
def many_digits(monkeypatch):
    monkeypatch.setattr(module, "DIGITS", 200)
    with mpmath.workdps(200):
        yield


@names(LOSSES)
def test_derivatives_agree_with_differences_of_the_value(loss, many_digits):
    rng, truth = random.Random(loss.name), oracle(loss)
    for _ in range(8):
        z, y, w, parameters = sample(loss, rng, largest=5)
        gradient = components(truth.gradient(z, y, **parameters))
        value = partial(_swapped, truth.value, y, parameters)
        assert all(map(close, gradient, differences(value, z)))
        slope = partial(_swapped, truth.gradient, y, parameters)
        assert all(
            map(
                close,
                components(truth.hvp(z, y, w, **parameters)),
                differences(partial(_along, slope, w), z),
            )
        )


@names(ACTIVATIONS)
def test_products_agree_with_differences_of_the_activation(loss, many_digits):
    rng, truth = random.Random(loss.name), oracle(loss)
    for _ in range(8):
        z, _, w, _ = sample(loss, rng, largest=5)
        assert all(
            map(close, components(truth.vjp(z, w)), differences(partial(_along, truth.value, w), z))
        )


@names(LOSSES)
def test_twice_as_many_digits_give_the_same(loss, monkeypatch):
    rng = random.Random(loss.name)
    points = [sample(loss, rng) for _ in range(12)]

    def results():
        for z, y, w, parameters in points:
            for found in (
                oracle(loss).value(z, y, **parameters),
                oracle(loss).gradient(z, y, **parameters),
            ):
                yield from components(found)
            yield from components(oracle(loss).hvp(z, y, w, **parameters))

    few = list(results())
    monkeypatch.setattr(module, "DIGITS", 1000)
    monkeypatch.setattr(module, "LEAST_EXPONENT", 10_000)
    with mpmath.workdps(60):
        for a, b in zip(few, results(), strict=True):
            assert (
                a == b
                or abs(a - b) <= abs(b) * mpmath.mpf(10) ** -50
                or abs(b) < mpmath.mpf(10) ** -400
            )


def test_a_class_with_logit_minus_infinity_has_no_effect():
    minus = -mpmath.inf
    truth = oracle(get("softmax_focal"))
    with_it, without = ([1.0, minus, 0.5], 2), ([1.0, 0.5], 1)
    assert close(truth.value(*with_it, gamma=0.5), truth.value(*without, gamma=0.5))
    assert truth.gradient(*with_it, gamma=0.5)[1] == 0
    soft = oracle(get("cross_entropy")).value([1.0, minus], [1.0, 0.0])
    assert soft == 0
    assert oracle(get("cross_entropy")).value([1.0, minus], [0.5, 0.5]) == mpmath.inf


def test_a_hessian_with_a_divisor_below_all_digits():
    found = oracle(get("softmax_focal")).hvp([10048.0, 0.0, -10048.0], 0, [0.0, 1.0, 0.0], gamma=0)
    with mpmath.workdps(60):
        assert close(found[1], mpmath.exp(-10048))
    assert all(map(mpmath.isfinite, found))


def test_one_class_has_zero_gradient():
    assert oracle(get("softmax_focal")).gradient([3.0], 0, gamma=0.5) == [0]
    assert oracle(get("softmax_focal")).hvp([3.0], 0, [1.0], gamma=0.5) == [0]


def test_another_loss_has_another_oracle():
    detached = get("softmax_focal").with_(
        name="other", expr=-alphas[t] * (1 - p(t)) ** (gamma + 1) * log(p(t))
    )
    here = ([1.0, 2.0], 0)
    assert not close(
        Oracle(detached).value(*here, gamma=2),
        oracle(get("softmax_focal")).value(*here, gamma=2),
        2,
    )


WITHOUT_DEFAULTS = get("softmax_focal").with_(
    parameters=tuple(replace(q, default=None) for q in get("softmax_focal").parameters)
)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: oracle(WITHOUT_DEFAULTS).value([1.0, 2.0], 0), "softmax_focal needs gamma"),
        (
            lambda: oracle(get("softmax_focal")).value([1.0, 2.0], 2, gamma=2),
            "targets=2, expected a class from 0 to 1",
        ),
        (
            lambda: oracle(get("cross_entropy")).value([1.0, 2.0], [1.0]),
            "targets has length 1, expected 2",
        ),
        (lambda: oracle(get("mse")).value(1.0, 2.0, beta=1), "mse has no parameter 'beta'"),
        (lambda: oracle(get("mse")).value(1.0), "mse: targets=None, expected real"),
        (lambda: oracle(get("softmax")).value([1.0], 0), "softmax: targets=0, expected none"),
        (lambda: oracle(get("softmax")).gradient([1.0]), "ask for vjp"),
        (lambda: oracle(get("mse")).vjp(1.0, 1.0), "ask for its gradient"),
        (lambda: oracle(get("softmax")).hvp([1.0], None, [1.0]), "it has no Hessian"),
        (
            lambda: oracle(get("cross_entropy_index")).hvp([1.0, 2.0], 0, [1.0]),
            "length 1, expected 2",
        ),
    ],
)
def test_wrong_arguments_are_named(ask, message):
    with pytest.raises(OracleError, match=message):
        ask()
