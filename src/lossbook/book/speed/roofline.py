"""What bounds the speed of a loss on one core: bytes copied and operations done in a nanosecond.

Also what a copy into fresh memory costs.
`lossbook roofs --json chapters/data/roofs.json` measures it in a few seconds, with a compiler.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import mmap
import platform
import tempfile
import time
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np

from ...native import compiler

SIZE = 1 << 26  # bytes of an array that is in no cache
# Vectors that are computed side by side, so that no operation waits for another.
CHAINS = (8, 10, 12, 14)
WIDTHS = (16, 32, 64)  # bytes of a vector
STEPS = 100_000
ROUNDS = 15
OPERATIONS = 2  # a multiplication and an addition
SOURCE = """
typedef KIND Vector __attribute__((vector_size(WIDTH)));
#if defined(__GNUC__) && !defined(__clang__)
__attribute__((optimize("fp-contract=fast")))
#endif
static void run(KIND *given, long count) {
  Vector x[CHAINS], shrink, shift;
  for (int n = 0; n < (int)(WIDTH / sizeof(KIND)); n++) shrink[n] = given[0], shift[n] = given[1];
  for (int n = 0; n < CHAINS; n++) x[n] = shift + (KIND)n;
  for (long m = 0; m < count; m++)
    _Pragma("GCC unroll 16") for (int n = 0; n < CHAINS; n++) x[n] = x[n] * shrink + shift;
  for (int n = 0; n < CHAINS; n++) given[1] += x[n][0];
}
extern "C" void steps(KIND *given, long count) { run(given, count); }
"""


@dataclass(frozen=True)
class Roofs:
    """What one core can do at most.

    Attributes:
        bytes_: copied in a nanosecond, read and written.
        operations: done in a nanosecond, in "double" and in "float".
        fresh: how many times as long a copy takes into memory that was never used.
        page: bytes that the system gives at a time.
        tools: the compiler and the processor.
    """

    bytes_: float
    operations: dict[str, float]
    fresh: float
    page: int
    tools: dict[str, str]

    def ridge(self, kind: str) -> float:
        """The operations per byte above which arithmetic takes longer than memory traffic."""
        return self.operations[kind] / self.bytes_


def read(path: str | Path) -> Roofs:
    """What was measured."""
    return Roofs(**json.loads(Path(path).read_text("utf-8")))


def measure() -> Roofs:
    """The roofs of one core of this machine, the best of several rounds."""
    source, target = np.ones(SIZE, np.uint8), np.ones(SIZE, np.uint8)
    warm = _best(lambda: np.copyto(target, source))
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS  # as malloc asks for a large block
    fresh = _best(
        lambda: np.copyto(np.frombuffer(mmap.mmap(-1, SIZE, flags=private), np.uint8), source)
    )
    tools = {
        "processor": _processor(),
        "compiler": compiler.version(compiler.compiler()[0]).splitlines()[0],
    }
    operations = {kind: _arithmetic(kind) for kind in ("double", "float")}
    return Roofs(2 * SIZE / warm, operations, fresh / warm, mmap.PAGESIZE, tools)


def _processor() -> str:
    told = [line for line in compiler.processor().splitlines() if line.startswith("model name")]
    return told[0].partition(":")[2].strip() if told else platform.processor()


def _best(call) -> float:
    """The shortest time of several calls, in nanoseconds."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        call()
        found.append(time.perf_counter_ns() - start)
    return min(found)


def _arithmetic(kind: str) -> float:
    dtype = np.dtype({"double": np.float64, "float": np.float32}[kind])
    best = 0.0
    for chains, width in product(CHAINS, WIDTHS):
        text = (
            SOURCE.replace("CHAINS", str(chains)).replace("WIDTH", str(width)).replace("KIND", kind)
        )
        with tempfile.NamedTemporaryFile(suffix=".so") as file:
            file.write(compiler.compiled(text))
            file.flush()
            steps = ctypes.CDLL(file.name).steps
        steps.argtypes = ctypes.c_void_p, ctypes.c_long
        given = np.array([0.5, 1], dtype)
        numbers = chains * width // dtype.itemsize * STEPS
        best = max(
            best, OPERATIONS * numbers / _best(lambda s=steps, g=given: s(g.ctypes.data, STEPS))
        )
    return best


def add(subcommands) -> None:
    """Add the subcommand `lossbook roofs` to a parser."""
    parser = subcommands.add_parser(
        "roofs",
        help="measure what bounds the speed of the losses on this machine",
        description="Measure how fast one core copies and computes. It needs a compiler.",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure the roofs, print them, and write them to the file that is asked for."""
    found = measure()
    print(found)
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(found), indent=1) + "\n")
    return 0
