"""Exercises that judge themselves: an answer is parsed, then proved or refuted.

    from lossbook import exercises

    exercises.get("ce-gradient").judge("p[j] - y[j]")

An answer in any equal form is right. A wrong one is refuted with numbers, and if it is a common
mistake, the verdict explains which.
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
