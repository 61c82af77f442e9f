"""The command `lossbook`, also `python -m lossbook`.

Each subcommand is a module with `add(subcommands)`, which is imported when the subcommand is used:
`lossbook --help` imports none of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .expr.doors import door

# For each a door named command.NAME leads to its module.
SUBCOMMANDS = {
    "audit": "measure any implementation of a loss",
    "accuracy": "measure how accurate the losses are",
    "bench": "measure how fast the losses are",
    "generate": "write the generated code of all losses",
    "grade": "judge answers to the exercises",
    "kernels": "compile the kernels of all losses",
    "roofs": "measure what bounds the speed of the losses on this machine",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand and return its exit code.

    Args:
        argv: the arguments without the name of the command; those of the process if None.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    parser = argparse.ArgumentParser(
        prog="lossbook", description="Losses, derived: tools for losses."
    )
    subcommands = parser.add_subparsers(required=True, metavar="command")
    for name, summary in SUBCOMMANDS.items():
        if arguments[:1] == [name]:
            _add(name, subcommands)
        else:
            subcommands.add_parser(name, help=summary)
    options = parser.parse_args(arguments)
    return options.run(options)


def _add(name: str, subcommands) -> None:
    """Add the parser of a subcommand; code generation is handed the losses."""
    add = door(f"command.{name}").add
    if name == "generate":
        add(subcommands, door("lossbook.losses").all_losses)
    else:
        add(subcommands)
