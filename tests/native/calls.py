"""Calling kernels on arrays, in every layout, as the tests need it."""

import ml_dtypes
import numpy as np

from lossbook.native import kernel

MEMORY = {
    "float32": np.float32,
    "float64": np.float64,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
}  # comes with jax
PARAMETERS = {"alpha": 1.0, "gamma": 2.0, "label_smoothing": 0.0, "pos_weight": 1.0, "weight": 1.0}


def address(array):
    return None if array is None else array.ctypes.data


def run(
    name,
    logits,
    targets,
    *,
    layout="rows",
    inplace=False,
    gradient=True,
    threads=2,
    factors=None,
    dtype="float32",
    fast=False,
    one_hot=False,
    **options,
):
    """(sum, values, gradient) of rows of logits (N, K), or of single outputs (N,); options: parameters, factor, ignored, target_check.

    layout: "rows", the classes of a row follow each other; "planes": the rows of a class do.
    """
    code = kernel(name, dtype, fast, one_hot)
    assert code is not None
    memory = MEMORY[dtype]
    extra = {
        key: options.pop(key) for key in ("factor", "ignored", "target_check") if key in options
    }
    logits = np.array(logits, memory)
    rows, classes = logits.shape if logits.ndim == 2 else (logits.size, 1)
    shape = (
        (1, 1, rows)
        if logits.ndim == 1
        else (rows, classes, 1)
        if layout == "rows"
        else (1, classes, rows)
    )

    def laid(a):
        return np.ascontiguousarray(a if layout == "rows" else a.T)

    x = laid(logits)
    inputs, weights, numbers = {"arrays": []}, [], []
    kept = []
    for argument, role in code.inputs[1:]:
        value = options.get(argument, PARAMETERS.get(argument))
        if role == "array":
            kept.append(laid(np.asarray(targets, memory)))
            inputs["arrays"].append(address(kept[-1]))
        elif role == "class index":
            kept.append(np.ascontiguousarray(targets, np.int64))
            inputs["index"] = address(kept[-1])
        elif role == "per class":
            kept.append(np.ascontiguousarray(np.broadcast_to(value, classes), np.float64))
            weights.append(address(kept[-1]))
        else:
            numbers.append(float(value))
    values = np.full(rows, np.nan, memory)
    slope = (x if inplace else np.full_like(x, np.nan)) if gradient else None
    more = {
        "gradient": address(slope),
        "values": address(values),
        "factors": address(factors),
        "threads": threads,
    }
    total = code.run(
        shape, address(x), code.pack_parameters(weights, numbers), **inputs, **more, **extra
    )
    return total, values, None if slope is None else laid(slope)
