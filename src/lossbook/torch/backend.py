"""PyTorch, as `lossbook.api` uses an array library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..api.backend import Backend

KERNEL_DTYPES = {
    torch.float64: "float64",
    torch.float32: "float32",
    torch.float16: "float16",
    torch.bfloat16: "bfloat16",
}


class TorchBackend(Backend):
    """See `Backend`."""

    def array(self, given: Any, like: Any = None) -> Tensor:
        if isinstance(given, Tensor):
            return given
        return torch.as_tensor(given, device=None if like is None else like.device)

    def kind(self, dtype: torch.dtype) -> str:
        if dtype.is_floating_point:
            return "float"
        return "other" if dtype == torch.bool or dtype.is_complex else "integer"

    def values_known(self, *arrays: Any) -> bool:
        """Not in a graph, on the meta device, or while `torch.func.vmap` maps over a tensor."""
        if torch.compiler.is_compiling():
            return False
        return not any(isinstance(t, Tensor) and (t.is_meta or _is_mapped(t)) for t in arrays)

    def may_cache(self) -> bool:  # under a dispatch mode, sizes may be symbols, which have no hash
        return not torch.compiler.is_compiling() and not torch._C._len_torch_dispatch_stack()

    def is_constant(self, array: Tensor) -> bool:
        return not (array.requires_grad and torch.is_grad_enabled())

    def upcast(self, array: Tensor) -> Tensor:
        """In float64; in float32 on Apple's GPUs, which have no float64."""
        return array.to(torch.float32 if array.device.type == "mps" else torch.float64)

    def in_pairs(self, logits: Tensor, *arrays: Any) -> bool:
        return logits.dtype == torch.float64 and self.values_known(logits, *arrays)

    def index(self, targets: Tensor) -> Tensor:
        if targets.dtype == torch.int64:
            return targets
        index = targets.long()
        if targets.dtype == torch.uint64:  # what int64 does not hold stays out of range
            index = torch.where(index < 0, 2**63 - 1, index)
        return index

    def where(self, condition: Tensor, a: Any, b: Any) -> Tensor:
        return torch.where(condition, a, b)

    def full(self, count: int, value: float, like: Tensor) -> Tensor:
        return self.upcast(torch.ones(count, device=like.device)) * value

    def one_hot(self, index: Tensor, classes: int, axis: int) -> Tensor:
        each = torch.arange(classes, device=index.device)
        return self.upcast((index.unsqueeze(-1) == each).movedim(-1, axis))

    def dtype_name(self, array: Tensor) -> str | None:
        return KERNEL_DTYPES.get(array.dtype)

    def is_dense(self, array: Tensor) -> bool:
        return array.is_contiguous()

    def dense(self, array: Tensor, like: Tensor | None = None) -> Tensor:
        if like is not None and array.dtype != like.dtype:
            array = array.to(like.dtype)
        return array if array.is_contiguous() else array.contiguous()

    def double(self, array: Tensor) -> Tensor:
        return array.detach().to(torch.float64).contiguous()

    def strides(self, array: Tensor) -> Sequence[int]:
        return array.stride()

    def permute(self, array: Tensor, order: Sequence[int]) -> Tensor:
        return array.permute(order)

    def address(self, array: Tensor) -> int:
        return array.data_ptr()

    def threads(self) -> int:
        return torch.get_num_threads()


def _is_mapped(tensor: Tensor) -> bool:
    layers = torch._C._functorch
    while layers.is_functorch_wrapped_tensor(tensor) and not layers.is_batchedtensor(tensor):
        tensor = layers.get_unwrapped(tensor)
    return layers.is_batchedtensor(tensor)


TORCH = TorchBackend()
