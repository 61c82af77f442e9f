"""Class weights from counts, and counts from a stream of label arrays."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from lossbook.weights import count_classes, inverse_frequency_weights

COUNTS = np.array([100, 10, 0, 1])


def test_rare_classes_weigh_more_in_proportion():
    for normalise in ("mean", "sum", "average", "none"):
        weights = inverse_frequency_weights(COUNTS, normalise=normalise)
        assert weights[2] == 0  # it has no rows to weigh
        np.testing.assert_allclose((weights * COUNTS)[[0, 1, 3]], weights[0] * COUNTS[0])


def test_what_each_normalisation_keeps():
    assert inverse_frequency_weights(COUNTS)[[0, 1, 3]].mean() == pytest.approx(1)
    assert inverse_frequency_weights(COUNTS, normalise="sum").sum() == pytest.approx(1)
    average = inverse_frequency_weights(COUNTS, normalise="average")
    assert (average * COUNTS).sum() / COUNTS.sum() == pytest.approx(1)
    np.testing.assert_array_equal(
        inverse_frequency_weights([4.0, 2.0], normalise="none"), [0.25, 0.5]
    )


def test_average_is_scikit_learns_balanced():
    labels = np.repeat([0, 1, 2], [50, 30, 7])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    got = inverse_frequency_weights(count_classes([labels], 3, progress=False), normalise="average")
    np.testing.assert_allclose(got, expected, rtol=1e-15)


def test_counts_of_a_stream_are_counts_of_the_whole():
    rng = np.random.default_rng(0)
    arrays = [
        rng.integers(0, 5, (7, n)).astype(dtype)
        for n, dtype in enumerate([np.uint8, np.int16, int, int])
    ]
    arrays[3][0, :] = -1
    whole = np.concatenate([a.ravel().astype(int) for a in arrays])
    counts = count_classes(iter(arrays), 5, ignore_index=-1, progress=False)
    np.testing.assert_array_equal(counts, np.bincount(whole[whole >= 0], minlength=5))
    np.testing.assert_array_equal(
        count_classes([np.uint8([255, 1])], 3, ignore_index=255, progress=False), [0, 1, 0]
    )
    np.testing.assert_array_equal(count_classes([], 2, progress=False), [0, 0])
    np.testing.assert_array_equal(count_classes([np.array(1)], 2, progress=False), [0, 1])


def test_progress_is_shown_where_it_is_asked_for(capsys):
    count_classes([[0], [1]], 2)
    assert "counting classes" in capsys.readouterr().err
    count_classes([[0], [1]], 2, progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("counts", "options", "error", "message"),
    [
        ([1, -1], {}, ValueError, r"counts is -1 at position \(1,\)"),
        ([1, np.inf], {}, ValueError, "counts is inf"),
        ([0, 0], {}, ValueError, "counts is all 0"),
        ([[1, 2]], {}, ValueError, r"counts has shape \(1, 2\); expected \(K,\)"),
        ([True, False], {}, TypeError, "counts has dtype bool"),
        ([1, 2], {"normalise": "max"}, ValueError, "normalise is 'max'; expected one of 'mean'"),
    ],
)
def test_wrong_counts(counts, options, error, message):
    with pytest.raises(error, match=f"^inverse_frequency_weights: {message}"):
        inverse_frequency_weights(counts, **options)


@pytest.mark.parametrize(
    ("arrays", "options", "error", "message"),
    [
        (
            [[0, 1], [0, 2]],
            {},
            ValueError,
            r"array 1 of label_arrays is 2 at position \(1,\); .* from 0 to 1",
        ),
        ([[0, -1]], {}, ValueError, "array 0 of label_arrays is -1"),
        ([[0.0, 1.0]], {}, TypeError, "array 0 of label_arrays has dtype float64"),
        ([[0]], {"num_classes": 0}, ValueError, "num_classes is 0; expected at least 1"),
        ([[0]], {"num_classes": 2.0}, TypeError, "num_classes is 2.0"),
        ([[0]], {"ignore_index": "x"}, TypeError, "ignore_index is 'x'"),
    ],
)
def test_wrong_labels(arrays, options, error, message):
    with pytest.raises(error, match=f"^count_classes: {message}"):
        count_classes(arrays, **({"num_classes": 2, "progress": False} | options))
