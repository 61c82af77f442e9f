"""`lossbook generate`: write the generated code, or check that it is up to date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from ..losses import Loss
from .files import PACKAGE, out_of_date, wanted, write


def add(subcommands, losses: Callable[[], Iterable[Loss]]) -> None:
    """Add the subcommand to a parser. losses: returns the losses that code is generated for."""
    parser = subcommands.add_parser(
        "generate",
        help="write the generated code of all losses",
        description="Write the generated code of all losses.",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a file is out of date"
    )
    parser.add_argument(
        "--folder", type=Path, default=PACKAGE, help="the package they are written into (lossbook)"
    )
    parser.set_defaults(run=partial(run, losses))


def run(losses: Callable[[], Iterable[Loss]], arguments: argparse.Namespace) -> int:
    """Write or check; the exit code is 1 if a check finds a file out of date."""
    if not arguments.check:
        for line in write(losses(), arguments.folder):
            print(line)
        return 0
    stale = out_of_date(wanted(losses()), arguments.folder)
    for path in stale:
        print(f"out of date: {arguments.folder / path}; run `make generate`", file=sys.stderr)
    return int(bool(stale))
