"""Gradients so large that they go past the caches: the same wherever they start, and nothing beside them is written."""

import ml_dtypes
import numpy as np
import pytest

from lossbook.book.speed import listing
from lossbook.native import kernel

SIZE = listing.constants("STREAM")[0] // 4 + 1000
GUARD = 4096  # bytes on either side
MEMORY = {"float32": np.float32, "bfloat16": ml_dtypes.bfloat16}
SHAPES = [  # outer x classes x inner
    ("cross_entropy_index", (2, 4, SIZE // 128 * 16)),  # planes that all start alike within a line
    ("cross_entropy_index", (1, 7, SIZE // 7 + 1)),  # planes that do not
    ("cross_entropy_index", (SIZE // 1001 + 1, 1001, 1)),
    ("softmax_focal", (SIZE // 3 + 1, 3, 1)),
    ("softmax_focal", (SIZE // 40 + 1, 40, 1)),
    ("binary_cross_entropy", (1, 1, SIZE + 5)),
]


@pytest.mark.parametrize(
    ("dtype", "offsets"), [("float32", (0, 4, 16, 36)), ("bfloat16", (0, 2, 38))]
)
@pytest.mark.parametrize(("loss", "shape"), SHAPES)
def test_wherever_it_starts(loss, shape, dtype, offsets):
    outer, classes, inner = (shape[0] * (2 if dtype == "bfloat16" else 1), *shape[1:])
    if loss == "binary_cross_entropy" and dtype == "bfloat16":
        outer, inner = 1, 2 * inner
    shape, size, rows = (outer, classes, inner), outer * classes * inner, outer * inner
    rng = np.random.default_rng(0)
    logits = (rng.integers(-64, 64, size=size) / 16).astype(MEMORY[dtype])
    code = kernel(loss, dtype, True)
    if classes == 1:
        targets = rng.integers(2, size=size).astype(MEMORY[dtype])
        inputs, fixed = {"arrays": [targets.ctypes.data]}, code.pack_parameters((), (1.0,))
    else:
        targets, weight = rng.integers(classes, size=rows), np.ones(classes)
        inputs, fixed = (
            {"index": targets.ctypes.data},
            code.pack_parameters([weight.ctypes.data], (2.0,)),
        )
    wanted = logits.copy()  # the gradient in the place of the logits never goes past the caches
    code.run(shape, wanted.ctypes.data, fixed, gradient=wanted.ctypes.data, threads=2, **inputs)
    for offset in offsets:
        memory = np.full(logits.nbytes + 3 * GUARD, 0xA5, np.uint8)
        start = GUARD - memory.ctypes.data % 64 + offset
        found = memory[start : start + logits.nbytes].view(MEMORY[dtype])
        code.run(shape, logits.ctypes.data, fixed, gradient=found.ctypes.data, threads=2, **inputs)
        rtol = (
            16 * 2**-24 if dtype == "float32" else 2**-7
        )  # which rows go the longer way depends on where it starts
        np.testing.assert_allclose(found.astype(np.float32), wanted.astype(np.float32), rtol=rtol)
        assert (memory[:start] == 0xA5).all()
        assert (memory[start + logits.nbytes :] == 0xA5).all()
