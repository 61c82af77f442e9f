"""Every exercise stands on the page of its chapter, and the built page shows it to those without JavaScript too."""

import re

import pytest

from lossbook import exercises
from paths import ROOT, SITE
from test_site import source_of

PLACED = re.compile(r"\{exercise-widget\} (\S+)")
CHAPTERS = sorted({e.chapter for e in exercises.all_exercises()})


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_exercises_of_a_chapter_are_on_its_page(chapter):
    text, _ = source_of(f"chapters/{chapter}")
    assert sorted(PLACED.findall(text)) == sorted(e.name for e in exercises.of_chapter(chapter))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_exercises_of_a_page_are_numbered_from_one(chapter):
    html = (SITE / "chapters" / f"{chapter}.html").read_text()
    numbers = [int(n) for n in re.findall(r">Exercise (\d+) ", html)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_page_shows_them(chapter):
    html = (SITE / "chapters" / f"{chapter}.html").read_text()
    for exercise in exercises.of_chapter(chapter):
        steps = "true" if exercise.by_steps else "false"
        opening = (
            f'<div class="lossbook-exercise" data-exercise="{exercise.name}" data-steps="{steps}">'
        )
        assert html.count(opening) == 1
        inside = html.split(opening)[1].split('class="lossbook-exercise"')[0]
        assert inside.count('<details class="lb-hint">') == len(exercise.hints)
        assert "lb-without-script" in inside


def test_no_other_page_has_one():
    pages = [
        path.stem
        for path in (ROOT / "chapters").glob("*.ipynb")
        if "{exercise-widget}" in path.read_text()
    ]
    assert sorted(pages) == CHAPTERS
