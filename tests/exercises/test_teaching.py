"""What the page for teachers shows does what it says."""

import json
import re
from pathlib import Path

from lossbook import exercises
from lossbook.exercises.command import grade

PAGE = (Path(__file__).parents[2] / "chapters" / "teaching.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_python_on_the_page_runs():
    using, adding = blocks("python")
    names: dict = {}
    exec(using, names)
    assert names["exercise"].judge("p[j] - y[j]").right
    exec(adding, names)
    assert names["HARD"].judge("w_t (p_j - delta_jt)").right
    assert len(adding.split("HARD = ")[1].split("\n)\n")[0].split("\n")) <= 10


def test_the_answers_on_the_page_are_graded():
    (answers,) = blocks("json")
    assert [verdict.kind for _, verdict in grade(json.loads(answers))] == ["right", "mistake"]


def test_the_homework_of_a_chapter_is_all_of_its_exercises():
    rows = re.findall(r"^\| \[[^\]]+\]\((\w+)\.ipynb\) \| (`.*) \|$", PAGE, re.MULTILINE)
    assert len(rows) > 10
    for chapter, listed in rows:
        found = exercises.of_chapter(chapter)
        assert sorted(re.findall("`([^`]+)`", listed)) == sorted(e.name for e in found)
        by_lines = set(re.findall(r"`([^`]+)` \(lines\)", listed))
        assert by_lines == {e.name for e in found if e.by_steps}


def test_every_verdict_is_explained():
    for title in (
        "right",
        "a known mistake",
        "not equal",
        "unknown symbol",
        "not a formula",
        "not finished",
        "not decided",
    ):
        assert f"\n{title}\n: " in PAGE
