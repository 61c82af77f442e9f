"""`lossbook accuracy`: measure every loss against 50 digits, and fail where one is off."""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from .accuracy import Line, jobs, measure

ROWS = 20_000
SMOKE_ROWS = 800  # a minute on two cores


def add(subcommands) -> None:
    """Add the subcommand to a parser."""
    parser = subcommands.add_parser(
        "accuracy",
        help="measure how accurate the losses are",
        description="Measure every loss in every dtype against 50 digits, and print the table. "
        "The exit code is 1 where an error is larger than allowed.",
    )
    parser.add_argument("--samples", type=int, metavar="N", help=f"rows per loss ({ROWS:,})")
    parser.add_argument("--processes", type=int, default=2, metavar="N")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", type=Path, metavar="FILE", help="where to write the measurements")
    output.add_argument(
        "--smoke", action="store_true", help=f"{SMOKE_ROWS} rows per loss, in a minute"
    )
    parser.add_argument(
        "--kernels", action="store_true", help="with the compiled kernels, not the generated code"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write; 1 where an error is larger than allowed."""
    if not arguments.kernels:
        os.environ["LOSSBOOK_NATIVE"] = "0"  # for the processes that measure
    samples = arguments.samples or (SMOKE_ROWS if arguments.smoke else ROWS)
    with ProcessPoolExecutor(arguments.processes, mp_context=get_context("spawn")) as pool:
        pending = [pool.submit(measure, *job) for job in jobs(samples)]
        done = tqdm(pending, unit="measurement", disable=None)
        lines = [line for job in done for line in job.result()]
    print(table(lines))
    if arguments.json:
        document = {"samples": samples, "lines": [asdict(line) for line in lines]}
        arguments.json.write_text(json.dumps(document, indent=1) + "\n")
    missed = [line for line in lines if not line.passes]
    rows = sum(line.rows for line in lines if line.quantity == "value" and line.library == "torch")
    print(f"{rows:,} rows, {len(lines)} measurements, {len(missed)} bars missed")
    return int(bool(missed))


def table(lines: list[Line]) -> str:
    """The table as text."""
    head = f"{'loss':22}{'':7}{'dtype':10}{'γ':>4}  {'quantity':9}{'rows':>7}"
    head += f"{'worst':>9}{'median':>8}{'bar':>6}"
    rows = [head, "-" * len(head)]
    for line in lines:
        gamma = "" if line.gamma is None else f"{line.gamma:g}"
        faults = [f"{line.non_finite} not finite"] * (line.non_finite > 0) + [
            f"{line.false_zeros} false zeros"
        ] * (line.false_zeros > 0)
        verdict = "" if line.passes else "  MISSED " + ", ".join(faults)
        rows.append(
            f"{line.loss:22}{line.library:7}{line.dtype:10}{gamma:>4}  "
            f"{line.quantity:9}{line.rows:>7}"
            f"{line.worst:>9.3f}{line.median:>8.3f}{line.tolerance:>6g}{verdict}"
        )
    return "\n".join(rows)
