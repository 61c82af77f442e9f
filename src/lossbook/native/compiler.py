"""The C++ compiler of this machine, the source of a kernel, and the key of its compiled form."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from itertools import product
from pathlib import Path

HERE = Path(__file__).parent  # of the hand-written headers
SOURCES = HERE.parent / "generated" / "cpp"
COMPILERS = ("c++", "g++", "clang++")
FLAGS = (
    *("-std=gnu++17", "-O2", "-ftree-vectorize", "-fno-math-errno", "-fno-trapping-math"),
    *("-ffp-contract=off", "-fno-exceptions", "-fno-rtti", "-fPIC", "-shared", "-pthread"),
)
PARALLEL = ("-fopenmp", "-fopenmp-simd")  # the second, without OpenMP's library: one thread
TUNED = (
    "-march=native -mprefer-vector-width=512 -fvect-cost-model=unlimited -funroll-loops",
    "-march=native",
    "-mcpu=native",
    "",
)
SECONDS = 300  # a limit for compiling one loss on a busy machine


class CompileError(RuntimeError):
    """There is no compiler, or it failed; the message holds what it printed."""


@cache
def compiler() -> tuple[str, ...]:
    """The command: `$CXX`, or the first of `COMPILERS` on the path, with the flags it accepts.

    Raises:
        CompileError: No compiler is found, or it cannot compile the simplest file.
    """
    chosen = shlex.split(os.environ.get("CXX", "")) or next(
        ([c] for c in COMPILERS if shutil.which(c)), None
    )
    if not chosen or not shutil.which(chosen[0]):
        wanted = chosen[0] if chosen else " or ".join(COMPILERS)
        raise CompileError(f"there is no C++ compiler: {wanted} is not on the path")
    message = ""
    for parallel, tuned in product(PARALLEL, TUNED):
        command = (*chosen, *FLAGS, parallel, *tuned.split())
        try:
            _compiled(command, "int one() { return 1; }")
        except CompileError as error:
            message = str(error)
        else:
            return command
    raise CompileError(message)


@cache
def version(command: str) -> str:
    """What the compiler prints as its version."""
    return subprocess.run(
        [command, "--version"], capture_output=True, text=True, check=False
    ).stdout


@cache
def processor() -> str:
    """What identifies this processor: code for `-march=native` must not run on another one."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()} {platform.platform()}"
    fields = ("model name", "flags", "Features", "CPU part")
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(fields)))


def losses() -> list[str]:
    """The names of all losses that have kernels."""
    return sorted(path.stem for path in SOURCES.glob("*.cpp"))


def accepts_class_indices(name: str) -> bool:
    """Whether a loss of probabilities over the classes also has kernels for class indices."""
    return "#if ONE_HOT" in (SOURCES / f"{name}.cpp").read_text("utf-8")


def source(
    name: str,
    dtype: str = "float32",
    fast: bool = False,
    one_hot: bool = False,
    folder: Path = SOURCES,
) -> str:
    """The source of the kernels of a loss, with all headers inlined.

    Args:
        name: The name of the loss.
        dtype: The dtype of the logits, one of `kernels.DTYPES`.
        fast: Compute in the logits' own precision, where the loss has such a kernel.
        one_hot: For a loss whose targets are probabilities: take class indices instead.
        folder: Where the generated C++ of the loss is.
    """
    chosen = f"#define FAST {int(fast)}\n#define ONE_HOT {int(one_hot)}\n" + (
        f"#define {dtype.upper()}\n" if dtype != "float32" else ""
    )
    return chosen + _inlined(folder / f"{name}.cpp")


def _inlined(path: Path) -> str:
    """The text of a file in which our own headers replace their `#include` lines."""

    def header(include: re.Match) -> str:
        folder = HERE if (HERE / include[1]).exists() else SOURCES
        return _inlined(folder / include[1])

    return re.sub(r'^#include "(.+)"$', header, path.read_text("utf-8"), flags=re.MULTILINE)


def key(text: str) -> str:
    """The name of a compiled kernel in the cache: its source, compiler, flags and processor."""
    command = compiler()
    parts = "\0".join((text, *command, version(command[0]), processor()))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def compiled(text: str) -> bytes:
    """The shared library made from a source.

    Raises:
        CompileError: The compiler failed.
    """
    return _compiled(compiler(), text)


def _compiled(command: tuple[str, ...], text: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="lossbook-") as folder:
        library = Path(folder) / "kernel.so"
        call = [*command, "-x", "c++", "-", "-o", str(library), "-lm"]
        try:
            done = subprocess.run(
                call, input=text, capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CompileError(f"{command[0]}: {error}") from error
        if done.returncode or not library.exists():
            raise CompileError(f"{command[0]} refused: {done.stderr.strip()[:500]}")
        return library.read_bytes()
