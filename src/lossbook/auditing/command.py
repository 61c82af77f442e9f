"""`lossbook audit`: the audit from the command line."""

from __future__ import annotations

import argparse
import json
import pkgutil
import sys
from pathlib import Path

from ..losses import names
from .adapters import ADAPTERS, OURS, AdapterError
from .adapters import TARGETS as FORMS
from .frameworks import DTYPES, FRAMEWORKS
from .run import audit

FORMATS = {"text": "to_text", "json": "to_json", "html": "to_html"}
EPILOG = """exit code: 0 clean, 1 an error or a warning was found (with --strict: or another
convention), 2 wrong usage.

examples:
  lossbook audit mypackage.losses:focal_loss --loss softmax_focal
  lossbook audit mypackage.losses:FocalLoss --loss softmax_focal --targets one-hot \\
      --rename gamma=focus --set eps=1e-8
  lossbook audit torch.nn.functional:cross_entropy --loss cross_entropy_index \\
      --format html --output report.html
"""


class UsageError(Exception):
    """What is written on the command line cannot be done."""


def add(subcommands) -> None:
    """Add the subcommand to a parser."""
    parser = subcommands.add_parser(
        "audit",
        help="measure any implementation of a loss",
        description="Measure an implementation of a loss against 50-digit truth.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "callable", metavar="package.module:callable", help="a function, module or class"
    )
    parser.add_argument(
        "--loss",
        required=True,
        choices=names(),
        metavar="NAME",
        help=f"one of {', '.join(names())}",
    )
    parser.add_argument(
        "--adapter",
        choices=ADAPTERS,
        metavar="NAME",
        help=f"how it is called: {', '.join(ADAPTERS)}; guessed unless given",
    )
    parser.add_argument("--targets", choices=FORMS, help="the form of the targets")
    parser.add_argument(
        "--order", type=_order, metavar="logits,targets", help="which argument comes first"
    )
    parser.add_argument("--class-axis", type=int, metavar="N", help="where the classes are")
    parser.add_argument(
        "--rename",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help=f"what it calls {', '.join(OURS)}",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one more keyword of every call; the value is JSON, else text",
    )
    parser.add_argument(
        "--neutral",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="what turns a parameter off",
    )
    parser.add_argument("--reduction", metavar="KEY", help="what it calls its reduction")
    parser.add_argument(
        "--ignore-index", metavar="KEY", help="what it calls the ignored class number"
    )
    parser.add_argument(
        "--gamma", type=float, nargs="+", help="at which γ; the one inside, if it cannot be passed"
    )
    parser.add_argument(
        "--alpha", type=float, help="a number passed as α; the one inside, if it cannot be passed"
    )
    parser.add_argument(
        "--gradient",
        metavar="package.module:callable",
        help="a function that returns the gradient, for NumPy",
    )
    parser.add_argument("--framework", choices=FRAMEWORKS)
    parser.add_argument(
        "--dtype", action="append", choices=DTYPES, help="only these; may be repeated"
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        metavar="ULP",
        help="largest error that is no finding; by dtype unless given",
    )
    parser.add_argument("--samples", type=int, default=24, help="how many random rows (24)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write the report there, instead of to stdout"
    )
    parser.add_argument(
        "--strict", action="store_true", help="let another convention count as wrong"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Audit, print, and say by the exit code whether something is wrong."""
    try:
        report = audit(
            _load(arguments.callable),
            arguments.loss,
            arguments.adapter,
            gradient=_load(arguments.gradient) if arguments.gradient else None,
            framework=arguments.framework,
            gamma=arguments.gamma,
            alpha=arguments.alpha,
            dtypes=arguments.dtype,
            tolerance=arguments.tolerance,
            samples=arguments.samples,
            seed=arguments.seed,
            name=arguments.callable,
            **_changes(arguments),
        )
    except (AdapterError, UsageError) as error:
        print(f"lossbook audit: {error}", file=sys.stderr)
        return 2
    shown = getattr(report, FORMATS[arguments.format])().rstrip("\n") + "\n"
    if arguments.output:
        arguments.output.write_text(shown, encoding="utf-8")
    else:
        sys.stdout.write(shown)
    wrong = report.findings if arguments.strict else not report.ok
    return int(bool(wrong))


def _changes(arguments: argparse.Namespace) -> dict:
    found = {
        "targets": arguments.targets,
        "order": arguments.order,
        "class_axis": arguments.class_axis,
        "reduction": arguments.reduction,
        "ignore_index": arguments.ignore_index,
        "parameters": dict(_pair(p) for p in arguments.rename),
        "fixed": {k: value(v) for k, v in map(_pair, arguments.set)},
        "neutral": {k: value(v) for k, v in map(_pair, arguments.neutral)},
    }
    return {k: v for k, v in found.items() if v not in (None, {})}


def value(text: str):
    """A JSON value, Python's None, True and False, or else the text itself. Nothing is executed."""
    named = {"None": None, "True": True, "False": False}
    if text in named:
        return named[text]
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _pair(text: str) -> tuple[str, str]:
    key, equals, rest = text.partition("=")
    if not equals or not key.isidentifier():
        raise UsageError(f"expected KEY=VALUE, got {text!r}")
    return key, rest


def _order(text: str) -> tuple[str, str]:
    parts = tuple(text.split(","))
    if sorted(parts) != ["logits", "targets"]:
        raise argparse.ArgumentTypeError(f"expected logits,targets or targets,logits, got {text!r}")
    return parts


def _load(name: str):
    """The object that package.module:object names; the current folder is searched first."""
    module, colon, path = name.partition(":")
    if not colon or not module or not path:
        raise UsageError(f"expected package.module:callable, got {name!r}")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return pkgutil.resolve_name(name)
    except ImportError as error:
        raise UsageError(f"cannot import {module!r}: {error}") from None
    except AttributeError:
        raise UsageError(f"{module!r} has no {path!r}") from None
