"""A wrong argument raises an error that restates it: the same one in NumPy and in PyTorch."""

import numpy as np
import pytest
import torch

import lossbook.numpy as ours_numpy
import lossbook.torch as ours_torch

LOGITS, TARGETS = np.zeros((3, 4)), np.array([0, 1, 2])
CASES = {
    "target too large": (
        (LOGITS, [0, 4, 9]),
        {},
        ValueError,
        r"targets is 4 at position \(1,\); .* from 0 to 3",
    ),
    "negative target": ((LOGITS, [0, 1, -1]), {}, ValueError, r"targets is -1 at position \(2,\)"),
    "ignored by another name": (
        (LOGITS, [0, -100, 1]),
        {"ignore_index": -1},
        ValueError,
        "targets is -100",
    ),
    "position in two axes": (
        (np.zeros((2, 4, 3)), np.diag([7, 1, 1])[:2]),
        {},
        ValueError,
        r"targets is 7 at position \(0, 0\)",
    ),
    "scalar target": (
        (np.zeros(4), np.array(5)),
        {},
        ValueError,
        "targets is 5; expected class indices from 0 to 3",
    ),
    "probability above 1": (
        (LOGITS, np.full((3, 4), 1.5)),
        {},
        ValueError,
        r"targets is 1\.5 at position \(0, 0\)",
    ),
    "probability not a number": (
        (LOGITS, np.full((3, 4), np.nan)),
        {},
        ValueError,
        "targets is nan",
    ),
    "index shape": (
        (LOGITS, [0, 1]),
        {},
        ValueError,
        r"targets has shape \(2,\); expected \(3,\) for class indices",
    ),
    "float indices": (
        (LOGITS, [0.0, 1.0, 2.0]),
        {},
        ValueError,
        r"targets has shape \(3,\); expected \(3, 4\) for probabilities",
    ),
    "boolean targets": ((LOGITS, [True, False, True]), {}, TypeError, "targets has dtype .*bool"),
    "integer logits": ((LOGITS.astype(int), TARGETS), {}, TypeError, "logits has dtype .*int"),
    "no class": (
        (np.zeros((3, 0)), TARGETS),
        {},
        ValueError,
        r"logits has shape \(3, 0\); expected at least one class",
    ),
    "scalar logits": ((np.zeros(()), np.array(0)), {}, ValueError, r"logits has shape \(\)"),
    "axis": (
        (LOGITS, TARGETS),
        {"axis": 2},
        ValueError,
        r"axis is 2; expected an axis of logits, .* \(3, 4\)",
    ),
    "axis of a single row": ((np.zeros(4), np.array(0)), {"axis": 2}, ValueError, "axis is 2"),
    "axis not a number": ((LOGITS, TARGETS), {"axis": "1"}, TypeError, "axis is '1'"),
    "weight length": (
        (LOGITS, TARGETS),
        {"weight": [1.0, 2.0]},
        ValueError,
        r"weight has shape \(2,\); expected \(4,\)",
    ),
    "weight negative": (
        (LOGITS, TARGETS),
        {"weight": [1.0, -2.0, 1.0, 1.0]},
        ValueError,
        r"weight is -2.0 at .*\(1,\)",
    ),
    "weight nan": (
        (LOGITS, TARGETS),
        {"weight": [1.0, np.nan, 1.0, 1.0]},
        ValueError,
        "weight is nan",
    ),
    "weight boolean": ((LOGITS, TARGETS), {"weight": [True] * 4}, TypeError, "weight has dtype"),
    "smoothing": (
        (LOGITS, TARGETS),
        {"label_smoothing": 1.1},
        ValueError,
        "label_smoothing is 1.1; .* from 0 to 1",
    ),
    "smoothing type": (
        (LOGITS, TARGETS),
        {"label_smoothing": "a"},
        TypeError,
        "label_smoothing is 'a'",
    ),
    "reduction": (
        (LOGITS, TARGETS),
        {"reduction": "max"},
        ValueError,
        "reduction is 'max'; expected one of 'mean'",
    ),
    "ignore_index": ((LOGITS, TARGETS), {"ignore_index": 0.5}, TypeError, "ignore_index is 0.5"),
    "ignored probability": (
        (LOGITS, np.full((3, 4), 0.25)),
        {"ignore_index": 1},
        ValueError,
        "ignore_index is 1",
    ),
}


def in_torch(value):
    return torch.as_tensor(np.asarray(value))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("front", ["numpy", "torch"])
def test_says_what_is_wrong(front, name):
    positional, options, error, message = CASES[name]
    if front == "numpy":
        with pytest.raises(error, match=f"^cross_entropy: {message}"):
            ours_numpy.cross_entropy(*positional, **options)
        with pytest.raises(error, match=f"^cross_entropy_with_grad: {message}"):
            ours_numpy.cross_entropy_with_grad(*positional, **options)
    else:
        options = {k: in_torch(v) if k == "weight" else v for k, v in options.items()}
        with pytest.raises(error, match=f"^cross_entropy: {message}"):
            ours_torch.cross_entropy(*map(in_torch, positional), **options)


@pytest.mark.parametrize("name", ["targets", "weight"])
def test_a_gradient_that_nobody_computes_is_not_silently_missing(name):
    arguments = {"targets": torch.full((3, 4), 0.25), "weight": torch.ones(4)}
    arguments[name].requires_grad_()
    with pytest.raises(ValueError, match=f"{name} requires grad; expected a constant"):
        ours_torch.cross_entropy(torch.zeros(3, 4), **arguments)
    with torch.no_grad():
        ours_torch.cross_entropy(torch.zeros(3, 4), **arguments)


def test_a_module_checks_its_options_when_made():
    with pytest.raises(ValueError, match="CrossEntropyLoss: reduction is 'avg'"):
        ours_torch.CrossEntropyLoss(reduction="avg")
