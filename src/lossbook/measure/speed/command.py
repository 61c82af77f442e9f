"""`lossbook bench`: measure how fast the losses are, beside other people's.

Every setting (threads, allocator, kernels or generated code) is a process of its own, in which this
command runs again with the hidden option --child. The unit of time is a copy of the logits.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .child import environment, measure_setting
from .machine import machine, versions
from .plan import SETTINGS, SMOKE_SETTINGS, Setting
from .printout import failure_table, tables, target_table
from .targets import judged


def add(subcommands) -> None:
    """Add the subcommand to a parser."""
    parser = subcommands.add_parser(
        "bench",
        help="measure how fast the losses are",
        description="Measure every loss against copies of its logits and against other libraries.",
    )
    parser.add_argument(
        "--smoke", action="store_true", help="smaller shapes and fewer peers, in a minute"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to write the rows")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure in every setting, and print; after each setting, write what there is so far."""
    if arguments.child:
        setting = Setting(**json.loads(arguments.child))
        measure_setting(setting, arguments.smoke, lambda line: print(line, flush=True))
        return 0
    lines = []
    for setting in SMOKE_SETTINGS if arguments.smoke else SETTINGS:
        lines += in_process(setting, arguments.smoke)
        result = document(lines, arguments.smoke)
        if arguments.output:
            arguments.output.parent.mkdir(parents=True, exist_ok=True)
            arguments.output.write_text(text(result))
    print(tables(result["rows"]), target_table(result["targets"]), sep="\n\n")
    if result["failures"]:
        print("", "Not measured:", failure_table(result["failures"]), sep="\n")
    return 0


def in_process(setting: Setting, smoke: bool) -> list[dict]:
    """The lines of a process in that setting; one that ends early leaves a line that says so."""
    options = ["bench", "--child", json.dumps(dataclasses.asdict(setting)), *["--smoke"] * smoke]
    start = time.monotonic()
    with pinned(setting.threads):
        done = subprocess.run(
            [sys.executable, "-m", "lossbook", *options],
            env=environment(setting),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    print(f"{setting}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode:
        last = lines[-1] if lines else {"workload": "all", "loss": "all"}
        lines.append(
            {
                "workload": last["workload"],
                "shape": [],
                "loss": last["loss"],
                "implementation": "all that came after",
                "precision": None,
                "mode": "all",
                "threads": setting.threads,
                "allocator": setting.allocator,
                "error": f"the process ended with {done.returncode}",
            }
        )
    return lines


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Let processes that start inside run on so many processors, whatever threads they make."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[-threads:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def document(lines: list[dict], smoke: bool) -> dict:
    """What is written: rows, failures apart, and the targets."""
    rows = [line for line in lines if "error" not in line]
    return {
        "machine": machine(),
        "versions": versions(),
        "smoke": smoke,
        "date": datetime.date.today().isoformat(),
        "rows": rows,
        "failures": [line for line in lines if "error" in line],
        "targets": judged(rows),
    }


def text(result: dict) -> str:
    """JSON with a line for each row, so that two runs can be compared."""
    parts = []
    for key, value in result.items():
        if isinstance(value, list):
            inner = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in value)
            parts.append(f' "{key}": [\n{inner}\n ]')
        else:
            parts.append(f' "{key}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"
