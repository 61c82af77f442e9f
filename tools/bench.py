"""Measure how fast the losses are, beside other people's; print tables, and write what the chapter reads.

python tools/bench.py [--smoke] [--output chapters/data/bench.json]

Every setting (threads, allocator, kernels or generated code) is a process of its own. The unit is a copy of the logits.
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
from pathlib import Path

from lossbook.measure.speed.machine import machine, versions
from lossbook.measure.speed.plan import SETTINGS, SMOKE_SETTINGS, Setting
from lossbook.measure.speed.tables import bar_table, failure_table, tables
from lossbook.measure.speed.targets import judged

OUTPUT = Path(__file__).parent.parent / "chapters" / "data" / "bench.json"
SMOKE_OUTPUT = (
    Path(__file__).parent.parent / "_build" / "bench-smoke.json"
)  # a page is made from whole runs only


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--smoke", action="store_true", help="smaller shapes and fewer peers, in a minute"
    )
    parser.add_argument(
        "--output", type=Path, help=f"default: {OUTPUT.name} of the book, or with --smoke of _build"
    )
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(Setting(**json.loads(arguments.child)), arguments.smoke)
        return
    output = arguments.output or (SMOKE_OUTPUT if arguments.smoke else OUTPUT)
    output.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for setting in SMOKE_SETTINGS if arguments.smoke else SETTINGS:
        lines += run(setting, arguments.smoke)
        result = document(lines, arguments.smoke)
        output.write_text(text(result))  # each time, so that a run cut short leaves what it has
    print(tables(result["rows"]), bar_table(result["bars"]), sep="\n\n")
    if result["failures"]:
        print("", "Not measured:", failure_table(result["failures"]), sep="\n")


def run(setting: Setting, smoke: bool) -> list[dict]:
    """The lines of a process in that setting; one that ends early leaves a line that says so."""
    from lossbook.measure.speed.child import environment

    options = json.dumps(dataclasses.asdict(setting))
    command = [sys.executable, __file__, "--child", options, *["--smoke"] * smoke]
    start = time.monotonic()
    done = subprocess.run(
        command, env=environment(setting), stdout=subprocess.PIPE, text=True, check=False
    )
    print(f"{setting}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode:
        last = (
            {name: lines[-1][name] for name in ("workload", "loss")}
            if lines
            else {"workload": "all", "loss": "all"}
        )
        lines.append(
            last
            | {
                "shape": [],
                "implementation": "all that came after",
                "precision": None,
                "mode": "all",
            }
            | {"threads": setting.threads, "allocator": setting.allocator}
            | {"error": f"the process ended with {done.returncode}"}
        )
    return lines


def child(setting: Setting, smoke: bool) -> None:
    """Measure in this process."""
    if hasattr(os, "sched_setaffinity"):  # libraries with threads of their own keep to it too
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-setting.threads :])
    from lossbook.measure.speed.child import main as measure

    measure(setting, smoke, lambda line: print(line, flush=True))


def document(lines: list[dict], smoke: bool) -> dict:
    """What is written: rows, failures apart, and the bars."""
    rows = [line for line in lines if "error" not in line]
    return {
        "machine": machine(),
        "versions": versions(),
        "smoke": smoke,
        "date": datetime.date.today().isoformat(),
        "rows": rows,
        "failures": [line for line in lines if "error" in line],
        "bars": judged(rows),
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


if __name__ == "__main__":
    main()
