"""What an array library has to provide, so that one algorithm serves NumPy and PyTorch.

Arrays of both libraries share indexing, comparisons, arithmetic, `shape`, `ndim`, `reshape`, `sum`,
`all` and `any`; only what they spell differently is here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any


class Backend(ABC):
    """An array library. Methods neither check arguments nor change them."""

    @abstractmethod
    def array(self, given: Any, like: Any = None) -> Any:
        """What a caller gave as an array of this library, on the device of `like`."""

    @abstractmethod
    def kind(self, dtype: Any) -> str:
        """What a dtype is: "float", "integer", or something else."""

    @abstractmethod
    def values_known(self, *arrays: Any) -> bool:
        """Whether values can be looked at: not while a graph is traced."""

    @abstractmethod
    def may_cache(self) -> bool:
        """Whether plans may be looked up: not while a graph is traced."""

    @abstractmethod
    def is_constant(self, array: Any) -> bool:
        """Whether no gradient by the array is wanted: targets and weights get none."""

    @abstractmethod
    def upcast(self, array: Any) -> Any:
        """In float64, so that a narrower result is rounded once, at the end."""

    @abstractmethod
    def in_pairs(self, logits: Any, *arrays: Any) -> bool:
        """Whether generated code runs on pairs: for float64 logits whose values are known."""

    @abstractmethod
    def index(self, targets: Any) -> Any:
        """Class indices in int64."""

    @abstractmethod
    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """`a` where the condition holds, else `b`."""

    @abstractmethod
    def full(self, count: int, value: float, like: Any) -> Any:
        """`count` times a number, in float64, on the device of `like`."""

    @abstractmethod
    def one_hot(self, index: Any, classes: int, axis: int) -> Any:
        """1 at the class of each row and 0 elsewhere, in float64, with the classes along `axis`."""

    # -- for kernels ----------------------------------------------------------------------------

    @abstractmethod
    def dtype_name(self, array: Any) -> str | None:
        """The name of a dtype that kernels have, else None."""

    @abstractmethod
    def is_dense(self, array: Any) -> bool:
        """Whether a kernel can read the array where it is: contiguous and aligned."""

    @abstractmethod
    def dense(self, array: Any, like: Any = None) -> Any:
        """The array as `is_dense` wants it, in the dtype of `like`."""

    @abstractmethod
    def double(self, array: Any) -> Any:
        """The array in float64, as `is_dense` wants it."""

    @abstractmethod
    def strides(self, array: Any) -> Sequence[int]:
        """The steps between neighbours along each axis."""

    @abstractmethod
    def permute(self, array: Any, order: Sequence[int]) -> Any:
        """The array with its axes in another order; a view."""

    @abstractmethod
    def address(self, array: Any) -> int:
        """Where the numbers are in memory."""

    @abstractmethod
    def threads(self) -> int:
        """How many threads a kernel may use."""
