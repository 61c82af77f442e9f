"""One process of the benchmark: in one setting, it measures the plan and writes JSON lines."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import torch

from . import ours, peers
from .peers import SLOW
from .plan import Group, Setting, groups
from .rounds import Candidate, give_back, measure, peak
from .workloads import BUFFERS, SWEEPS, BenchInputs, random_inputs, shapes

WEIGHED = 1 << 22  # bytes of logits; below it, the peak of memory is that of everything else
TOLERANCE = 1e-3  # of the largest gradient; beyond it, it is another loss


def measure_setting(setting: Setting, smoke: bool, write: Callable[[str], None]) -> None:
    """Measure all groups of a setting."""
    warnings.simplefilter("ignore")  # warnings of other people's code are not ours
    torch.set_num_threads(setting.threads)
    gc.collect()
    # Objects of the libraries stay; collecting garbage among them takes longer than measuring.
    gc.freeze()
    end = time.monotonic() + setting.seconds
    for group in groups(setting, smoke):
        start = time.monotonic()
        for line in measured(group, setting, smoke) if start < end else skipped(group, setting):
            write(json.dumps(line))
        print(
            f"  {group.workload}, {group.loss}: {time.monotonic() - start:.1f} s",
            file=sys.stderr,
            flush=True,
        )


def measured(group: Group, setting: Setting, smoke: bool) -> Iterator[dict]:
    """The rows of one group, with "error" in place of "ratio" where an implementation failed."""
    for shape in shapes(group.workload, smoke):
        inputs = random_inputs(group.workload, group.loss, shape)
        yield from rows(inputs, entries(inputs, group, setting), group, setting)
        give_back()


def skipped(group: Group, setting: Setting) -> Iterator[dict]:
    """The line of a group for which no time is left, as on a slow or busy machine."""
    line = {"workload": group.workload, "shape": [], "loss": group.loss}
    line |= {"implementation": ", ".join(group.implementations), "precision": None, "mode": "all"}
    line |= {"threads": setting.threads, "allocator": setting.allocator}
    yield line | {"error": f"not begun: {setting.seconds:g} s were over"}


def entries(inputs: BenchInputs, group: Group, setting: Setting) -> list[Candidate]:
    """All implementations of a group, ready to be called, or with the error that they raised."""
    found = []
    for name in group.implementations:
        try:
            if name == "ours native":
                modes = ours.MODES if setting.usual and group.workload not in SWEEPS else ours.MAIN
                found += ours.native(inputs, modes)
            elif name.startswith("ours"):
                found += ours.generated(inputs, name)
            else:
                found.append(peers.peer(inputs, name))
        except Exception as error:  # a missing library, or a function that it lacks
            broken = Candidate(name, None, "training step", lambda n: (None, None))
            broken.error = f"{type(error).__name__}: {error}"
            found.append(broken)
    return found


def rows(inputs: BenchInputs, found: list[Candidate], group: Group, setting: Setting) -> list[dict]:
    """Warm up, compare the gradients, measure memory, then time in rounds."""
    right = peers.reference(inputs)
    weighed = (
        setting.allocator == "default"
        and inputs.logits.nbytes >= WEIGHED
        and group.workload not in SWEEPS
    )
    for entry in found:
        if entry.error is None:
            entry.attempt(warm, entry, inputs, right, weighed)
    give_back()
    most = min(BUFFERS, len(inputs.buffers))
    seconds = measure(inputs.copy, found, rounds=group.rounds, seconds=group.seconds, most=most)
    common = {"workload": group.workload, "shape": list(inputs.logits.shape), "loss": group.loss}
    where = {"threads": setting.threads, "allocator": setting.allocator}
    lines = []
    for entry in found:
        line = (
            common
            | {
                "implementation": entry.implementation,
                "precision": entry.precision,
                "mode": entry.mode,
            }
            | where
        )
        if entry.error is not None:
            lines.append(line | {"error": entry.error})
            continue
        quartiles = [round(float(q), 4) for q in np.quantile(entry.ratios, (0.25, 0.5, 0.75))]
        memory = None if entry.memory is None else round(entry.memory, 3)
        copied = round(seconds / inputs.logits.size * 1e9, 5)
        lines.append(line | {"ratio": quartiles, "copy_ns": copied, "memory": memory})
    return lines


def warm(entry: Candidate, inputs: BenchInputs, right: torch.Tensor, weighed: bool) -> None:
    """The first call, and for its memory a second one, since the first may compile.

    What takes seconds for each call has one call for both.

    Raises where the result is not that loss: speed would be no merit.
    """
    at_once = weighed and entry.implementation in SLOW
    if at_once:
        entry.memory, result = peak(entry, inputs.logits.nbytes)
    else:
        if entry.restore is not None:
            entry.restore(0)
        result = entry.call(0)
    same(result, inputs, right)
    del result
    if weighed and not at_once:
        entry.memory, _ = peak(entry, inputs.logits.nbytes)


def same(result: tuple, inputs: BenchInputs, right: torch.Tensor) -> None:
    """Raise where value or gradient are not those of the loss."""
    value, gradient = result
    value = float(value.detach() if isinstance(value, torch.Tensor) else value)
    if not np.isfinite(value):
        raise ArithmeticError(f"the value is {value}")
    if gradient is None:
        return
    part = gradient[inputs.part]
    got = (
        part.detach() if isinstance(part, torch.Tensor) else torch.from_numpy(np.array(part))
    ).double()
    factor = float((got * right).sum() / (right * right).sum())  # means divide by different numbers
    worst = float((got - factor * right).abs().max() / (factor * right).abs().max())
    if not (factor > 0 and worst <= TOLERANCE):
        raise ArithmeticError(
            f"the gradient is another one: off by {worst:.1e} of its largest element"
        )


def environment(setting: Setting) -> dict[str, str]:
    """The variables of the process, which libraries read when they are imported."""
    found = dict(os.environ) | {
        "OMP_NUM_THREADS": str(setting.threads),
        "TORCHINDUCTOR_COMPILE_THREADS": "1",  # no other processes while timing
        "JAX_PLATFORMS": "cpu",
        "TF_CPP_MIN_LOG_LEVEL": "3",  # else XLA reports how long it compiles
    }
    if setting.allocator == "reuse":  # freed memory stays with the process: no new page faults
        found |= {
            "MALLOC_MMAP_MAX_": "0",
            "MALLOC_TRIM_THRESHOLD_": "-1",
            "MALLOC_TOP_PAD_": str(1 << 28),
        }
    if not setting.kernels:
        found |= {"LOSSBOOK_NATIVE": "0"}
    return found
