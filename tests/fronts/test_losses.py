"""The six losses beside cross entropy: the plain definition's values and derivatives, and all that a call promises."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import lossbook.numpy as ours_numpy
import lossbook.torch as ours_torch
from lossbook.torch import functions

from . import definitions
from .definitions import derivatives, reduced

GAMMAS = (0, 0.5, 1, 2, 5)
REDUCTIONS = ("mean", "sum", "none")
SHAPES = [
    ((5, 4), 1),
    ((2, 3, 4), 1),
    ((2, 3, 2, 2), 1),
    ((4,), 1),
    ((3, 2, 4), -1),
    ((3, 2, 4), 0),
    ((2, 1), 1),
]
TIGHT = {"rtol": 1e-12, "atol": 1e-12}

ELEMENTS = {  # name: (plain definition, options)
    "mse": ("mse_loss", definitions.mse, {}),
    "sigmoid mse": ("sigmoid_mse_loss", definitions.sigmoid_mse, {}),
    "bce": ("binary_cross_entropy_with_logits", definitions.binary_cross_entropy, {}),
    **{
        f"sigmoid focal {gamma} {alpha}": (
            "sigmoid_focal_loss",
            definitions.sigmoid_focal,
            {"gamma": gamma, "alpha": alpha},
        )
        for gamma, alpha in [
            (0, 0.25),
            (0.5, 0.25),
            (1, 0.25),
            (2, 0.25),
            (5, 0.25),
            (0.5, None),
            (2, -1),
        ]
    },
}
CLASSES = {
    "softmax mse": ("softmax_mse_loss", definitions.softmax_mse, {}),
    **{
        f"softmax focal {g}": ("softmax_focal_loss", definitions.softmax_focal, {"gamma": g})
        for g in GAMMAS
    },
    "softmax focal scalar": ("softmax_focal_loss", definitions.softmax_focal, {"alpha": 0.7}),
    "softmax focal weights": (
        "softmax_focal_loss",
        definitions.softmax_focal,
        {"alpha": "per class", "gamma": 0.5},
    ),
}


def elements(seed, shape=(3, 4), *, soft=True):
    generator = torch.Generator().manual_seed(seed)
    x = 2 * torch.randn(shape, dtype=torch.float64, generator=generator)
    y = torch.rand(shape, dtype=torch.float64, generator=generator)
    return x, y if soft else (y > 0.5).double()


def classes(seed, shape, axis, *, soft=False):
    generator = torch.Generator().manual_seed(seed)
    axis = 0 if len(shape) == 1 else axis % len(shape)
    z = 2 * torch.randn(shape, dtype=torch.float64, generator=generator)
    if soft:
        return z, torch.randn(shape, dtype=torch.float64, generator=generator).softmax(axis), axis
    return (
        z,
        torch.randint(shape[axis], shape[:axis] + shape[axis + 1 :], generator=generator),
        axis,
    )


def resolved(options, size):
    """The options of a case, with weights for the classes that there are."""
    if options.get("alpha") == "per class":
        return options | {"alpha": torch.linspace(0.5, 2, size, dtype=torch.float64)}
    return options


def check(name, x, y, expected, options):
    """Both fronts against (value, gradient, hvp)."""
    got = derivatives(lambda z: getattr(ours_torch, name)(z, y, **options), x)
    for ours, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(
            ours, torch.zeros_like(ours) if theirs is None else theirs, **TIGHT
        )
    in_numpy = {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in options.items()}
    value, gradient = getattr(ours_numpy, f"{name}_with_grad")(x.numpy(), y.numpy(), **in_numpy)
    np.testing.assert_array_equal(
        getattr(ours_numpy, name)(x.numpy(), y.numpy(), **in_numpy), value
    )
    np.testing.assert_allclose(value, got[0].numpy(), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(gradient, got[1].numpy(), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("case", ELEMENTS)
def test_elements_agree_with_autograd_of_the_definition(case, reduction):
    name, definition, options = ELEMENTS[case]
    for seed, shape in enumerate([(3, 4), (), (2, 1, 3)] if reduction == "mean" else [(3, 4)]):
        for soft in (True, False):
            x, y = elements(seed, shape, soft=soft)
            expected = derivatives(
                lambda z, y=y: reduced(definition(z, y, **options), reduction), x
            )
            check(name, x, y, expected, options | {"reduction": reduction})


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("case", CLASSES)
def test_classes_agree_with_autograd_of_the_definition(case, reduction):
    name, definition, options = CLASSES[case]
    for seed, (shape, axis) in enumerate(SHAPES if reduction == "mean" else SHAPES[:2]):
        if shape == (2, 1) and "focal" in case:
            continue  # one class: 0**(gamma - 1) in the plain definition; see the test of certainty
        for soft in (True, False) if name == "softmax_mse_loss" else (False,):
            z, t, place = classes(seed, shape, axis, soft=soft)
            more = resolved(options, shape[place])
            expected = derivatives(
                lambda x, t=t, a=place, m=more: reduced(definition(x, t, a, **m), reduction), z
            )
            check(name, z, t, expected, more | {"reduction": reduction, "axis": axis})


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_torch_agrees(reduction):
    x, y = elements(1)
    expected = derivatives(lambda z: F.mse_loss(z, y, reduction=reduction), x)
    check("mse_loss", x, y, expected, {"reduction": reduction})
    for weight in (None, torch.rand(3, 4), torch.rand(4), torch.tensor([[0.5], [0.0], [2.0]])):
        for pos_weight in (None, torch.tensor(3.0), torch.rand(4) + 0.5, torch.rand(3, 1)):
            options = {"weight": weight, "pos_weight": pos_weight, "reduction": reduction}
            options = {
                k: v.double() if isinstance(v, torch.Tensor) else v for k, v in options.items()
            }
            expected = derivatives(
                lambda z, o=options: F.binary_cross_entropy_with_logits(z, y, **o), x
            )
            check("binary_cross_entropy_with_logits", x, y, expected, options)
    z, t, _ = classes(1, (6, 4, 3), 1)
    t[0, 0] = t[2, 1] = -100
    expected = derivatives(lambda x: F.cross_entropy(x, t, reduction=reduction), z)
    check("softmax_focal_loss", z, t, expected, {"gamma": 0, "reduction": reduction})


def test_gamma_zero_is_cross_entropy():
    x, y = elements(2)
    for reduction in REDUCTIONS:
        plain = ours_torch.binary_cross_entropy_with_logits(x, y, reduction=reduction)
        torch.testing.assert_close(
            ours_torch.sigmoid_focal_loss(x, y, None, 0, reduction), plain, **TIGHT
        )
    z, t, _ = classes(2, (6, 4), 1)
    weight = torch.rand(4, dtype=torch.float64)
    torch.testing.assert_close(
        ours_torch.softmax_focal_loss(z, t, gamma=0, alpha=weight, reduction="sum"),
        ours_torch.cross_entropy(z, t, weight=weight, reduction="sum"),
        **TIGHT,
    )


@pytest.mark.parametrize("gamma", GAMMAS)
def test_two_classes_of_softmax_are_the_sigmoid_of_the_difference(gamma):
    z, t, _ = classes(3, (7, 2), 1)
    two = derivatives(
        lambda x: ours_torch.softmax_focal_loss(x, t, gamma=gamma, reduction="none"), z
    )
    difference = z[:, 1] - z[:, 0]
    one = derivatives(
        lambda x: ours_torch.sigmoid_focal_loss(x, t.double(), None, gamma), difference
    )
    torch.testing.assert_close(two[0], one[0], **TIGHT)
    torch.testing.assert_close(two[1][:, 1], one[1], **TIGHT)
    torch.testing.assert_close(two[1][:, 0], -one[1], **TIGHT)


def test_the_mean_divides_by_the_rows_that_count_not_by_their_weights():
    z, t, _ = classes(4, (6, 3), 1)
    t[[1, 4]] = -100
    alpha = torch.tensor([0.2, 3.0, 1.0], dtype=torch.float64)
    each = ours_torch.softmax_focal_loss(z, t, alpha=alpha, reduction="none")
    assert torch.equal(each[[1, 4]], torch.zeros(2, dtype=torch.float64))
    torch.testing.assert_close(ours_torch.softmax_focal_loss(z, t, alpha=alpha), each.sum() / 4)
    brier = ours_torch.softmax_mse_loss(z, t, reduction="none")
    torch.testing.assert_close(ours_torch.softmax_mse_loss(z, t), brier.sum() / 4)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("name", "options"), [("softmax_focal_loss", {"gamma": 0.5}), ("softmax_mse_loss", {})]
)
def test_nothing_of_an_ignored_row_gets_through(name, options, reduction):
    z = torch.tensor([[float("nan"), float("inf"), 1], [1, 2, 3]], dtype=torch.float64)
    t = torch.tensor([7, 1])
    options = options | {"reduction": reduction, "ignore_index": 7}
    value, gradient, hvp = derivatives(lambda x: getattr(ours_torch, name)(x, t, **options), z)
    again = getattr(ours_numpy, f"{name}_with_grad")(z.numpy(), t.numpy(), **options)
    np.testing.assert_array_equal(again[0], value.numpy())
    assert torch.isfinite(value).all()
    for g in (gradient, hvp, torch.tensor(again[1])):
        assert (g[0] == 0).all()
        assert (g[1] != 0).all()


@pytest.mark.parametrize("rows", [0, 2], ids=["empty", "all ignored"])
@pytest.mark.parametrize(
    ("reduction", "expected"), [("mean", np.nan), ("sum", 0.0), ("none", None)]
)
@pytest.mark.parametrize("name", ["softmax_focal_loss", "softmax_mse_loss"])
def test_a_batch_in_which_no_row_counts(name, rows, reduction, expected):
    z, t = torch.ones(rows, 3, dtype=torch.float64), torch.full((rows,), -100)
    value, gradient, _ = derivatives(
        lambda x: getattr(ours_torch, name)(x, t, reduction=reduction), z
    )
    again = getattr(ours_numpy, f"{name}_with_grad")(z.numpy(), t.numpy(), reduction=reduction)
    expected = np.zeros(rows) if expected is None else expected
    for v, g in ((value.numpy(), gradient.numpy()), again):
        np.testing.assert_array_equal(v, expected)
        np.testing.assert_array_equal(g, np.zeros((rows, 3)))


@pytest.mark.parametrize(
    ("reduction", "expected"), [("mean", np.nan), ("sum", 0.0), ("none", np.zeros(0))]
)
@pytest.mark.parametrize("name", sorted({name for name, _, _ in ELEMENTS.values()}))
def test_no_elements(name, reduction, expected):
    x = torch.ones(0, dtype=torch.float64)
    value, gradient, _ = derivatives(
        lambda z: getattr(ours_torch, name)(z, x, reduction=reduction), x
    )
    again = getattr(ours_numpy, f"{name}_with_grad")(x.numpy(), x.numpy(), reduction=reduction)
    for v, g in ((value.numpy(), gradient.numpy()), again):
        np.testing.assert_array_equal(v, expected)
        assert g.shape == (0,)


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str
)
@pytest.mark.parametrize("case", ["mse", "sigmoid mse", "bce", "sigmoid focal 0.5 0.25", *CLASSES])
def test_the_dtype_is_kept_and_results_are_rounded_once(case, dtype):
    name, _, options = (ELEMENTS | CLASSES)[case]
    if case in ELEMENTS:
        x, y = elements(5, soft=False)
        y = y.to(dtype)
    else:
        x, y, _ = classes(5, (6, 4), 1)
        options = resolved(options, 4)
    x = x.to(dtype)
    got = derivatives(lambda z: getattr(ours_torch, name)(z, y, **options), x)[:2]
    targets = y.double() if case in ELEMENTS else y
    expected = derivatives(lambda z: getattr(ours_torch, name)(z, targets, **options), x.double())[
        :2
    ]
    for ours, wide in zip(got, expected, strict=True):
        assert ours.dtype == dtype
        assert torch.equal(ours, wide.to(dtype))
    if dtype != torch.bfloat16:
        options = {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in options.items()}
        value, gradient = getattr(ours_numpy, f"{name}_with_grad")(x.numpy(), y.numpy(), **options)
        assert value.dtype == gradient.dtype == x.numpy().dtype
        np.testing.assert_array_equal(
            getattr(ours_numpy, name)(x.numpy(), y.numpy(), **options), value
        )


MODULES = [
    (ours_torch.MSELoss(reduction="sum"), "mse_loss", {"reduction": "sum"}),
    (ours_torch.SigmoidMSELoss(), "sigmoid_mse_loss", {}),
    (
        ours_torch.BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 2.0, 3.0, 4.0])),
        "binary_cross_entropy_with_logits",
        {"pos_weight": torch.tensor([1.0, 2.0, 3.0, 4.0])},
    ),
    (
        ours_torch.SigmoidFocalLoss(0.3, gamma=0.5),
        "sigmoid_focal_loss",
        {"alpha": 0.3, "gamma": 0.5},
    ),
    (ours_torch.SoftmaxMSELoss(axis=-1), "softmax_mse_loss", {"axis": -1}),
    (
        ours_torch.SoftmaxFocalLoss(gamma=1, alpha=torch.tensor([1.0, 2.0, 3.0, 4.0])),
        "softmax_focal_loss",
        {"gamma": 1, "alpha": torch.tensor([1.0, 2.0, 3.0, 4.0])},
    ),
    (ours_torch.SoftmaxFocalLoss(alpha=0.5), "softmax_focal_loss", {"alpha": 0.5}),
]


@pytest.mark.parametrize(
    ("module", "name", "options"), MODULES, ids=lambda a: repr(a) if isinstance(a, str) else ""
)
def test_the_module_is_the_function(module, name, options):
    x, y = (elements(6)) if not name.startswith("softmax") else classes(6, (3, 4), 1)[:2]
    assert torch.equal(module(x, y), getattr(ours_torch, name)(x, y, **options))
    assert set(module.state_dict()) == {
        k for k, v in options.items() if isinstance(v, torch.Tensor)
    }
    assert "reduction=" in repr(module)
    assert module.double() is module


@pytest.mark.parametrize("gamma", [0.5, 1, 2])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_gradcheck_and_gradgradcheck(gamma, reduction):
    x, y = elements(7, (2, 3))
    z, t, _ = classes(7, (2, 3, 2), 1)
    t[0, 0] = -100
    calls = [
        (lambda a: ours_torch.sigmoid_focal_loss(a, y, 0.25, gamma, reduction), x),
        (
            lambda a: ours_torch.softmax_focal_loss(
                a, t, gamma=gamma, alpha=torch.tensor([0.5, 1, 2]), reduction=reduction
            ),
            z,
        ),
    ]
    if gamma == 1:
        calls += [
            (lambda a: ours_torch.mse_loss(a, y, reduction=reduction), x),
            (lambda a: ours_torch.sigmoid_mse_loss(a, y, reduction=reduction), x),
            (lambda a: ours_torch.softmax_mse_loss(a, t, reduction=reduction), z),
            (
                lambda a: ours_torch.binary_cross_entropy_with_logits(
                    a, y, weight=x**2, reduction=reduction
                ),
                x,
            ),
        ]
    for f, at in calls:
        assert torch.autograd.gradcheck(f, at.clone().requires_grad_())
        assert torch.autograd.gradgradcheck(f, at.clone().requires_grad_())


def test_vmap_and_grad():
    z, t, _ = classes(8, (5, 4), 1)
    each = torch.func.vmap(
        torch.func.grad(lambda a, b: ours_torch.softmax_focal_loss(a, b, reduction="sum"))
    )(z, t)
    together = derivatives(lambda a: ours_torch.softmax_focal_loss(a, t, reduction="sum"), z)[1]
    torch.testing.assert_close(each, together, **TIGHT)
    x, y = elements(8)
    each = torch.func.vmap(
        torch.func.grad(lambda a, b: ours_torch.sigmoid_focal_loss(a, b, reduction="sum"))
    )(x, y)
    torch.testing.assert_close(
        each, derivatives(lambda a: ours_torch.sigmoid_focal_loss(a, y), x)[1], **TIGHT
    )


WRONG = {
    "the factor detached": lambda z, t, axis: (
        ((1 - definitions.softmax_focal(z, t, axis, 0).neg().exp()) ** 2).detach()
        * definitions.softmax_focal(z, t, axis, 0)
    ),
    "the power outside": lambda z, t, axis: definitions.softmax_focal(z, t, axis, 1) ** 2,
    "gamma one more": lambda z, t, axis: definitions.softmax_focal(z, t, axis, 3),
    "another axis": lambda z, t, axis: definitions.softmax_focal(z.mT, t, axis),
}


@pytest.mark.parametrize("planted", WRONG)
def test_a_planted_wrong_variant_is_noticed(planted):
    z, t, axis = classes(9, (4, 4), 1)
    expected = derivatives(lambda a: definitions.softmax_focal(a, t, axis).mean(), z)
    check("softmax_focal_loss", z, t, expected, {})
    wrong = derivatives(lambda a: WRONG[planted](a, t, axis).mean(), z)
    with pytest.raises(AssertionError):
        check("softmax_focal_loss", z, t, wrong, {})


def test_a_planted_wrong_front_is_noticed(monkeypatch):
    right = functions._softmax_focal.hvp
    monkeypatch.setattr(functions._softmax_focal, "hvp", lambda *a, **k: 2 * right(*a, **k))
    z, t, axis = classes(9, (4, 4), 1)
    expected = derivatives(lambda a: definitions.softmax_focal(a, t, axis).mean(), z)
    with pytest.raises(AssertionError):
        check("softmax_focal_loss", z, t, expected, {})
