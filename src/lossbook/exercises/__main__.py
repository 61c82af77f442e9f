"""`python -m lossbook.exercises grade` and `list`, the older way to call `lossbook grade`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import command


def main(argv: Sequence[str] | None = None) -> int:
    """Run `lossbook grade`, or `lossbook grade --list` for "list"; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lossbook.exercises")
    command.add(parser.add_subparsers(required=True))
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = parser.parse_args(["grade", "--list"] if words == ["list"] else words)
    return arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
