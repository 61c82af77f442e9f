"""Every kernel in every layout against the oracle: within the bars of float32 and float64, never a false zero or NaN."""

import numpy as np
import pytest

from lossbook.losses import get
from lossbook.measure.accuracy import GAMMAS, Line, judge_row, loss_names, truths
from lossbook.measure.command import table
from lossbook.measure.samples import random_batch
from lossbook.native import compiler, kernels

from .calls import run

LOSSES = loss_names()
FOCAL = [loss for loss in LOSSES if any(str(q.symbol) == "gamma" for q in get(loss).parameters)]
CASES = [(loss, gamma) for loss in LOSSES for gamma in (GAMMAS if loss in FOCAL else (None,))]
BY_INDEX = ("cross_entropy_index", "softmax_focal")
OF_ROWS = (*BY_INDEX, "cross_entropy", "softmax_mse")


def measured(loss, gamma, layout, change=lambda a: a, rows=16, dtype="float32"):
    """Value and gradient on random rows and corners, each judged against 50 digits."""
    rng = np.random.default_rng([LOSSES.index(loss), int(10 * (gamma or 0))])
    lines = {q: Line(loss, layout, dtype, gamma, q) for q in ("value", "gradient")}
    for classes in (2, 3, 10, 30, 70, 300) if loss in OF_ROWS else (1,):
        shape = rows if classes < 70 else 3, classes
        case = random_batch(get(loss), dtype, gamma, shape, rng)
        _, values, slope = run(
            loss, case.logits, case.targets, layout=layout, dtype=dtype, **case.parameters
        )
        got = {"value": change(values.astype(float)), "gradient": change(slope.astype(float))}
        for n, truth in enumerate(truths(loss, case, len(case.logits), 0)):
            for quantity, line in lines.items():
                judge_row(
                    line,
                    np.atleast_1d(got[quantity][n]),
                    truth[quantity],
                    list(map(abs, truth[quantity])),
                    case,
                    n,
                )
    return list(lines.values())


@pytest.mark.pairwise
@pytest.mark.parametrize("layout", ["rows", "planes"])
@pytest.mark.parametrize(("loss", "gamma"), CASES)
def test_bars(loss, gamma, layout):
    if layout == "planes" and loss not in OF_ROWS:
        layout = "rows"  # single outputs have one layout
    lines = measured(loss, gamma, layout)
    assert all(line.passes and line.tolerance == 0.51 for line in lines), table(lines)


@pytest.mark.parametrize(
    ("loss", "gamma", "layout"),
    [(*case, "rows") for case in CASES]
    + [(*case, "planes") for case in CASES if case[0] in BY_INDEX and case[1] in (None, 2)],
)
def test_bars_of_float64(loss, gamma, layout):
    lines = measured(loss, gamma, layout, dtype="float64")
    assert all(line.passes for line in lines), table(lines)


def test_a_wrong_constant_misses_the_bars_of_float64(monkeypatch):
    """The second part of log(2) in exp."""
    right = compiler.source
    wrong = ("-(n * LOG2_SECOND_pair)", "-(n * LOG2_SECOND_pair * (1 + 0x1p-9))")
    assert right("softmax_focal", "float64").count(wrong[0]) == 1
    monkeypatch.setattr(compiler, "source", lambda *a: right(*a).replace(*wrong))
    monkeypatch.setattr(kernels, "_loaded", {})
    lines = measured("softmax_focal", 2, "rows", dtype="float64")
    assert not any(line.passes for line in lines), table(lines)


def test_a_wrong_kernel_misses_the_bars():
    lines = measured("softmax_focal", 2, "rows", lambda a: a * (1 + 1e-6))
    assert not any(line.passes for line in lines)


def example(loss, rows, classes, seed=0):
    rng = np.random.default_rng(seed)
    if loss not in OF_ROWS:
        return rng.normal(0, 3, rows * classes), rng.choice([0.0, 1, 0.25], rows * classes)
    logits = rng.normal(0, 3, (rows, classes))
    return logits, rng.integers(classes, size=rows) if loss in BY_INDEX else rng.dirichlet(
        np.ones(classes), rows
    )


@pytest.mark.parametrize("shape", [(1, 1), (5, 2), (300, 3), (129, 63), (7, 64), (3, 1001)])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_way_gives_the_same(loss, shape):
    logits, targets = example(loss, *shape)
    total, values, slope = run(loss, logits, targets, threads=1)
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(total, values.astype(float).sum(), rtol=1e-6)
    for options in ({"inplace": True}, {"layout": "planes"}, {"threads": 3}):
        if loss not in OF_ROWS and "layout" in options:
            continue
        again = run(loss, logits, targets, **options)
        np.testing.assert_allclose(again[1], values, rtol=2e-7)
        np.testing.assert_allclose(again[2], slope, rtol=3e-7)
    only = run(loss, logits, targets, gradient=False)
    np.testing.assert_allclose(only[1], values, rtol=2e-7)


@pytest.mark.parametrize("loss", LOSSES)
def test_threads_do_not_change_the_result(loss):
    logits, targets = example(loss, 3000, 70)
    one, many = run(loss, logits, targets, threads=1), run(loss, logits, targets, threads=5)
    assert one[0] == many[0]
    np.testing.assert_array_equal(one[1], many[1])
    np.testing.assert_array_equal(one[2], many[2])


@pytest.mark.pairwise
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("classes", [3, 100])
@pytest.mark.parametrize("layout", ["rows", "planes"])
@pytest.mark.parametrize("loss", BY_INDEX)
def test_ignored_rows_count_for_nothing(loss, layout, classes, dtype):
    logits, targets = example(loss, 200, classes)
    whole = run(loss, logits, targets, layout=layout, dtype=dtype)
    ignored = np.arange(200) % 3 == 0
    targets[ignored] = -100
    logits[ignored] = np.nan
    total, values, slope = run(loss, logits, targets, layout=layout, ignored=-100, dtype=dtype)
    assert (values[ignored] == 0).all()
    assert (slope[ignored] == 0).all()
    # a NaN beside them takes rows to the kernel for all logits, which may round the other way
    np.testing.assert_allclose(values[~ignored], whole[1][~ignored], rtol=2e-7)
    np.testing.assert_allclose(slope[~ignored], whole[2][~ignored], rtol=2e-7)
    assert np.isfinite(total)


@pytest.mark.parametrize(
    ("classes", "dtype"), [(3, "float32"), (100, "float32"), (3, "float64"), (1100, "float64")]
)
@pytest.mark.parametrize("layout", ["rows", "planes"])
@pytest.mark.parametrize("loss", OF_ROWS)
def test_nan_stays_in_its_row(loss, classes, dtype, layout):
    logits, targets = example(loss, 10, classes)
    logits[4, 0] = np.nan
    _, values, slope = run(loss, logits, targets, layout=layout, dtype=dtype)
    assert np.isnan(values[4])
    assert np.isnan(slope[4]).any()
    assert np.isfinite(np.delete(values, 4)).all()
    assert np.isfinite(np.delete(slope, 4, 0)).all()


@pytest.mark.parametrize("shape", [(5, 2), (300, 3), (129, 63), (3, 1001), (3, 1100)])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_way_gives_the_same_in_float64(loss, shape):
    logits, targets = example(loss, *shape)
    total, values, slope = run(loss, logits, targets, threads=1, dtype="float64")
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(total, values.sum(), rtol=1e-14)
    for options in ({"inplace": True}, {"layout": "planes"}, {"threads": 3}):
        if loss in OF_ROWS or "layout" not in options:
            again = run(loss, logits, targets, dtype="float64", **options)
            np.testing.assert_allclose(again[1], values, rtol=2**-52)
            np.testing.assert_allclose(again[2], slope, rtol=2**-52)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss not in OF_ROWS])
def test_infinite_logits_of_single_outputs_in_float64(loss):
    """The same in both dtypes, and NaN where the logit is."""
    x, y = np.array([np.inf, -np.inf, np.nan, 3, np.inf]), np.array([1, 1, 0, 0.25, 0.25])
    _, values, slope = run(loss, x, y, dtype="float64")
    _, wanted, wanted_slope = run(loss, x, y)
    assert np.isnan(values[2])
    np.testing.assert_allclose(values, wanted, rtol=2e-7)
    np.testing.assert_allclose(slope, wanted_slope, rtol=2e-7)


@pytest.mark.parametrize("layout", ["rows", "planes"])
@pytest.mark.parametrize("loss", BY_INDEX)
def test_a_class_that_cannot_be_in_float64(loss, layout):
    logits, targets = example(loss, 10, 4)
    targets[:] = 1
    logits[3, 0] = -np.inf
    _, values, slope = run(loss, logits, targets, layout=layout, dtype="float64")
    _, without, slope_without = run(loss, logits[3:4, 1:], targets[:1] - 1, dtype="float64")
    assert slope[3, 0] == 0
    np.testing.assert_allclose(values[3], without[0], rtol=2**-52)
    np.testing.assert_allclose(slope[3, 1:], slope_without[0], rtol=2**-52)


@pytest.mark.parametrize("classes", [3, 100])
@pytest.mark.parametrize("loss", LOSSES)
def test_factors(loss, classes):
    logits, targets = example(loss, 50, classes)
    _, _, slope = run(loss, logits, targets)
    factors = np.random.default_rng(0).uniform(-2, 2, 50 if loss in OF_ROWS else 50 * classes)
    _, _, scaled = run(loss, logits, targets, factors=factors, factor=0.5)
    expected = slope * 0.5 * (factors[:, None] if loss in OF_ROWS else factors)
    np.testing.assert_allclose(scaled, expected, rtol=3e-7)


def test_class_numbers_out_of_range_are_found():
    from lossbook.native import kernel

    index, weight = np.array([0, 2, -100, 1, 3, 7]), np.array([1.0, 2, 4])
    check = kernel("cross_entropy_index").check
    assert check(index.ctypes.data, 6, 3, -100)[0] == 4
    assert check(index.ctypes.data, 4, 3, -100, weight.ctypes.data) == (-1, 3, 7.0)
    assert check(index.ctypes.data, 3, 3, 5)[0] == 2
