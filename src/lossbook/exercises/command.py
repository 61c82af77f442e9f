"""`lossbook grade`: judge a list of answers from the command line.

The file holds a JSON list. Each entry names an exercise and has an answer or steps, and anything
else that should appear beside the verdict, such as who wrote it:

    [{"student": "Ada", "exercise": "ce-gradient", "answer": "p[j] - y[j]"},
     {"student": "Ada", "exercise": "brier-softmax", "steps": ["...", "= ..."]}]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .bank import all_exercises, get, names
from .steps import StepsVerdict
from .verdict import Verdict, plain

COLUMNS = ("student", "exercise", "verdict", "why")


class GradeError(ValueError):
    """The list of answers has not the form that can be graded; the message says where."""


def grade(entries: object) -> list[tuple[dict, Verdict | StepsVerdict]]:
    """The verdict on each entry of an exported list of answers.

    Raises `GradeError` for a malformed entry, before any answer is judged.
    """
    if not isinstance(entries, list):
        raise GradeError(f"expected a list of answers, got {type(entries).__name__}")
    for n, entry in enumerate(entries, 1):
        _check(n, entry)
    return [(entry, _judged(entry)) for entry in entries]


def _check(n: int, entry: object) -> None:
    if not isinstance(entry, dict):
        raise GradeError(
            f"entry {n}: expected an object with an exercise and an answer, got {entry!r}"
        )
    if entry.get("exercise") not in names():
        raise GradeError(f"entry {n}: no exercise is called {entry.get('exercise')!r}")
    steps, answer = entry.get("steps"), entry.get("answer")
    is_steps = isinstance(steps, list) and all(isinstance(line, str) for line in steps)
    if isinstance(answer, str) == is_steps:
        raise GradeError(
            f"entry {n} ({entry['exercise']}): "
            "expected either an answer (text) or steps (a list of texts)"
        )


def _judged(entry: dict) -> Verdict | StepsVerdict:
    exercise = get(entry["exercise"])
    return (
        exercise.judge(entry["answer"])
        if "answer" in entry
        else exercise.judge_steps(entry["steps"])
    )


def table(graded: list[tuple[dict, Verdict | StepsVerdict]]) -> str:
    """The verdicts as a table of text."""
    rows = [COLUMNS]
    for entry, verdict in graded:
        mistake = (
            verdict.mistake
            if isinstance(verdict, Verdict)
            else next((v.mistake for v in verdict.lines[-1:]), None)
        )
        why = mistake.name if mistake else plain(verdict.message)
        if isinstance(verdict, StepsVerdict) and verdict.line is not None and mistake:
            why = f"line {verdict.line}: {why}"
        rows.append((str(entry.get("student", "")), entry["exercise"], verdict.kind, why))
    widths = [max(len(row[n]) for row in rows) for n in range(len(COLUMNS) - 1)]
    lines = [
        "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    ]
    right = sum(verdict.right for _, verdict in graded)
    return "\n".join([*lines, f"{right} of {len(graded)} right"])


def listing() -> str:
    """Every exercise: chapter, name, question."""
    width = max(len(name) for name in names())
    return "\n".join(f"{e.name.ljust(width)}  {plain(e.question)}" for e in all_exercises())


def add(subcommands) -> None:
    """Add the subcommand to a parser."""
    parser = subcommands.add_parser(
        "grade",
        help="judge answers to the exercises",
        description="Judge the answers in a JSON file and print a table.",
        epilog="exit code: 0 every answer is right, 1 some are not, 2 the file cannot be graded.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", type=Path, nargs="?", help="a JSON list of answers")
    what.add_argument(
        "--list", action="store_true", help="print the names and questions of all exercises"
    )
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON instead")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Grade a file and print the verdicts; the exit code says whether all answers are right."""
    if arguments.list:
        print(listing())
        return 0
    try:
        graded = grade(json.loads(arguments.file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        print(f"{arguments.file}: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        verdicts = [{**entry, "verdict": v.to_json()} for entry, v in graded]
        print(json.dumps(verdicts, indent=2, ensure_ascii=False))
    else:
        print(table(graded))
    return 0 if all(v.right for _, v in graded) else 1
