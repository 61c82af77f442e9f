"""Every loss is as accurate as allowed on small samples, and spoiled losses are found out."""

import numpy as np
import pytest

from lossbook.measure import accuracy
from lossbook.measure.accuracy import GAMMAS, gammas_of, jobs, loss_names, measure
from lossbook.measure.command import ROWS, SMOKE_ROWS, table
from lossbook.measure.samples import rows_of_logits
from lossbook.numerics.ulp import FORMATS
from lossbook.torch.kernels import switched_off

LOSSES = loss_names()
FOCAL = [loss for loss in LOSSES if gammas_of(loss) != (None,)]
CASES = [(loss, dtype, None) for loss in LOSSES if loss not in FOCAL for dtype in FORMATS]
CASES += [
    (loss, dtype, gamma) for loss in FOCAL for dtype in ("float32", "float64") for gamma in GAMMAS
]
CASES += [(loss, dtype, 0.5) for loss in FOCAL for dtype in ("float16", "bfloat16")]


@pytest.mark.pairwise
@pytest.mark.parametrize(("loss", "dtype", "gamma"), CASES)
def test_accuracy(loss, dtype, gamma):
    lines = measure(loss, dtype, gamma, 16, seed=1)
    assert {line.quantity for line in lines} == {"value", "gradient", "hvp"}
    assert all(line.rows >= 2 for line in lines)
    assert all(line.passes for line in lines), table(lines)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("loss", LOSSES)
def test_generated_code_meets_them_without_kernels(loss, dtype):
    with switched_off():
        lines = measure(loss, dtype, 0.5 if loss in FOCAL else None, 8, seed=2)
    assert all(line.passes for line in lines), table(lines)


def spoiled(change):
    """`torch_results` with its value and gradient changed."""
    right = accuracy.torch_results

    def results(*arguments):
        return {quantity: change(a) for quantity, a in right(*arguments).items()}

    return results


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda a: a * (1 + 1e-6), lambda line: line.worst > 0.51 and not line.non_finite),
        (lambda a: np.where(np.abs(a) < 1e-3, 0, a), lambda line: line.false_zeros > 0),
        (lambda a: np.where(np.abs(a) > 1e-3, np.nan, a), lambda line: line.non_finite > 0),
        (lambda a: -a, lambda line: line.worst > 1e6),
    ],
    ids=["imprecise", "zero", "nan", "sign"],
)
def test_a_wrong_loss_is_found_out(monkeypatch, change, found):
    monkeypatch.setattr(accuracy, "torch_results", spoiled(change))
    lines = {
        (line.library, line.quantity): line for line in measure("softmax_focal", "float32", 2, 40)
    }
    for quantity in ("value", "gradient"):
        assert not lines["torch", quantity].passes
        assert found(lines["torch", quantity])
        assert lines["numpy", quantity].passes
        assert "MISSED" in table([lines["torch", quantity]])


@pytest.mark.parametrize("classes", [2, 5])
def test_the_corners_are_among_the_rows(classes):
    x, t = rows_of_logits(np.random.default_rng(0), 2000, classes, "float64")
    n = np.arange(len(x))
    others = np.where(np.arange(classes) == t[:, None], -np.inf, x)
    margin = x[n, t] - others.max(1)
    assert np.isneginf(x).any()
    assert np.isfinite(x[n, t]).all()
    assert (margin > 1000).sum() > 50
    assert (margin < -1000).sum() > 50
    assert (margin == 0).sum() > 50
    assert (np.abs(x[np.isfinite(x)]) < 1e-6).sum() > 50
    assert np.abs(x[np.isfinite(x)]).max() > 5e3


def test_rows_are_numbers_of_their_dtype():
    for dtype in ("float32", "float16"):
        x, _ = rows_of_logits(np.random.default_rng(0), 100, 3, dtype)
        np.testing.assert_array_equal(x, x.astype(dtype).astype(float))


def test_a_smoke_run_leaves_no_loss_and_no_dtype_out():
    assert {job[:3] for job in jobs(SMOKE_ROWS)} == {job[:3] for job in jobs(ROWS)}


def test_every_loss_in_every_dtype_is_measured():
    found = jobs(20_000)
    assert {(loss, dtype) for loss, dtype, _, _ in found} == {
        (loss, dtype) for loss in LOSSES for dtype in FORMATS
    }
    for loss in LOSSES:
        assert sum(count for name, _, _, count in found if name == loss) >= 20_000
    assert {gamma for loss, _, gamma, _ in found if loss in FOCAL} == set(GAMMAS)
