"""`python -m lossbook.codegen`, the older way to call `lossbook generate`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..losses import all_losses
from . import command


def main(argv: Sequence[str] | None = None) -> int:
    """Run `lossbook generate` for the registered losses; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lossbook.codegen")
    command.add(parser.add_subparsers(required=True), all_losses)
    arguments = parser.parse_args(["generate", *(sys.argv[1:] if argv is None else argv)])
    return arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
