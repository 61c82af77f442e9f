"""Memory for gradients, used again: fresh pages cost more than the loss that fills them.

A block goes back when the last tensor or view that uses it is gone, never before: PyTorch holds the lease for as long as the
storage lives. LOSSBOOK_POOL is how many megabytes may lie idle; 0 switches it off.
"""

from __future__ import annotations

import ctypes
import os
import threading
from functools import lru_cache

import numpy as np

LINE = 64  # bytes: a block starts where a line of the cache does
LEAST = 1 << 20  # bytes: below, the allocator has warm memory of its own
_lock = threading.RLock()  # a lease may end while the same thread holds it
_idle: list[np.ndarray] = []


def limit() -> int:
    """How many bytes may lie idle."""
    given = os.environ.get("LOSSBOOK_POOL", "1024")
    return int(given) << 20 if given.isdigit() else 1 << 30


def lease(size: int) -> ctypes.Array:
    """A block of that many bytes, which goes back to the pool when nothing refers to it any more."""
    block = None
    with _lock:
        for n in range(len(_idle) - 1, -1, -1):
            if _idle[n].nbytes == size:
                block = _idle.pop(n)
                break
    if block is None:
        whole = np.empty(size + LINE, np.uint8)
        start = -whole.ctypes.data % LINE
        block = whole[start : start + size]
    leased = _kind(size).from_buffer(block)
    leased.block = block
    return leased


def clear() -> None:
    """Give all idle blocks back to the system."""
    with _lock:
        _idle.clear()


def idle() -> int:
    """How many bytes lie idle."""
    with _lock:
        return sum(block.nbytes for block in _idle)


@lru_cache(maxsize=256)
def _kind(size: int) -> type:
    return type("Lease", (ctypes.c_char * size,), {"__del__": lambda self: _give(self.block)})


def _give(block: np.ndarray) -> None:
    with _lock:
        _idle.append(block)
        while _idle and sum(a.nbytes for a in _idle) > limit():
            _idle.pop(0)
