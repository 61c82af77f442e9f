"""The kernels of this process, compiled or loaded on first use, or why there are none."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

from . import cache as files
from . import compiler

DTYPES = ("float32", "float64", "float16", "bfloat16")
COUNT, POINTER, NUMBER = ctypes.c_int64, ctypes.c_void_p, ctypes.c_double
TO_COUNT, TO_NUMBER = ctypes.POINTER(COUNT), ctypes.POINTER(NUMBER)
# The arguments of lossbook_run and lossbook_check in driver.h.
RUN = (
    *(COUNT, COUNT, COUNT),
    *(POINTER, POINTER, POINTER, POINTER, POINTER, POINTER, POINTER, POINTER),
    *(NUMBER, COUNT, ctypes.c_int, ctypes.c_int, TO_NUMBER),
)
CHECK = (POINTER, COUNT, COUNT, COUNT, POINTER, ctypes.c_int, TO_COUNT, TO_NUMBER)
NO_MEMORY, UNUSUAL_TARGET = 1, 2  # what lossbook_run returns beside 0


class TargetCheck(IntEnum):
    """What `Kernel.run` checks of the targets while it computes."""

    NONE = 0
    RANGE = 1  # each is a class that is not ignored, or a probability from 0 to 1
    SUMS = 2  # the probabilities of each row sum to 1 as well


@dataclass(frozen=True)
class Status:
    """Whether losses are computed by compiled kernels.

    Attributes:
        available: Whether they are.
        reason: Why or why not, in words.
        compiler: The compiler's command; empty if there is none.
        folder: The cache folder of the compiled kernels.
        loaded: The losses whose kernels this process has loaded.
    """

    available: bool
    reason: str
    compiler: str
    folder: str
    loaded: tuple[str, ...]


# OpenMP's threads do not survive a fork, and a parallel region waits for them forever: a forked
# process computes in one thread.
_threads = {"most": 2**31 - 1}
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _threads.update(most=1))


class Kernel:
    """The kernels of one loss for logits of one dtype. Arguments are addresses; none is checked.

    Attributes:
        inputs: The name and the role of each input of the loss, in order.
    """

    def __init__(self, library: ctypes.CDLL):
        self._run = library.lossbook_run
        self._run.argtypes, self._run.restype = RUN, ctypes.c_int
        self._check = library.lossbook_check
        self._check.argtypes, self._check.restype = CHECK, COUNT
        library.lossbook_inputs.restype = ctypes.c_char_p
        text = library.lossbook_inputs().decode()
        self.inputs = tuple(tuple(part.split(":")) for part in text.split(","))

    @staticmethod
    def pack_parameters(weights: Sequence[int] = (), numbers: Sequence[float] = ()) -> tuple:
        """The parameters as `run` takes them; one result serves any number of calls.

        Args:
            weights: The addresses of the class weights, float64.
            numbers: The scalar parameters.
        """
        return (POINTER * len(weights))(*weights), (NUMBER * len(numbers))(*numbers)

    def run(
        self,
        shape: tuple[int, int, int],
        logits: int,
        parameters: tuple,
        *,
        arrays: Sequence[int] = (),
        index: int | None = None,
        gradient: int | None = None,
        values: int | None = None,
        factors: int | None = None,
        factor: float = 1.0,
        ignored: int = -(2**63),
        target_check: int = TargetCheck.NONE,
        threads: int = 1,
    ) -> float | None:
        """The sum of the losses of all rows; given addresses, their gradient and values as well.

        Args:
            shape: outer, classes and inner: how the logits are laid out in memory.
            logits: Their address.
            parameters: From `pack_parameters`.
            arrays: The addresses of the inputs that have the logits' shape and dtype.
            index: The address of the target classes, int64, one for each row.
            gradient: Where the gradient goes; it may be the address of the logits.
            values: Where the loss of each row goes.
            factors: float64, what the gradient of each row is multiplied by.
            factor: What the whole gradient is multiplied by.
            ignored: The class index of rows that do not count.
            target_check: What to check of the targets, a `TargetCheck`.
            threads: How many threads to use at most.

        Returns:
            The sum, or None where the check failed: what was written then means nothing.

        Raises:
            MemoryError: There is no scratch space.
        """
        total = NUMBER()
        failed = self._run(
            *shape,
            logits,
            (POINTER * len(arrays))(*arrays) if arrays else None,
            index,
            *parameters,
            gradient,
            values,
            factors,
            factor,
            ignored,
            target_check,
            min(threads, _threads["most"]),
            total,
        )
        if failed == NO_MEMORY:
            raise MemoryError("there is no memory for the kernel's scratch space")
        return None if failed == UNUSUAL_TARGET else total.value

    def check(
        self,
        index: int,
        rows: int,
        classes: int,
        ignored: int,
        weight: int | None = None,
        threads: int = 1,
    ) -> tuple[int, int, float]:
        """Check class indices: (position of the first one out of range or -1, rows, weight).

        The second and the third say how many rows count, and the sum of their class weights.
        """
        count, total = COUNT(), NUMBER()
        bad = self._check(
            index, rows, classes, ignored, weight, min(threads, _threads["most"]), count, total
        )
        return bad, count.value, total.value


_lock = threading.RLock()
_loaded: dict[tuple[str, str, bool, bool, str], Kernel | None] = {}
SOURCES = str(compiler.SOURCES)  # a path as a key would cost a microsecond in every call
_failures: list[str] = []


def switched_off() -> bool:
    """Whether `LOSSBOOK_NATIVE=0` is set. Kernels that are loaded already stay in use."""
    return os.environ.get("LOSSBOOK_NATIVE") == "0"


def supported() -> bool:
    """Whether this platform has what driver.h needs; a browser does not."""
    return os.name == "posix" and sys.byteorder == "little" and sys.platform != "emscripten"


def enabled() -> bool:
    """Return whether compiled kernels may be used.

    They may unless LOSSBOOK_NATIVE=0 is set, on little-endian POSIX systems, and not in a browser.
    """
    return not switched_off() and supported()


def kernel(
    name: str,
    dtype: str = "float32",
    fast: bool = False,
    one_hot: bool = False,
    folder: str = SOURCES,
) -> Kernel | None:
    """Return the kernels of a loss for logits of one dtype, compiled if need be.

    Args:
        name: The name of the loss in the registry.
        dtype: The dtype of the logits, such as "float32".
        fast: Whether to compute in float32, with errors of at most 16 ULP. Otherwise the arithmetic
            is float64, rounded once. For float64 logits it is always pairs of float64.
        one_hot: Whether targets are class indices where the loss takes probabilities.
        folder: Where the generated C++ of the loss is.

    Returns:
        The kernels, or None where there are none. Where compiling fails, a warning says so once.
    """
    key = (name, dtype, fast and dtype != "float64", one_hot, folder)
    try:
        return _loaded[key]
    except KeyError:
        pass
    if dtype not in DTYPES or not enabled() or not Path(folder, f"{name}.cpp").exists():
        return None
    with _lock:
        if key not in _loaded:
            _loaded[key] = _load(*key) if not _failures else None
        return _loaded[key]


def _built(name: str, dtype: str, fast: bool, one_hot: bool, folder: str) -> Path:
    text = compiler.source(name, dtype, fast, one_hot, Path(folder))
    return files.get_or_build(compiler.key(text), lambda: compiler.compiled(text))


def _load(name: str, dtype: str, fast: bool, one_hot: bool, folder: str) -> Kernel | None:
    try:
        return Kernel(ctypes.CDLL(str(_built(name, dtype, fast, one_hot, folder))))
    except (compiler.CompileError, OSError) as error:
        _failures.append(str(error))
        warnings.warn(
            f"lossbook computes losses without compiled kernels, more slowly: {error}. "
            "See lossbook.native.status(); with LOSSBOOK_NATIVE=0 there is no notice.",
            RuntimeWarning,
            stacklevel=2,
        )
        return None


def warm() -> int:
    """Compile the kernels of all losses for float32 logits that are not in the cache yet.

    Returns:
        How many kernels the cache then holds for float32 logits.

    Raises:
        RuntimeError: The compiler failed.
        OSError: The cache cannot be written to.
    """
    wanted = [
        (name, "float32", fast, one_hot, SOURCES)
        for name in compiler.losses()
        for fast in (False, True)
        for one_hot in (False, True)[: 1 + compiler.accepts_class_indices(name)]
    ]
    with ThreadPoolExecutor(processors()) as pool:
        return len(list(pool.map(lambda key: _built(*key), wanted)))


def status() -> Status:
    """Return whether losses are computed by compiled kernels, and why or why not.

    Example:
        >>> isinstance(status().available, bool)
        True
    """
    command, reason = "", ""
    if switched_off():
        reason = "switched off by LOSSBOOK_NATIVE=0"
    elif not supported():
        reason = f"not supported on {sys.platform}"
    else:
        try:
            command = " ".join(compiler.compiler())
            openmp = compiler.PARALLEL[0] in command.split()
            works = "the compiler works" if openmp else "no OpenMP: one thread"
            reason = _failures[0] if _failures else works
        except compiler.CompileError as error:
            reason = str(error)
    loaded = {name for (name, *_), found in _loaded.items() if found}
    available = bool(command) and not _failures
    return Status(available, reason, command, str(files.folder()), tuple(sorted(loaded)))


@cache
def processors() -> int:
    """How many threads to use: `$OMP_NUM_THREADS`, or the processors this process may run on."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if first.isdigit() and int(first):
        return int(first)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
