"""Exercises that judge themselves: an answer is proved or refuted.

Example:
    >>> exercise = get("ce-gradient")
    >>> exercise.judge("p[j] - y[j]").kind
    'right'
    >>> exercise.judge("y[j] - p[j]").kind
    'mistake'
"""

from __future__ import annotations

from ..reading import ParseError, parse, parse_chain, text
from .bank import all_exercises, get, names, of_chapter
from .exercise import Exercise
from .judging import judge
from .mistakes import Mistake, common_mistakes
from .steps import StepsVerdict, judge_steps
from .verdict import Verdict

__all__ = [
    "Exercise",
    "Mistake",
    "ParseError",
    "StepsVerdict",
    "Verdict",
    "all_exercises",
    "common_mistakes",
    "get",
    "judge",
    "judge_steps",
    "names",
    "of_chapter",
    "parse",
    "parse_chain",
    "text",
]
