"""Class weights from how often each class occurs, and counting that over a data set too large to hold."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .api import arguments
from .numpy.backend import NUMPY

NORMALISATIONS = ("mean", "sum", "average", "none")


def inverse_frequency_weights(counts, *, normalise: str = "mean") -> np.ndarray:
    """A weight for each class, inverse to how often it occurs.

    Domain: counts of at least 0, one of them positive. Formula: w_k ∝ 1 / n_k. A class that never occurs weighs 0: it
    has no rows to weigh.

    counts: (K,), how often each class occurs.
    normalise: "mean": the weights of the classes that occur average 1. "sum": the weights sum to 1. "average": the
        weights average 1 over the counted rows, as in scikit-learn's "balanced": w_k = Σn / (K n_k), K the number of
        classes that occur. "none": 1 / n_k.

    Returns: (K,), float64.
    Errors: counts negative, not finite, all 0, of another shape or dtype; an unknown normalise.
    """
    function = "inverse_frequency_weights"
    counts = np.asarray(counts)
    arguments.check_kind(function, "counts", counts, NUMPY.kind(counts.dtype), ("integer", "float"))
    if counts.ndim != 1 or not counts.size:
        raise arguments.wrong(
            function, "counts", f"has shape {counts.shape}", "(K,): one count for each class"
        )
    finite = "finite counts that are not negative"
    arguments.check_values(
        function, "counts", counts, ~((counts >= 0) & np.isfinite(counts)), finite
    )
    if normalise not in NORMALISATIONS:
        expected = f"one of {', '.join(map(repr, NORMALISATIONS))}"
        raise arguments.wrong(function, "normalise", f"is {normalise!r}", expected)
    occurs = counts > 0
    if not occurs.any():
        raise arguments.wrong(function, "counts", "is all 0", "a class that occurs")
    weights = np.divide(1.0, counts, out=np.zeros(counts.shape), where=occurs)
    scale = {
        "mean": np.count_nonzero(occurs) / weights.sum(),
        "sum": 1 / weights.sum(),
        "average": counts.sum() / np.count_nonzero(occurs),
        "none": 1.0,
    }
    return weights * scale[normalise]


def count_classes(
    label_arrays: Iterable, num_classes: int, *, ignore_index: int = -100, progress: bool = True
) -> np.ndarray:
    """How often each class occurs in a stream of label arrays, one held at a time.

    label_arrays: an iterable of integer arrays of any shape, such as the masks of a segmentation data set.
    num_classes: K. ignore_index: labels with this value are not counted. progress: show a progress bar.

    Returns: (K,), integers.
    Errors: a label outside 0, ..., K-1 that is not ignore_index (shown with its array and position), wrong dtypes.
    """
    function = "count_classes"
    arguments.check_integer(function, "num_classes", num_classes, 1)
    arguments.check_ignore_index(function, ignore_index, True)
    counts = np.zeros(num_classes, np.int64)
    if progress:
        from tqdm import tqdm  # not at the top: a page that runs this in a browser has no tqdm

        label_arrays = tqdm(label_arrays, desc="counting classes", unit="array")
    for n, labels in enumerate(label_arrays):
        labels, name = np.asarray(labels), f"array {n} of label_arrays"
        if labels.size == 0:
            continue
        arguments.check_kind(function, name, labels, NUMPY.kind(labels.dtype), ("integer",))
        bad = ((labels < 0) | (labels >= num_classes)) & (labels != ignore_index)
        expected = f"labels from 0 to {num_classes - 1}, or ignore_index {ignore_index}"
        arguments.check_values(function, name, labels, bad, expected)
        counts += np.bincount(labels[labels != ignore_index].astype(np.intp), minlength=num_classes)
    return counts
