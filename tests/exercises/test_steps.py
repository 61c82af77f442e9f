"""The first wrong line is found, and why; lines that follow are left alone."""

import json

import pytest
from sympy import exp

from lossbook import exercises
from lossbook.exercises import judge_steps
from lossbook.expr.nodes import Diff, Sum
from lossbook.notation import K, i, j, k, logit, p, sigmoid, z

TOTAL = Sum(exp(z[k]), (k, 1, K))
CLAIMED = [  # the delta is forgotten in the third line
    Diff(exp(z[i]) / TOTAL, z[j]),
    (TOTAL * Diff(exp(z[i]), z[j]) - exp(z[i]) * Diff(TOTAL, z[j])) / TOTAL**2,
    (TOTAL * exp(z[i]) - exp(z[i]) * exp(z[j])) / TOTAL**2,
    p(i) - p(i) * p(j),
    p(i) * (1 - p(j)),
]
GRADIENT = exercises.get("ce-gradient")


def test_lines_may_be_expressions():
    verdict = judge_steps(CLAIMED)
    assert (verdict.kind, verdict.line) == ("wrong", 3)
    assert len(verdict.lines) == 3
    assert verdict.lines[-1].counterexample is not None


def test_the_reason_is_known_where_the_goal_is():
    goal = Diff(p(i), z[j])
    right = exercises.parse("p_i (delta_ij - p_j)")
    verdict = judge_steps(CLAIMED, start=goal, mistakes=exercises.common_mistakes(right, goal))
    assert (verdict.kind, verdict.line) == ("mistake", 3)
    assert verdict.lines[-1].mistake.name == "only the case i = j"


@pytest.mark.parametrize(
    "lines",
    [
        [
            r"-\sum_k y_k \frac{\partial}{\partial z_j}[\log p_k]",
            r"= -\sum_k y_k (\delta_{jk} - p_j)",
            "= p_j - y_j",
        ],
        [
            "= -sum(y[k]*diff(log(p[k]), z[j]), k) = -sum(y[k]*(delta(j, k) - p[j]), k) = p[j] - y[j]"
        ],
        "-sum(y[k]*(delta(j, k) - p[j]), k)\n\n= p_j - y_j\n",
        ["p_j - y_j"],
    ],
)
def test_a_right_derivation(lines):
    verdict = GRADIENT.judge_steps(lines)
    assert verdict.kind == "right", verdict
    assert verdict.line is None


def test_a_chain_of_equations_is_judged_part_by_part():
    verdict = GRADIENT.judge_steps(
        ["-sum(y[k]*(delta(j, k) - p[j]), k)", "= y_j - p_j = p_j - y_j"]
    )
    assert (verdict.kind, verdict.line) == ("mistake", 2)
    assert verdict.lines[-1].mistake.name == "sign"


def test_the_first_wrong_line_is_found():
    verdict = GRADIENT.judge_steps(
        [
            "-sum(y[k]*diff(log(p[k]), z[j]), k)",
            "-sum(y[k]*delta(j,k)*(1 - p[k]), k)",
            "-y_j(1 - p_j)",
        ]
    )
    assert (verdict.kind, verdict.line) == ("mistake", 2)
    assert verdict.lines[-1].mistake.name == "only the term of the same index"
    assert len(verdict.lines) == 2


def test_a_wrong_first_line_is_found():
    verdict = GRADIENT.judge_steps(["p_j + 1"])
    assert (verdict.kind, verdict.line) == ("wrong", 1)
    assert "asked for" in verdict.message


def test_a_derivation_that_stops_early_is_unfinished():
    for lines in (["-sum(y[k]*diff(log(p[k]), z[j]), k)"], [], "", ["  "]):
        verdict = GRADIENT.judge_steps(lines)
        assert verdict.kind == "unfinished"
        assert not verdict.right


def test_a_malformed_line_is_located():
    verdict = GRADIENT.judge_steps(["p_j - y_j", "= p_j - * y_j"])
    assert (verdict.kind, verdict.line) == ("malformed", 2)
    assert verdict.lines[-1].error.column == 9
    assert "Line 2" in verdict.message


def test_an_unknown_name_is_located():
    verdict = GRADIENT.judge_steps(["p_j - y_j", "= p_j - h_j"])
    assert (verdict.kind, verdict.line) == ("unknown", 2)


def test_without_a_start_the_first_line_is_the_start():
    verdict = judge_steps(["sigma(z)(1 - sigma(z))", "= sigma(z) sigma(-z)"])
    assert verdict.kind == "right"
    wrong = judge_steps(["sigma(z)(1 - sigma(z))", "= sigma(z)"], goal=sigmoid(logit))
    assert (wrong.kind, wrong.line) == ("mistake", 2)


def test_a_derivation_that_misses_the_goal_is_unfinished():
    verdict = judge_steps(["x + 1", "1 + x"], goal=logit)
    assert verdict.kind == "unfinished"


def test_too_many_lines_are_refused():
    with pytest.raises(ValueError, match="more than 40"):
        judge_steps(["x"] * 41)


def test_a_verdict_is_shown_line_by_line():
    verdict = GRADIENT.judge_steps(["p_j - y_j", "= y_j - p_j"])
    assert "lb-mistake" in verdict._repr_html_()
    assert "Line 2" in str(verdict)
    assert json.loads(json.dumps(verdict.to_json())) == verdict.to_json()
