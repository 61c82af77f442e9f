"""Class weights from class counts.

Classes can be counted in a data set that is too large for memory.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from .api import arguments
from .numpy.backend import NUMPY

__all__ = ["count_classes", "inverse_frequency_weights"]

NORMALISATIONS = ("mean", "sum", "average", "none")


def inverse_frequency_weights(counts: ArrayLike, *, normalise: str = "mean") -> np.ndarray:
    """Return a weight for each class, inversely proportional to how often the class occurs.

    The formula is w_k ∝ 1 / n_k. A class that never occurs gets the weight 0: it has no rows to
    weigh.

    Args:
        counts: How often each class occurs, of shape (K,). Finite and at least 0, with at least one
            positive count.
        normalise: What the weights are scaled to. "mean": the weights of the classes that occur
            average 1. "sum": the weights sum to 1. "average": the weights average 1 over the
            counted rows, w_k = Σn / (K n_k), where K is the number of classes that occur; this is
            scikit-learn's "balanced". "none": 1 / n_k.

    Returns:
        The weights, of shape (K,), in float64.

    Raises:
        ValueError: A count is negative or not finite, all counts are 0, the shape is not (K,), or
            `normalise` is unknown.
        TypeError: The counts are neither integers nor floats.

    Example:
        >>> inverse_frequency_weights([90, 10], normalise="average").round(3).tolist()
        [0.556, 5.0]

    References:
        G. King and L. Zeng, "Logistic regression in rare events data", Political Analysis 9(2),
        2001.
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
    label_arrays: Iterable[ArrayLike],
    num_classes: int,
    *,
    ignore_index: int = -100,
    progress: bool = True,
) -> np.ndarray:
    """Count how often each class occurs in a stream of label arrays, held one at a time.

    Args:
        label_arrays: An iterable of integer arrays of any shape, such as the masks of a
            segmentation data set.
        num_classes: The number of classes, K.
        ignore_index: Labels with this value are not counted.
        progress: Whether to show a progress bar.

    Returns:
        The counts, of shape (K,), as integers.

    Raises:
        ValueError: A label is neither in 0, ..., K - 1 nor `ignore_index`. The message shows its
            array and its position.
        TypeError: An array does not hold integers.

    Example:
        >>> count_classes([[0, 0, 2], [1, 255]], 3, ignore_index=255, progress=False).tolist()
        [2, 1, 1]
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
