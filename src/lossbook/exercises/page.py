"""What a page in a browser asks of an exercise: names and texts in, plain types out."""

from __future__ import annotations

from collections.abc import Sequence

from .bank import get


def preview(name: str, lines: Sequence[str]) -> list[dict]:
    """What each line of an answer to the exercise `name` is read as, without a judgement: see `Exercise.preview`."""
    return [get(name).preview(line) for line in lines]


def judge(name: str, answer: str | Sequence[str]) -> dict:
    """The verdict on an answer, or on the lines of a derivation: see `Verdict.to_json` and `StepsVerdict.to_json`."""
    exercise = get(name)
    verdict = exercise.judge(answer) if isinstance(answer, str) else exercise.judge_steps(answer)
    return verdict.to_json()
