"""The calls that a page in a browser makes: names and texts go in, plain types come out."""

from __future__ import annotations

from collections.abc import Sequence

from .bank import get


def preview(name: str, lines: Sequence[str]) -> list[dict]:
    """How each line of an answer is parsed, without a verdict: see `Exercise.preview`."""
    return [get(name).preview(line) for line in lines]


def judge(name: str, answer: str | Sequence[str]) -> dict:
    """The verdict on an answer, or on the lines of a derivation.

    See `Verdict.to_json` and `StepsVerdict.to_json`.
    """
    exercise = get(name)
    verdict = exercise.judge(answer) if isinstance(answer, str) else exercise.judge_steps(answer)
    return verdict.to_json()
