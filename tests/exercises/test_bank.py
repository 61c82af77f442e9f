"""Every exercise of the book: its answer follows from its question, its mistakes are wrong, and both are told apart."""

import argparse
import json
from collections import Counter

import pytest

from lossbook import NotEqualError, exercises, prove_equal
from lossbook.exercises import command, text
from lossbook.exercises.verdict import plain

ALL = exercises.all_exercises()
PER_CHAPTER = Counter(e.chapter for e in ALL)
DERIVING = "sigmoid softmax cross_entropy soft_targets binary_cross_entropy squared_error brier focal_idea focal_gradient sympy_by_hand".split()


@pytest.mark.parametrize("chapter", DERIVING)
def test_every_chapter_has_exercises(chapter):
    assert PER_CHAPTER[chapter] >= 3
    assert any(e.by_steps for e in exercises.of_chapter(chapter))


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.name)
def test_the_answer_is_proved(exercise):
    assert prove_equal(exercise.start, exercise.answer, given=exercise.given).proved
    assert not exercise.answer.has(*exercise.without)
    assert exercise.hints
    assert len(exercise.all_mistakes) >= 4


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.name)
def test_the_answer_can_be_typed(exercise):
    verdict = exercise.judge(text(exercise.answer))
    assert verdict.kind == "right", verdict
    assert exercise.preview(text(exercise.answer))["latex"]
    if exercise.by_steps:
        assert exercise.judge_steps([text(exercise.start), f"= {text(exercise.answer)}"]).right


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.name)
def test_the_mistakes_of_an_exercise_are_wrong_and_named(exercise):
    for mistake in exercise.mistakes:
        with pytest.raises(NotEqualError):
            prove_equal(mistake.expr, exercise.answer, given=exercise.given)
        assert exercise.judge(mistake.expr).mistake == mistake


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.name)
def test_common_mistakes_are_wrong_or_never_reported(exercise):
    """A made mistake may happen to be right, as a sign where the answer is 0: then it must not be told."""
    some = exercise.all_mistakes[:: max(1, len(exercise.all_mistakes) // 5)]
    told = [exercise.judge(m.expr) for m in some]
    kinds = Counter(v.kind for v in told)
    assert kinds["mistake"] >= 0.6 * len(told), [str(v) for v in told]
    assert kinds["wrong"] + kinds["undecided"] + kinds["unknown"] == 0, [str(v) for v in told]


def test_repeating_the_question_is_no_answer():
    for name, typed in (
        ("notation-delta", "sum(delta(j,k)*y[k] - p[j], k)"),
        ("sigmoid-for-tanh", "tanh(z)"),
        ("ce-class-index", "diff(-w_t log(p_t), z_j)"),
    ):
        assert exercises.get(name).judge(typed).kind == "unfinished"


def test_a_preview_shows_the_formula_or_the_error():
    exercise = exercises.get("ce-gradient")
    assert exercise.preview("p_j - y_j = p_j") == {"latex": "p_{j} -y_{j} = p_{j}"}
    assert exercise.preview("p_j - * ") == {
        "error": "expected a number, a name or a bracket, found '*'",
        "column": 7,
    }


def test_an_unknown_exercise_is_an_error():
    with pytest.raises(KeyError, match="no exercise is called 'x'"):
        exercises.get("x")


def test_questions_read_well_without_latex():
    for e in ALL:
        assert not set(plain(e.question)) & set("$\\")


# -- grading --------------------------------------------------------------------------------------------------------

ANSWERS = [
    {"student": "Ada", "exercise": "ce-gradient", "answer": "p[j] - y[j]"},
    {"student": "Bob", "exercise": "ce-gradient", "answer": "y_j - p_j"},
    {
        "student": "Cleo",
        "exercise": "ce-gradient",
        "steps": ["sum(y[k]*(p[j] - delta(j, k)), k)", "= y_j - p_j"],
    },
    {"student": "Dan", "exercise": "ce-gradient", "answer": "p_j -"},
]


def run(*argv: str) -> int:
    """A subcommand; its exit code."""
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers(required=True))
    arguments = parser.parse_args(argv)
    return arguments.run(arguments)


def written(tmp_path, content) -> str:
    path = tmp_path / "answers.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_answers_are_graded_in_a_table(tmp_path, capsys):
    assert run("grade", written(tmp_path, ANSWERS)) == 1
    header, *rows, last = capsys.readouterr().out.strip().split("\n")
    assert header.split() == ["student", "exercise", "verdict", "why"]
    assert [row.split()[2] for row in rows] == ["right", "mistake", "mistake", "malformed"]
    assert rows[1].endswith("  sign")
    assert rows[2].endswith("  line 2: sign")
    assert last == "1 of 4 right"


def test_right_answers_give_exit_code_0(tmp_path, capsys):
    assert run("grade", written(tmp_path, ANSWERS[:1])) == 0
    assert "1 of 1 right" in capsys.readouterr().out


def test_answers_are_graded_as_json(tmp_path, capsys):
    assert run("grade", "--json", written(tmp_path, ANSWERS[:2])) == 1
    graded = json.loads(capsys.readouterr().out)
    assert [entry["verdict"]["kind"] for entry in graded] == ["right", "mistake"]
    assert graded[1]["student"] == "Bob"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1"),
        ({}, "expected a list"),
        ([3], "entry 1"),
        ([{"exercise": "no", "answer": "x"}], "'no'"),
        ([{"exercise": "ce-gradient"}], "either an answer"),
        ([{"exercise": "ce-gradient", "answer": 3}], "either an answer"),
        ([{"exercise": "ce-gradient", "answer": "x", "steps": ["x"]}], "either an answer"),
        ([{"exercise": "ce-gradient", "steps": "x"}], "either an answer"),
    ],
)
def test_a_malformed_list_is_refused(tmp_path, capsys, content, said):
    assert run("grade", written(tmp_path, content)) == 2
    assert said in capsys.readouterr().err


def test_a_missing_file_is_an_error(tmp_path, capsys):
    assert run("grade", str(tmp_path / "none.json")) == 2
    assert "none.json" in capsys.readouterr().err


def test_all_exercises_are_listed(capsys):
    assert run("grade", "--list") == 0
    assert len(capsys.readouterr().out.strip().split("\n")) == len(ALL)
