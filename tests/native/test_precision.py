"""Both precisions and the 16-bit dtypes against 50 digits, for logits within reach of the kernels that need no largest."""

from dataclasses import replace

import numpy as np
import pytest

from lossbook.losses import get
from lossbook.measure.accuracy import Line, judge_row, truths
from lossbook.measure.samples import random_batch, rounded
from lossbook.native import kernel

from .calls import MEMORY, run
from .test_kernels import BY_INDEX, CASES, OF_ROWS, example

BARS = {
    ("float32", False): 0.51,
    ("float32", True): 16,
    ("float16", False): 0.51,
    ("bfloat16", False): 0.51,
}
SPREADS = (0.01, 4, 25)


def measured(loss, gamma, layout, dtype="float32", fast=False, change=lambda a: a):
    """Value and gradient of rows of all spreads, each judged against 50 digits."""
    rng = np.random.default_rng(5)
    lines = {q: Line(loss, layout, dtype, gamma, q) for q in ("value", "gradient")}
    for classes in (2, 40, 130) if loss in OF_ROWS else (1,):
        for spread in SPREADS:
            rows = (
                2 if classes == 130 and layout == "rows" else 8
            )  # as many as the widest vector: fewer are computed for all logits
            case = random_batch(get(loss), dtype, gamma, (rows, classes), rng)
            logits = rng.uniform(-1, 1, case.logits.shape) * spread
            case = replace(case, logits=np.asarray(rounded(logits, dtype), case.logits.dtype))
            more = {"layout": layout, "dtype": dtype, "fast": fast, **case.parameters}
            _, values, slope = run(loss, case.logits, case.targets, **more)
            got = {"value": change(values.astype(float)), "gradient": change(slope.astype(float))}
            for n, truth in enumerate(truths(loss, case, len(case.logits), 0)):
                for q, line in lines.items():
                    judge_row(
                        line, np.atleast_1d(got[q][n]), truth[q], list(map(abs, truth[q])), case, n
                    )
    return lines.values()


LAYOUTS = [(loss, g, "rows") for loss, g in CASES] + [
    (loss, g, "planes") for loss, g in CASES if loss in BY_INDEX
]
NARROW = [
    ("cross_entropy_index", None, "rows"),
    ("softmax_focal", 0.5, "planes"),
    ("sigmoid_focal", 0.5, "rows"),
]
MEASURED = [(*case, "float32", fast) for case in LAYOUTS for fast in (False, True)]
MEASURED += [(*case, dtype, False) for case in NARROW for dtype in ("float16", "bfloat16")]


@pytest.mark.pairwise
@pytest.mark.parametrize(("loss", "gamma", "layout", "dtype", "fast"), MEASURED)
def test_bars(loss, gamma, layout, dtype, fast):
    for line in measured(loss, gamma, layout, dtype, fast):
        assert line.worst <= BARS[dtype, fast], line
        assert not line.non_finite
        assert not line.false_zeros


def test_a_wrong_kernel_misses_the_bar_of_fast():
    lines = measured("softmax_focal", 2, "rows", fast=True, change=lambda a: a * (1 + 2e-6))
    assert all(line.worst > BARS["float32", True] for line in lines)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("layout", ["rows", "planes"])
@pytest.mark.parametrize("loss", BY_INDEX)
def test_rows_out_of_reach_are_computed_exactly(loss, layout, fast):
    """A row whose logits are far, infinite or NaN does not spoil its neighbours, nor they it."""
    logits, targets = example(loss, 300, 5)
    logits[7], logits[8, 0], logits[9] = 1e4 * logits[7], -np.inf, np.nan
    targets[8] = 1
    _, values, slope = run(loss, logits, targets, layout=layout, fast=fast)
    assert np.isnan(values[9])
    assert np.isfinite(np.delete(values, 9)).all()
    assert np.isfinite(np.delete(slope, 9, 0)).all()
    for n in (7, 8):
        _, alone, slope_alone = run(loss, logits[n : n + 1], targets[n : n + 1])
        np.testing.assert_allclose(values[n], alone[0], rtol=2e-7)
        np.testing.assert_allclose(slope[n], slope_alone[0], rtol=3e-7)


@pytest.mark.parametrize("layout", ["rows", "planes"])
@pytest.mark.parametrize("loss", BY_INDEX)
def test_long_sums_keep_their_digits(loss, layout):
    logits, targets = example(loss, 20, 5000)
    _, wanted, slope = run(loss, logits, targets, layout=layout)
    _, got, fast_slope = run(loss, logits, targets, layout=layout, fast=True)
    np.testing.assert_allclose(got, wanted, rtol=16 * 2**-24)
    np.testing.assert_allclose(fast_slope, slope, rtol=16 * 2**-24)


@pytest.mark.parametrize("factor", [1e-30, 1e-7, 1e3, 0.0])
@pytest.mark.parametrize("shape", [(300, 5), (3, 300)])
def test_a_small_or_large_factor_costs_no_digits(shape, factor):
    """What float cannot hold on the way goes to the kernel that computes in double."""
    logits, targets = example("softmax_focal", *shape)
    _, _, wanted = run("softmax_focal", logits, targets, factor=factor)
    _, _, got = run("softmax_focal", logits, targets, factor=factor, fast=True)
    np.testing.assert_allclose(got, wanted, rtol=16 * 2**-24, atol=16 * 2.0**-149)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_every_number_of_16_bits_is_read_and_written(dtype):
    """The squared error to 0 of x is x²: rounded once, at the end, for every x there is."""
    x = np.arange(2**16, dtype=np.uint16).view(MEMORY[dtype])
    with np.errstate(over="ignore", invalid="ignore"):
        _, values, slope = run("mse", x, np.zeros_like(x), dtype=dtype)
        wide = x.astype(np.float64)
        np.testing.assert_array_equal(
            values.astype(float), (wide * wide).astype(MEMORY[dtype]).astype(float)
        )
        np.testing.assert_array_equal(
            slope.astype(float), (2 * wide).astype(MEMORY[dtype]).astype(float)
        )


def test_there_is_no_fast_float64():
    assert kernel("mse", "float64", fast=True) is kernel("mse", "float64")


@pytest.mark.parametrize("shape", [(16, 10), (16, 200)])
@pytest.mark.parametrize(
    "factors", [(2.0**-59, 2.0**-59, 30), (2.0**59, 2.0**59, -30), (2.0**-39, 2.0**-39, 30)]
)
def test_factors_whose_product_float_does_not_hold(shape, factors):
    factor, of_rows, logit = factors
    logits, targets = np.full(shape, float(logit)), np.zeros(shape[0], int)
    more = {"factor": factor, "factors": np.full(shape[0], of_rows)}
    _, _, wanted = run("cross_entropy_index", logits, targets, **more)
    _, _, got = run("cross_entropy_index", logits, targets, fast=True, **more)
    assert (wanted != 0).all()
    np.testing.assert_allclose(got, wanted, rtol=16 * 2**-24)


@pytest.mark.parametrize("shape", [(16, 10), (16, 200)])
@pytest.mark.parametrize(
    ("weight", "factor"), [(1e-40, 1e12), (1e39, 1e-15), (0.0, 1.0), (1.0, 1.0)]
)
def test_weights_that_float_does_not_hold(shape, weight, factor):
    rng = np.random.default_rng(1)
    logits, targets = rng.normal(0, 3, shape), rng.integers(shape[1], size=shape[0])
    alpha = np.where(np.arange(shape[1]) % 2, weight, 1.0)
    more = {"gamma": 2.0, "alpha": alpha, "factor": factor}
    _, wanted, slope = run("softmax_focal", logits, targets, **more)
    _, got, fast_slope = run("softmax_focal", logits, targets, fast=True, **more)
    np.testing.assert_allclose(got, wanted, rtol=16 * 2**-24)
    np.testing.assert_allclose(fast_slope, slope, rtol=16 * 2**-24)


@pytest.mark.parametrize("alpha", [0.25, 0.99, 0.9999, 1 - 1e-7])
def test_one_minus_alpha_keeps_its_digits(alpha):
    logits = np.random.default_rng(2).normal(0, 3, 256)
    _, wanted, slope = run("sigmoid_focal", logits, np.zeros(256), alpha=alpha, gamma=2.0)
    _, got, fast_slope = run(
        "sigmoid_focal", logits, np.zeros(256), alpha=alpha, gamma=2.0, fast=True
    )
    np.testing.assert_allclose(got, wanted, rtol=16 * 2**-24)
    np.testing.assert_allclose(fast_slope, slope, rtol=16 * 2**-24)


@pytest.mark.parametrize("logit", [0.65024590, -0.020732636, 0.0806329])
@pytest.mark.parametrize("classes", [100, 3000, 9000])
def test_sums_of_equal_terms_keep_their_digits(logit, classes):
    """Each addition of the same number rounds the same way."""
    logits, targets = np.full((16, classes), logit), np.arange(16)
    _, wanted, slope = run("softmax_focal", logits, targets, layout="planes", gamma=2.0)
    _, got, fast_slope = run(
        "softmax_focal", logits, targets, layout="planes", gamma=2.0, fast=True
    )
    np.testing.assert_allclose(got, wanted, rtol=16 * 2**-24)
    np.testing.assert_allclose(fast_slope, slope, rtol=16 * 2**-24)
