"""The C++ compiler of this machine: which one, with which flags, and what decides whether its result can be reused."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from itertools import product
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = HERE.parent / "generated" / "cpp"
COMPILERS = ("c++", "g++", "clang++")
FLAGS = "-std=gnu++17 -O2 -ftree-vectorize -fno-math-errno -fno-trapping-math -ffp-contract=off -fno-exceptions -fno-rtti -fPIC -shared -pthread"
PARALLEL = ("-fopenmp", "-fopenmp-simd")  # without OpenMP's library: one thread
TUNED = (
    "-march=native -mprefer-vector-width=512 -fvect-cost-model=unlimited -funroll-loops",
    "-march=native",
    "-mcpu=native",
    "",
)
SECONDS = 300  # to compile one loss, on a busy machine


class CompileError(RuntimeError):
    """There is no compiler, or it refused; the message says what it said."""


@cache
def compiler() -> tuple[str, ...]:
    """The command: $CXX, or the first of `COMPILERS` on the path, with the flags it knows.

    Raises `CompileError` where there is none.
    """
    chosen = shlex.split(os.environ.get("CXX", "")) or next(
        ([c] for c in COMPILERS if shutil.which(c)), None
    )
    if not chosen or not shutil.which(chosen[0]):
        wanted = chosen[0] if chosen else " or ".join(COMPILERS)
        raise CompileError(f"there is no C++ compiler: {wanted} is not on the path")
    said = ""
    for parallel, tuned in product(PARALLEL, TUNED):
        command = (*chosen, *FLAGS.split(), parallel, *tuned.split())
        try:
            _compiled(command, "int one() { return 1; }")
        except CompileError as error:
            said = str(error)
        else:
            return command
    raise CompileError(said)


@cache
def version(command: str) -> str:
    """What the compiler says it is."""
    return subprocess.run(
        [command, "--version"], capture_output=True, text=True, check=False
    ).stdout


@cache
def processor() -> str:
    """What `-march=native` looks at: a result must not be run on another processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()} {platform.platform()}"
    told = ("model name", "flags", "Features", "CPU part")
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(told)))


def takes_shares(name: str) -> bool:
    """Whether the targets of a loss are shares of classes: class numbers may take their place."""
    return "#if ONE_HOT" in (SOURCES / f"{name}.cpp").read_text("utf-8")


def source(name: str, dtype: str = "float32", fast: bool = False, one_hot: bool = False) -> str:
    """The whole source of the kernels of a loss, with what it includes, for logits of that dtype. one_hot: of a loss whose
    targets are shares of classes, for class numbers instead.
    """
    parts = {
        "kernel.h": HERE,
        "pair.h": HERE,
        "driver.h": HERE,
        "coefficients.h": SOURCES,
    }  # the first includes others
    text = (SOURCES / f"{name}.cpp").read_text("utf-8")
    for file, folder in parts.items():
        text = text.replace(f'#include "{file}"', (folder / file).read_text("utf-8"))
    chosen = f"#define FAST {int(fast)}\n#define ONE_HOT {int(one_hot)}\n" + (
        f"#define {dtype.upper()}\n" if dtype != "float32" else ""
    )
    return chosen + text


def key(text: str) -> str:
    """The name of a result: what it was made from, how, and for which processor."""
    command = compiler()
    told = "\0".join((text, *command, version(command[0]), processor()))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def compiled(text: str) -> bytes:
    """The shared library. Raises `CompileError`."""
    return _compiled(compiler(), text)


def _compiled(command: tuple[str, ...], text: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="lossbook-") as folder:
        made = Path(folder) / "kernel.so"
        call = [*command, "-x", "c++", "-", "-o", str(made), "-lm"]
        try:
            done = subprocess.run(
                call, input=text, capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CompileError(f"{command[0]}: {error}") from error
        if done.returncode or not made.exists():
            raise CompileError(f"{command[0]} refused: {done.stderr.strip()[:500]}")
        return made.read_bytes()
