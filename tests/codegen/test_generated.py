"""Generated code computes what the equation says, for every registered loss, along any axis, in NumPy and PyTorch."""

import numpy as np
import pytest
import torch
from sympy import Indexed

from lossbook.codegen.inputs import inputs_of
from lossbook.expr.nodes import Diff, Sum, Vec
from lossbook.losses import all_losses
from lossbook.notation import g, i

from .compiled import exact, module, point, random_arguments

TARGETS = ("numpy", "torch")
LOSSES = [loss for loss in all_losses() if not loss.is_activation]
ACTIVATIONS = [loss for loss in all_losses() if loss.is_activation]


def name(x):
    return getattr(x, "name", None)


def call(loss, target, function, arguments, **more):
    code, roles = module(loss, target), inputs_of(loss).by_symbol.values()
    convert = torch.as_tensor if target == "torch" else lambda x: x
    plain = [convert(arguments[a.name]) for a in roles if not a.keyword] + [
        convert(x) for x in more.pop("extra", ())
    ]
    named = {a.name: convert(arguments[a.name]) for a in roles if a.role == "per class"}
    named |= {a.name: arguments[a.name] for a in roles if a.role == "scalar"}
    return np.asarray(getattr(code, function)(*plain, **named, **more))


def derivative(loss, row_values, rows, tangent=None):
    """The gradient of one row, or its Hessian times a tangent, by 50-digit differences of the equation."""
    by, values = loss.wrt, row_values
    if not isinstance(by, Indexed):
        d = Diff(loss.expr, by)
        return exact(d, values) if tangent is None else exact(Diff(d, by), values) * tangent
    out = []
    for n in range(1, len(rows) + 1):
        at = {**values, by.indices[0]: n}
        if tangent is None:
            out.append(exact(Diff(loss.expr, by), at))
        else:
            gradients = [
                exact(Diff(Diff(loss.expr, by.base[m]), by), at) for m in range(1, len(rows) + 1)
            ]
            out.append(float(np.dot(gradients, tangent)))
    return out


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("loss", LOSSES, ids=name)
def test_a_loss_agrees_with_its_equation(loss, target):
    arguments = random_arguments(loss, np.random.default_rng(3), rows=2, classes=3)
    value = call(loss, target, "value", arguments)
    gradient = call(loss, target, "gradient", arguments)
    x = arguments[inputs_of(loss).listed[0].name]
    tangent = np.random.default_rng(4).normal(size=x.shape)
    hvp = call(loss, target, "hvp", arguments, extra=[tangent])
    for row, logits in enumerate(x):
        values = point(loss, arguments, row)
        np.testing.assert_allclose(value[row], exact(loss.expr, values), rtol=1e-13)
        np.testing.assert_allclose(
            gradient[row], derivative(loss, values, np.atleast_1d(logits)), rtol=1e-12, atol=1e-14
        )
        expected = derivative(loss, values, np.atleast_1d(logits), tangent[row])
        np.testing.assert_allclose(hvp[row], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("loss", ACTIVATIONS, ids=name)
def test_an_activation_agrees_with_its_equation(loss, target):
    rng = np.random.default_rng(5)
    arguments = random_arguments(loss, rng, rows=2, classes=3)
    shape = arguments["logits"].shape
    grad_output, tangent = rng.normal(size=shape), rng.normal(size=shape)
    value = call(loss, target, "value", arguments)
    vjp = call(loss, target, "vjp", arguments, extra=[grad_output])
    jvp = call(loss, target, "jvp", arguments, extra=[tangent])
    again = call(loss, target, "vjp_vjp", arguments, extra=[grad_output, tangent])
    if not isinstance(loss.wrt, Indexed):
        for row in range(2):
            values = point(loss, arguments, row)
            slope = exact(Diff(loss.expr, loss.wrt), values)
            curvature = exact(Diff(Diff(loss.expr, loss.wrt), loss.wrt), values)
            np.testing.assert_allclose(value[row], exact(loss.expr, values), rtol=1e-14)
            np.testing.assert_allclose(vjp[row], grad_output[row] * slope, rtol=1e-13)
            np.testing.assert_allclose(jvp[row], tangent[row] * slope, rtol=1e-13)
            np.testing.assert_allclose(
                again[row], tangent[row] * grad_output[row] * curvature, rtol=1e-12
            )
        return
    z, j = loss.wrt.base, loss.wrt.indices[0]
    for row in range(2):
        values = point(loss, arguments, row)
        outputs = [exact(loss.expr, {**values, i: n}) for n in (1, 2, 3)]
        jacobian = np.array(
            [
                [exact(Diff(loss.expr, z[j]), {**values, i: a, j: b}) for b in (1, 2, 3)]
                for a in (1, 2, 3)
            ]
        )
        np.testing.assert_allclose(value[row], outputs, rtol=1e-13)
        np.testing.assert_allclose(vjp[row], grad_output[row] @ jacobian, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(jvp[row], jacobian @ tangent[row], rtol=1e-12, atol=1e-14)
        weights = grad_output[row]
        inner = Sum(Vec(loss.expr * g[i], i, z.shape[0]))
        at = {**values, g: weights.tolist()}
        hessian = [[exact(Diff(Diff(inner, z[b]), z[a]), at) for b in (1, 2, 3)] for a in (1, 2, 3)]
        np.testing.assert_allclose(
            again[row], np.array(hessian) @ tangent[row], rtol=1e-11, atol=1e-14
        )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("loss", [x for x in all_losses() if isinstance(x.wrt, Indexed)], ids=name)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_the_class_axis_may_be_anywhere(loss, target, axis):
    rng = np.random.default_rng(6)
    flat = random_arguments(loss, rng, rows=6, classes=4)
    roles = {a.name: a.role for a in inputs_of(loss).by_symbol.values()}

    def folded(key, value):
        if roles[key] in ("logits", "array"):
            return np.moveaxis(value.reshape(2, 3, 4), -1, axis)
        return value.reshape(2, 3) if roles[key] == "class index" else value

    moved = {key: folded(key, value) for key, value in flat.items()}
    for function in ("value",) if loss.is_activation else ("value", "gradient"):
        expected, got = (
            call(loss, target, function, flat),
            call(loss, target, function, moved, axis=axis),
        )
        got = np.moveaxis(got, axis, -1).reshape(6, 4) if got.ndim == 3 else got.reshape(6)
        np.testing.assert_allclose(got, expected, rtol=1e-14)
