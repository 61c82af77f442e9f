"""Every fault that the audit claims to see, planted: it must be found, under its name; and only near it."""

from functools import cache

import pytest

from lossbook.auditing import audit

from . import planted

QUICK = {"gamma": (0.5, 2.0), "samples": 0, "dtypes": ("float32", "float64")}


@cache
def found(function, loss="softmax_focal"):
    return audit(function, loss, **QUICK)


@pytest.mark.parametrize(
    ("function", "kind", "severity"),
    [
        (planted.cancels, "false-zero-value", "warning"),
        (planted.cancels, "inaccurate-value", "warning"),
        (planted.cancels, "non-finite-gradient", "error"),
        (planted.cancels, "non-finite-value", "error"),
        (planted.cancels, "non-finite-second", "warning"),
        (planted.clamps, "wrong-value", "error"),
        (planted.clamps, "wrong-gradient", "error"),
        (planted.clamps, "false-zero-gradient", "warning"),
        (planted.detaches, "wrong-gradient", "error"),
        (planted.detaches, "gradcheck", "error"),
        (planted.divides_by_classes, "reduction-mean", "convention"),
        (planted.sum_means, "reduction-sum", "error"),
        (planted.casts, "float64-as-float32", "warning"),
        (planted.returns_float32, "dtype-changed", "warning"),
        (planted.any_label, "label-range", "error"),
        (planted.mask_is_nan, "masked-class", "error"),
        (planted.leaks, "ignored-nan-value", "error"),
        (planted.leaks_gradient, "ignored-nan-gradient", "warning"),
        (planted.counts_ignored, "ignored-counted", "convention"),
        (planted.keeps_ignored, "ignored-not-zero", "error"),
        (planted.keeps_ignored, "ignored-gradient", "error"),
        (planted.raises_when_all_ignored, "all-ignored-mean", "warning"),
        (planted.raises_when_empty, "empty-batch", "warning"),
        (planted.once, "double-backward-fails", "warning"),
        (planted.wrong_second, "double-backward-wrong", "error"),
        (planted.by_memory, "layout", "error"),
        (planted.coupled, "rows-coupled", "error"),
        (planted.weighs_another, "class-weights", "error"),
    ],
    ids=lambda x: getattr(x, "__name__", x),
)
def test_planted_fault_is_found(function, kind, severity):
    finding = found(function).get(kind)
    assert finding.severity == severity
    assert finding.example is not None


@pytest.mark.parametrize(
    ("function", "only"),
    [
        (planted.divides_by_classes, {"reduction-mean"}),
        (planted.sum_means, {"reduction-sum", "empty-batch"}),
        (planted.any_label, {"label-range"}),
        (planted.counts_ignored, {"ignored-counted"}),
        (planted.raises_when_empty, {"empty-batch"}),
        (planted.once, {"double-backward-fails"}),
        (planted.by_memory, {"layout"}),
        (planted.weighs_another, {"class-weights"}),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_and_nothing_else(function, only):
    assert set(found(function).ids) == only


def test_a_detached_factor_is_named():
    finding = found(planted.detaches).get("wrong-gradient")
    assert "detached" in finding.title
    assert "detached" not in found(planted.clamps).get("wrong-gradient").title


def test_a_smallest_input_is_small():
    example = found(planted.cancels).get("false-zero-value").example
    assert example.input == "logits [17, 0], target 0"
    assert float(example.got) == 0
    assert float(example.expected) > 0


def test_a_mean_over_all_numbers_says_what_it_divides_by():
    report = found(planted.divides_by_classes)
    assert "the number of rows times K" in report.get("reduction-mean").title
    assert report.ok  # another convention is no fault


def test_gamma_zero():
    report = audit(
        planted.nan_at_zero, "softmax_focal", gamma=(0.0, 2.0), samples=0, dtypes=("float32",)
    )
    finding = report.get("non-finite-value")
    assert finding.where["gammas"] == [0.0]
    assert "only for γ = 0" in finding.title


def test_gamma_below_one():
    report = found(planted.half_power, "sigmoid_focal")
    finding = report.get("non-finite-gradient")
    assert finding.where["gammas"] == [0.5]
    assert "γ between 0 and 1" in finding.title
    assert "soft-targets" in report.ids


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (planted.alpha_on_negatives, "weight of the negative class"),
        (planted.alpha_on_all, "does not weigh"),
    ],
)
def test_what_alpha_multiplies(function, words):
    finding = found(function, "sigmoid_focal").get("alpha-meaning")
    assert finding.severity == "convention"
    assert words in finding.title


def test_alpha_inside_is_asked_for():
    report = audit(
        lambda inputs, targets: planted.binary(inputs, targets, 0.6, 2.0),
        "sigmoid_focal",
        gamma=2.0,
        alpha=0.6,
        samples=0,
        dtypes=("float32",),
    )
    assert set(report.ids) <= {"infinite-logit"}


def test_a_factor_is_a_convention():
    finding = audit(planted.halved, "mse", samples=0).get("scale")
    assert finding.severity == "convention"
    assert "1/2" in finding.title


def test_an_overwritten_argument():
    report = audit(planted.numpy_writes, "softmax_focal", gamma=2.0, samples=0, framework="numpy")
    assert "argument-changed" in report.ids
