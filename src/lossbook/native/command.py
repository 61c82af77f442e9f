"""`lossbook kernels`: compile the kernels of all losses ahead of their first use."""

from __future__ import annotations

import argparse

from .kernels import enabled, status, warm


def add(subcommands) -> None:
    """Add the subcommand to a parser."""
    parser = subcommands.add_parser(
        "kernels",
        help="compile the kernels of all losses",
        description="Compile every kernel for float32 logits that is not in the cache yet.",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compile, print what there is, and return 1 where kernels are wanted but cannot be used."""
    found = status()
    if found.available:
        print(f"{warm()} kernels by {found.compiler}\nin {found.folder}")
    else:
        print(f"no kernels: {found.reason}")
    return int(enabled() and not found.available)
