"""What is right passes: ours, every loss through both fronts, and implementations that share no code with ours."""

import pytest

import lossbook.numpy
import lossbook.torch
from lossbook import losses
from lossbook.auditing import audit

from . import planted

NAMES = {
    "binary_cross_entropy": "binary_cross_entropy_with_logits",
    "cross_entropy_index": "cross_entropy",
    **{
        name: f"{name}_loss"
        for name in ("mse", "sigmoid_mse", "softmax_mse", "sigmoid_focal", "softmax_focal")
    },
}


def options(name):
    return {"samples": 3, **({"gamma": (0.0, 0.5, 2.0)} if "focal" in name else {})}


@pytest.mark.parametrize("name", losses.names())
@pytest.mark.parametrize("front", [lossbook.torch, lossbook.numpy], ids=lambda m: m.__name__)
def test_ours(front, name):
    function = NAMES.get(name, name)
    more = (
        {"gradient": getattr(front, f"{function}_with_grad", None)}
        if front is lossbook.numpy
        else {}
    )
    framework = front.__name__.split(".")[-1]
    report = audit(getattr(front, function), name, framework=framework, **more, **options(name))
    assert not report.ids, str(report)
    assert report.framework == framework
    assert {a.dtype for a in report.accuracy} >= {"float32", "float64", "float16"}
    if front is lossbook.torch:
        assert report.facts["gradcheck"] == "passes"
        assert losses.get(name).is_activation or report.facts["double backward"] == "right"


@pytest.mark.parametrize(
    ("function", "name"), [(planted.right, "softmax_focal"), (planted.numpy_right, "softmax_focal")]
)
def test_an_independent_implementation(function, name):
    report = audit(
        function,
        name,
        samples=3,
        gamma=(0.5, 2.0),
        framework="numpy" if "numpy" in function.__name__ else None,
    )
    assert report.ok, str(report)
    assert report.findings == ()


def test_the_same_audit_gives_the_same_report():
    first, second = (
        audit(planted.cancels, "softmax_focal", gamma=2.0, samples=3) for _ in range(2)
    )
    assert first == second
