"""A pool of buffers for gradients: touching fresh pages costs more than computing the loss.

A block returns to the pool when the last tensor or view that uses it is gone: PyTorch holds the
lease for as long as the storage lives. `$LOSSBOOK_POOL` limits the idle blocks, in megabytes (1024
unless given; 0 switches the pool off).
"""

from __future__ import annotations

import ctypes
import os
import threading
from functools import lru_cache

import numpy as np

LINE = 64  # bytes: blocks are aligned to cache lines
LEAST = 1 << 20  # bytes: smaller blocks come from the allocator, which reuses memory of its own
_lock = threading.RLock()  # re-entrant: garbage collection may end a lease while it is held
_idle: list[np.ndarray] = []


def limit() -> int:
    """The most bytes that may be idle."""
    given = os.environ.get("LOSSBOOK_POOL", "1024")
    return int(given) << 20 if given.isdigit() else 1 << 30


def lease(size: int) -> ctypes.Array:
    """A block of `size` bytes, which returns to the pool once nothing refers to it."""
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
    leased = _lease_type(size).from_buffer(block)
    leased.block = block
    return leased


def clear() -> None:
    """Return all idle blocks to the system."""
    with _lock:
        _idle.clear()


def idle() -> int:
    """How many bytes are idle."""
    with _lock:
        return sum(block.nbytes for block in _idle)


@lru_cache(maxsize=256)
def _lease_type(size: int) -> type:
    return type("Lease", (ctypes.c_char * size,), {"__del__": lambda self: _return(self.block)})


def _return(block: np.ndarray) -> None:
    with _lock:
        _idle.append(block)
        while _idle and sum(a.nbytes for a in _idle) > limit():
            _idle.pop(0)
