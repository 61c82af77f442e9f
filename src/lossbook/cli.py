"""The command `lossbook`, also `python -m lossbook`. Each subcommand is a module with `add(subcommands)`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .auditing import command as audit

SUBCOMMANDS = (audit,)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="lossbook", description="Losses, derived: tools for losses."
    )
    subcommands = parser.add_subparsers(required=True, metavar="command")
    for module in SUBCOMMANDS:
        module.add(subcommands)
    arguments = parser.parse_args(argv)
    return arguments.run(arguments)
