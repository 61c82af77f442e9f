"""NumPy, as `lossbook.api` uses an array library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..api.backend import Backend
from ..native.kernels import processors

KINDS = {"f": "float", "i": "integer", "u": "integer"}
KERNEL_DTYPES = {np.dtype(name): name for name in ("float64", "float32", "float16")}


class NumPyBackend(Backend):
    """See `Backend`."""

    def array(self, given: Any, like: Any = None) -> np.ndarray:
        """An array in this machine's byte order."""
        found = np.asarray(given)
        return found if found.dtype.isnative else found.astype(found.dtype.newbyteorder("="))

    def kind(self, dtype: np.dtype) -> str:
        return KINDS.get(dtype.kind) or str(dtype)

    def values_known(self, *arrays: np.ndarray) -> bool:
        return True

    def may_cache(self) -> bool:
        return True

    def is_constant(self, array: np.ndarray) -> bool:
        return True

    def upcast(self, array: np.ndarray) -> np.ndarray:
        return array.astype(np.promote_types(array.dtype, np.float64), copy=False)

    def in_pairs(self, logits: np.ndarray, *arrays: np.ndarray) -> bool:
        return logits.dtype == np.float64

    def index(self, targets: np.ndarray) -> np.ndarray:
        if targets.dtype == np.uint64:  # what int64 does not hold stays out of range
            targets = np.minimum(targets, np.uint64(2**63 - 1))
        return targets.astype(np.int64, copy=False)

    def where(self, condition: Any, a: Any, b: Any) -> np.ndarray:
        return np.where(condition, a, b)

    def full(self, count: int, value: float, like: np.ndarray) -> np.ndarray:
        return np.full(count, value)

    def one_hot(self, index: np.ndarray, classes: int, axis: int) -> np.ndarray:
        return np.moveaxis(np.eye(classes)[index], -1, axis)

    def dtype_name(self, array: np.ndarray) -> str | None:
        return KERNEL_DTYPES.get(array.dtype)

    def is_dense(self, array: np.ndarray) -> bool:
        return array.flags.c_contiguous and array.flags.aligned

    def dense(self, array: np.ndarray, like: np.ndarray | None = None) -> np.ndarray:
        return np.require(array, None if like is None else like.dtype, "CA")

    def double(self, array: np.ndarray) -> np.ndarray:
        return np.require(array, np.float64, "CA")

    def strides(self, array: np.ndarray) -> Sequence[int]:
        return array.strides

    def permute(self, array: np.ndarray, order: Sequence[int]) -> np.ndarray:
        return array.transpose(order)

    def address(self, array: np.ndarray) -> int:
        return array.ctypes.data

    def threads(self) -> int:
        return processors()


NUMPY = NumPyBackend()
