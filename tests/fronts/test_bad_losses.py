"""Wrong arguments of the losses beside cross entropy: the same error in NumPy, in PyTorch and, for options, in modules."""

import numpy as np
import pytest
import torch

import lossbook.numpy as ours_numpy
import lossbook.torch as ours_torch

X, Y = np.zeros((3, 4)), np.full((3, 4), 0.5)
T = np.array([0, 1, 2])
NAN, INF = float("nan"), float("inf")
ELEMENTS = (
    "mse_loss",
    "sigmoid_mse_loss",
    "binary_cross_entropy_with_logits",
    "sigmoid_focal_loss",
)
CLASSES = ("softmax_mse_loss", "softmax_focal_loss")

CASES = [
    *(
        (f, (X, Y[:2]), {}, ValueError, r"targets has shape \(2, 4\); expected \(3, 4\): the shape")
        for f in ELEMENTS
    ),
    *(
        (
            f,
            (X.astype(int), Y),
            {},
            TypeError,
            "inputs has dtype .*int.*; expected a dtype that is float",
        )
        for f in ELEMENTS
    ),
    *((f, (X, Y > 0), {}, TypeError, "targets has dtype .*bool") for f in ELEMENTS),
    *(
        (f, (X, Y), {"reduction": "avg"}, ValueError, "reduction is 'avg'; expected one of 'mean'")
        for f in ELEMENTS
    ),
    *(
        (f, (X, Y + 1), {}, ValueError, r"targets is 1.5 at position \(0, 0\); .* 0 to 1")
        for f in ELEMENTS[1:]
    ),
    *((f, (X, Y * NAN), {}, ValueError, "targets is nan") for f in ELEMENTS[1:]),
    *(
        (f, (X, T + 7), {}, ValueError, r"targets is 7 at position \(0,\); .* from 0 to 3")
        for f in CLASSES
    ),
    *(
        (f, (X, T[:2]), {}, ValueError, r"targets has shape \(2,\); expected \(3,\)")
        for f in CLASSES
    ),
    *(
        (f, (X[:, :0], T), {}, ValueError, r"logits has shape \(3, 0\); .* one class along axis 1")
        for f in CLASSES
    ),
    *((f, (X, T), {"axis": 2}, ValueError, "axis is 2") for f in CLASSES),
    *((f, (X, T), {"reduction": "avg"}, ValueError, "reduction is 'avg'") for f in CLASSES),
    *((f, (X, T), {"ignore_index": 0.5}, TypeError, "ignore_index is 0.5") for f in CLASSES),
    (
        "softmax_mse_loss",
        (X, Y),
        {},
        ValueError,
        r"the sum of targets in a row is 2.0 at position \(0,\); expected 1",
    ),
    (
        "softmax_focal_loss",
        (X, Y),
        {},
        TypeError,
        "targets has dtype .*float64; expected a dtype that is integer",
    ),
    *(
        (f, (X, y), {"gamma": g}, error, f"gamma is {g!r}")
        for f, y in (("sigmoid_focal_loss", Y), ("softmax_focal_loss", T))
        for g, error in (
            (-0.5, ValueError),
            (NAN, ValueError),
            (INF, ValueError),
            ("2", TypeError),
            (True, TypeError),
        )
    ),
    *(
        ("sigmoid_focal_loss", (X, Y), {"alpha": a}, error, f"alpha is {a!r}")
        for a, error in ((1.5, ValueError), (NAN, ValueError), ("1", TypeError), (True, TypeError))
    ),
    *(
        ("softmax_focal_loss", (X, T), {"alpha": a}, error, f"alpha is {a!r}")
        for a, error in (
            (-0.5, ValueError),
            (NAN, ValueError),
            (INF, ValueError),
            (True, TypeError),
        )
    ),
    (
        "softmax_focal_loss",
        (X, T),
        {"alpha": np.ones(3)},
        ValueError,
        r"alpha has shape \(3,\); expected \(4,\)",
    ),
    (
        "softmax_focal_loss",
        (X, T),
        {"alpha": -np.ones(4)},
        ValueError,
        r"alpha is -1.0 at position \(0,\)",
    ),
    *(
        ("binary_cross_entropy_with_logits", (X, Y), {name: value}, error, message)
        for name in ("weight", "pos_weight")
        for value, error, message in (
            (
                np.ones(3),
                ValueError,
                rf"{name} has shape \(3,\); expected one that broadcasts to \(3, 4\)",
            ),
            (np.ones((1, 3, 4)), ValueError, rf"{name} has shape \(1, 3, 4\)"),
            (-np.ones(4), ValueError, rf"{name} is -1.0 at position \(0,\)"),
            (np.full(4, NAN), ValueError, f"{name} is nan"),
            (np.ones(4, bool), TypeError, f"{name} has dtype .*bool"),
        )
    ),
]


@pytest.mark.parametrize(("name", "positional", "options", "error", "message"), CASES, ids=str)
def test_says_what_is_wrong(name, positional, options, error, message):
    for function in (name, f"{name}_with_grad"):
        with pytest.raises(error, match=f"^{function}: {message}"):
            getattr(ours_numpy, function)(*positional, **options)
    options = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    with pytest.raises(error, match=f"^{name}: {message}"):
        getattr(ours_torch, name)(*map(torch.tensor, positional), **options)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *((f, {"targets": Y}) for f in ELEMENTS),
        ("softmax_mse_loss", {"targets": Y / 2}),
        ("softmax_focal_loss", {"alpha": np.ones(4)}),
        ("binary_cross_entropy_with_logits", {"weight": np.ones(4)}),
        ("binary_cross_entropy_with_logits", {"pos_weight": np.ones(4)}),
    ],
)
def test_a_gradient_that_nobody_computes_is_not_silently_missing(name, arguments):
    ((argument, value),) = arguments.items()
    given = {
        "targets": torch.tensor(T if name in CLASSES else Y),
        argument: torch.tensor(value).requires_grad_(),
    }
    with pytest.raises(ValueError, match=f"^{name}: {argument} requires grad; expected a constant"):
        getattr(ours_torch, name)(torch.tensor(X), **given)


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        ("MSELoss", {"reduction": "avg"}, "reduction is 'avg'"),
        ("SigmoidFocalLoss", {"gamma": -1}, "gamma is -1"),
        ("SigmoidFocalLoss", {"alpha": 2.0}, "alpha is 2.0"),
        ("SoftmaxFocalLoss", {"gamma": NAN}, "gamma is nan"),
        ("SoftmaxFocalLoss", {"alpha": -1.0}, "alpha is -1.0"),
    ],
)
def test_a_module_checks_its_options_when_made(module, options, message):
    with pytest.raises(ValueError, match=f"^{module}: {message}"):
        getattr(ours_torch, module)(**options)
