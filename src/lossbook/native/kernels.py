"""The kernels of this process: compiled or loaded when first asked for, or the reason why there are none."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from . import cache as files
from . import compiler

COUNT, POINTER, NUMBER = ctypes.c_int64, ctypes.c_void_p, ctypes.c_double
RUN = (
    COUNT,
    COUNT,
    COUNT,
    POINTER,
    POINTER,
    POINTER,
    POINTER,
    POINTER,
    POINTER,
    POINTER,
    POINTER,
    NUMBER,
    COUNT,
)
RUN += (ctypes.c_int, ctypes.c_int, ctypes.POINTER(NUMBER))
NO_MEMORY, STOPPED = 1, 2  # what it may return beside 0
SUMS = 2  # as `look`
CHECK = (
    POINTER,
    COUNT,
    COUNT,
    COUNT,
    POINTER,
    ctypes.c_int,
    ctypes.POINTER(COUNT),
    ctypes.POINTER(NUMBER),
)
EXTREMES = (POINTER, COUNT, ctypes.c_int, ctypes.POINTER(NUMBER), ctypes.POINTER(NUMBER))


@dataclass(frozen=True)
class Status:
    """Whether losses are computed by compiled kernels.

    Attributes:
        available: Whether they are.
        reason: Why or why not, in words.
        compiler: The compiler's command; empty if there is none.
        folder: The folder of the cache that keeps compiled kernels.
        loaded: The losses whose kernels this process has loaded.
    """

    available: bool
    reason: str
    compiler: str
    folder: str
    loaded: tuple[str, ...]


_threads = {
    "most": 2**31 - 1
}  # OpenMP's are gone after a fork, and whoever waits for them waits for ever
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _threads.update(most=1))


class Kernel:
    """The kernels of one loss, for logits of one dtype: addresses in, nothing checked."""

    def __init__(self, library: ctypes.CDLL):
        self.run_ = library.lossbook_run
        self.run_.argtypes, self.run_.restype = RUN, ctypes.c_int
        self.check_ = library.lossbook_check
        self.check_.argtypes, self.check_.restype = CHECK, COUNT
        self.extremes_ = library.lossbook_extremes
        self.extremes_.argtypes, self.extremes_.restype = EXTREMES, ctypes.c_int
        self.map = library.lossbook_map
        library.lossbook_inputs.restype = ctypes.c_char_p
        text = library.lossbook_inputs().decode()
        self.inputs = tuple(tuple(part.split(":")) for part in text.split(","))

    @staticmethod
    def fixed(weights: Sequence[int] = (), numbers: Sequence[float] = ()) -> tuple:
        """The addresses of weights and the numbers as `run` takes them: made once, they serve many calls."""
        return (POINTER * len(weights))(*weights), (NUMBER * len(numbers))(*numbers)

    def run(
        self,
        shape: tuple[int, int, int],
        logits: int,
        fixed: tuple,
        *,
        arrays: Sequence[int] = (),
        index: int | None = None,
        gradient: int | None = None,
        values: int | None = None,
        factors: int | None = None,
        factor: float = 1.0,
        ignored: int = -(2**63),
        look: int = False,
        threads: int = 1,
    ) -> float | None:
        """The sum of the values of all rows; with addresses for them, the values and the gradient too.

        shape: outer x classes x inner, as the logits lie in memory. fixed, arrays, index: the other inputs, in the order
        of `inputs`. factors: float64, for each row what its gradient is multiplied by; factor: for all.
        ignored: the class of rows that count for nothing. gradient may be the address of the logits.
        look: whether the targets are looked at on the way. None then where one is no class that counts, or no share from
        0 to 1, or, for SUMS, where the shares of a row do not sum to 1: what was written means nothing.
        """
        total = NUMBER()
        failed = self.run_(
            *shape,
            logits,
            (POINTER * len(arrays))(*arrays) if arrays else None,
            index,
            *fixed,
            gradient,
            values,
            factors,
            factor,
            ignored,
            look,
            min(threads, _threads["most"]),
            total,
        )
        if failed == NO_MEMORY:
            raise MemoryError("there is no memory for the kernel's scratch space")
        return None if failed == STOPPED else total.value

    def check(
        self,
        index: int,
        rows: int,
        classes: int,
        ignored: int,
        weight: int | None = None,
        threads: int = 1,
    ) -> tuple[int, int, float]:
        """(position of the first class number out of range, or -1; how many rows count; their weight)."""
        count, total = COUNT(), NUMBER()
        bad = self.check_(
            index, rows, classes, ignored, weight, min(threads, _threads["most"]), count, total
        )
        return bad, count.value, total.value

    def extremes(self, numbers: int, size: int, threads: int = 1) -> tuple[float, float] | None:
        """The least and the most of numbers of the kernel's dtype; None where one is NaN."""
        least, most = NUMBER(), NUMBER()
        known = self.extremes_(numbers, size, min(threads, _threads["most"]), least, most)
        return (least.value, most.value) if known else None


DTYPES = ("float32", "float64", "float16", "bfloat16")
_lock = threading.RLock()
_loaded: dict[tuple[str, str, bool, bool], Kernel | None] = {}
_failures: list[str] = []


SWITCHED_OFF = os.environ.get("LOSSBOOK_NATIVE") == "0"  # read once: a call on few rows costs less


def enabled() -> bool:
    """Return whether compiled kernels may be used.

    They may unless LOSSBOOK_NATIVE=0 is set, on little-endian POSIX systems, and not in a browser.
    """
    return (
        not SWITCHED_OFF
        and os.name == "posix"
        and sys.byteorder == "little"
        and sys.platform != "emscripten"
    )


def kernel(
    name: str, dtype: str = "float32", fast: bool = False, one_hot: bool = False
) -> Kernel | None:
    """Return the kernels of a loss for logits of one dtype, compiled if need be.

    Args:
        name: The name of the loss in the registry.
        dtype: The dtype of the logits, such as "float32".
        fast: Whether to compute in float32, with errors of at most 16 ULP. Otherwise the arithmetic is
            float64, rounded once. For float64 logits it is always pairs of float64.
        one_hot: Whether targets are class indices where the loss takes probabilities.

    Returns:
        The kernels, or None where there are none. Where compiling fails, a warning says so once.
    """
    key = (name, dtype, fast and dtype != "float64", one_hot)
    try:
        return _loaded[key]
    except KeyError:
        pass
    if dtype not in DTYPES or not enabled():
        return None
    with _lock:
        if key not in _loaded:
            _loaded[key] = _load(*key) if not _failures else None
        return _loaded[key]


def _load(name: str, dtype: str, fast: bool, one_hot: bool) -> Kernel | None:
    try:
        text = compiler.source(name, dtype, fast, one_hot)
        path = files.kept(compiler.key(text), lambda: compiler.compiled(text))
        return Kernel(ctypes.CDLL(str(path)))
    except (compiler.CompileError, OSError) as error:
        _failures.append(str(error))
        warnings.warn(
            f"lossbook computes losses without compiled kernels, more slowly: {error}. "
            "See lossbook.native.status(); with LOSSBOOK_NATIVE=0 there is no notice.",
            RuntimeWarning,
            stacklevel=2,
        )
        return None


def status() -> Status:
    """Return whether losses are computed by compiled kernels, and why or why not.

    Example:
        >>> isinstance(status().available, bool)
        True
    """
    command, reason = "", ""
    if not enabled():
        reason = (
            "switched off by LOSSBOOK_NATIVE=0"
            if SWITCHED_OFF
            else f"not supported on {sys.platform}"
        )
    else:
        try:
            command = " ".join(compiler.compiler())
            works = (
                "the compiler works"
                if compiler.PARALLEL[0] in command.split()
                else "no OpenMP: one thread"
            )
            reason = _failures[0] if _failures else works
        except compiler.CompileError as error:
            reason = str(error)
    available = enabled() and bool(command) and not _failures
    return Status(
        available,
        reason,
        command,
        str(files.folder()),
        tuple(sorted({n for (n, *_), k in _loaded.items() if k})),
    )


@cache
def processors() -> int:
    """How many threads to use: OMP_NUM_THREADS, or the processors that this process may use."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if first.isdigit() and int(first):
        return int(first)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
