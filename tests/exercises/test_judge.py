"""Any equal form is right; a wrong one is refuted by numbers that mpmath confirms; a known mistake is named."""

import json
import random
import time

import mpmath
import pytest
from sympy import KroneckerDelta, Symbol, log

from lossbook import OneHot, Share, Simplex
from lossbook.exercises import Exercise, Mistake, ParseError, Verdict, judge, parse
from lossbook.exercises.proof_cost import too_large
from lossbook.expr.nodes import Diff, Sum
from lossbook.notation import K, alpha, epsilon, gamma, j, k, logit, p, sigmoid, t, target, y, z

GRADIENT = Exercise(
    name="gradient",
    chapter="none",
    question="Differentiate.",
    asks=Diff(-Sum(y[k] * log(p(k)), (k, 1, K)), z[j]),
    given=(Simplex(y),),
)
FOCAL = Exercise(
    name="focal",
    chapter="none",
    question="Differentiate.",
    asks=Diff(-alpha * (1 - p(t)) ** gamma * log(p(t)), z[j]),
)
SIGMOID = Exercise(
    name="sigmoid", chapter="none", question="Differentiate.", asks=Diff(sigmoid(logit), logit)
)
SQUARED = Exercise(
    name="squared",
    chapter="none",
    question="Differentiate.",
    asks=Diff((sigmoid(logit) - target) ** 2, logit),
)

RIGHT = [
    (GRADIENT, "p[j] - y[j]"),
    (GRADIENT, "p_j - y_j"),
    (GRADIENT, r"\sum_k y_k (p_j - \delta_{jk})"),
    (GRADIENT, "softmax(z)[j] - y[j]"),
    (GRADIENT, r"\frac{e^{z_j}}{\sum_k e^{z_k}} - y_j"),
    (GRADIENT, "p_j*sum(y) - y_j*sum(p)"),
    (GRADIENT, "-(y_j - p_j)"),
    (FOCAL, "alpha*(1-p_t)^(gamma-1)*(1 - p_t - gamma p_t log(p_t))*(p_j - delta_jt)"),
    (FOCAL, r"\alpha (p_j - [j = t]) ((1-p_t)^\gamma - \gamma p_t (1-p_t)^{\gamma-1} \log p_t)"),
    (FOCAL, "alpha*(p_j - delta_jt)*(1-p_t)^gamma*(1 - gamma*p_t/(1-p_t)*log(p_t))"),
    (SIGMOID, "sigma(z)(1 - sigma(z))"),
    (SIGMOID, "e^(-z)/(1 + e^(-z))^2"),
    (SIGMOID, "sigma(z) sigma(-z)"),
    (SIGMOID, "sigma(z) - sigma(z)^2"),
    (SIGMOID, "1/(2 + e^z + e^(-z))"),
    (SIGMOID, "(1 - tanh(z/2)^2)/4"),
    (SQUARED, "2(sigma(z) - y) sigma(z) (1 - sigma(z))"),
]


@pytest.mark.parametrize(("exercise", "typed"), RIGHT)
def test_any_equal_form_is_right(exercise, typed):
    verdict = exercise.judge(typed)
    assert verdict.kind == "right", verdict
    assert verdict.evidence.proved
    assert verdict.counterexample is None


def softmax_at(values):
    powers = [mpmath.exp(x) for x in values]
    return [x / mpmath.fsum(powers) for x in powers]


def numbers(point):
    """The values of a counterexample by name; shares no code with the evaluator."""

    def lift(value):
        if isinstance(value, list):
            return [lift(v) for v in value]
        return value if isinstance(value, int) else mpmath.mpf(value.p) / value.q

    return {str(name): lift(value) for name, value in point.values.items()}


WRONG = {
    "p_j - y_j + 1/1000": lambda a, q: q[a["j"] - 1] - a["y"][a["j"] - 1] + mpmath.mpf(1) / 1000,
    "p_j": lambda a, q: q[a["j"] - 1],
    "y_j - p_j": lambda a, q: a["y"][a["j"] - 1] - q[a["j"] - 1],
    "p_j^2 - y_j": lambda a, q: q[a["j"] - 1] ** 2 - a["y"][a["j"] - 1],
    "sum(p*y) - y_j": lambda a, q: (
        mpmath.fsum(u * v for u, v in zip(q, a["y"], strict=True)) - a["y"][a["j"] - 1]
    ),
    "3(p_j - y_j)": lambda a, q: 3 * (q[a["j"] - 1] - a["y"][a["j"] - 1]),
}


@pytest.mark.parametrize("typed", WRONG)
def test_counterexamples_are_true(typed):
    verdict = GRADIENT.judge(typed)
    assert verdict.kind in ("wrong", "mistake")
    with mpmath.workdps(40):
        point = numbers(verdict.counterexample)
        assert mpmath.almosteq(mpmath.fsum(point["y"]), 1)
        q = softmax_at(point["z"])
        expected = q[point["j"] - 1] - point["y"][point["j"] - 1]
        assert mpmath.almosteq(verdict.counterexample.left, expected, 1e-30)
        assert mpmath.almosteq(verdict.counterexample.right, WRONG[typed](point, q), 1e-30)
        assert not mpmath.almosteq(expected, WRONG[typed](point, q), 1e-6)


def test_counterexamples_have_short_numbers():
    verdict = GRADIENT.judge("p_j + y_j")
    values = verdict.to_json()["counterexample"]["values"]
    assert values["K"] == 2
    assert all(len(x) <= 4 for name in "zy" for x in values[name])


def test_shares_stay_between_0_and_1():
    exercise = Exercise(
        "x", "none", "?", asks=epsilon * alpha * target, solution=epsilon * alpha * target
    )
    values = exercise.judge("epsilon*alpha*y + 1").counterexample.values
    assert all(0 < values[name] < 1 for name in (epsilon, alpha, target))


def test_verdicts_are_the_same_every_time():
    first, second = (GRADIENT.judge("p_j + y_j").to_json() for _ in range(2))
    assert first == second


def test_an_answer_that_is_wrong_only_where_indices_agree_is_refuted():
    """Wrong only where three indices agree in pairs: no random point may be needed to hit it."""
    i, s = (parse(f"z_{name}").indices[0] for name in "is")
    right = KroneckerDelta(i, j) * 0 + z[i] + z[j] + z[s]
    for a, b in ((i, j), (j, s), (i, s)):
        verdict = judge(right + KroneckerDelta(a, b) * y[a] / 1000, right)
        assert verdict.kind in ("wrong", "mistake", "unknown"), (a, b)


@pytest.mark.parametrize(
    ("exercise", "typed", "name"),
    [
        (GRADIENT, "y_j - p_j", "sign"),
        (GRADIENT, "2(p_j - y_j)", "a factor 2 too many"),
        (GRADIENT, "p_j", "a missing term"),
        (GRADIENT, "p_j + y_j", "sign of a term"),
        (GRADIENT, "-y_j/p_j", "with respect to the probability"),
        (GRADIENT, "-y_j(1 - p_j)", "only the term of the same index"),
        (GRADIENT, "-sum(y[k]*log(p[k]), k)", "not differentiated"),
        (GRADIENT, "(p_j - y_j)/K", "a mean over the classes"),
        (SQUARED, "(sigma(z) - y) sigma(z) (1 - sigma(z))", "a missing factor 2"),
        (SQUARED, "2(sigma(z) - y)", "with respect to the probability"),
        (SQUARED, "2(sigma(z) - y) sigma(z)", "a missing factor"),
        (FOCAL, "(1-p_t)^(gamma-1)(1 - p_t - gamma p_t log(p_t))(p_j - δ_jt)", "dropped alpha"),
        (FOCAL, "α(1-p_t)^γ (p_j - δ_jt)", "one term of the product rule"),
        (FOCAL, "α(1-p_t)^γ (1 - p_t - γ p_t log(p_t))(p_j - δ_jt)", "an exponent off by one"),
        (FOCAL, "α(1-p_t)^(γ-1) (1 - p_t - γ p_t log(p_t)) p_j", "only the case j ≠ t"),
        (FOCAL, "α(1-p_t)^(γ-1) (1 - p_t - γ p_t log(p_t))(p_t - 1)", "only the case j = t"),
        (FOCAL, "α(1-p_t)^(γ-1) (1 - p_t - γ p_t log(p_t))(p_j + δ_jt)", "sign of the delta"),
    ],
)
def test_a_known_mistake_is_named(exercise, typed, name):
    verdict = exercise.judge(typed)
    assert (verdict.kind, verdict.mistake and verdict.mistake.name) == ("mistake", name), verdict
    assert verdict.counterexample is not None
    assert "$" not in str(verdict)


def test_a_mistake_of_the_exercise_comes_before_common_ones():
    own = Mistake("turned round", y[j] - p(j), "Mind the order.")
    exercise = Exercise("x", "none", "?", asks=GRADIENT.asks, given=GRADIENT.given, mistakes=(own,))
    assert exercise.judge("y_j - p_j").mistake is own


def test_a_listed_mistake_that_is_right_is_not_reported():
    same = Mistake("not wrong at all", p(j) - y[j], "No.")
    assert judge("p_j - y_j + 1", p(j) - y[j], mistakes=(same,)).kind == "wrong"
    assert judge("p_j - y_j", p(j) - y[j], mistakes=(same,)).kind == "right"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("p_j - foo", "no name 'foo'"),
        ("p_j - w_j", "The vector w"),
        ("p_i - y_i", "The index i"),
        ("p_j - y", "y without an index"),
        ("gamma*p_j", "gamma"),
    ],
)
def test_unknown_symbols_are_named(typed, said):
    verdict = GRADIENT.judge(typed)
    assert verdict.kind == "unknown"
    assert said in verdict.message
    assert "This exercise uses p, y, z, j." in verdict.message


def test_a_foreign_symbol_that_cancels_is_right():
    assert GRADIENT.judge("p_j - y_j + w_j - w_j").kind == "right"


def test_a_text_that_is_no_formula_is_malformed():
    verdict = GRADIENT.judge("p_j - * y_j")
    assert verdict.kind == "malformed"
    assert isinstance(verdict.error, ParseError)
    assert verdict.to_json()["column"] == 7
    assert str(verdict).endswith("^")


def test_an_unevaluated_derivative_is_unfinished():
    assert GRADIENT.judge("diff(-sum(y[k]*log(p[k]), k), z[j])").kind == "unfinished"


def test_hypotheses_are_used():
    assert judge("p_j*sum(y)", p(j), given=(Simplex(y),)).kind == "right"
    assert judge("p_j*sum(y)", p(j) + 0 * y[j]).kind != "right"
    assert judge("p_j - y_j", p(j) - KroneckerDelta(j, t), given=(OneHot(y, t),)).kind == "right"


def test_a_share_has_log_odds():
    q = Symbol("q", positive=True)
    right, typed = log(q / (1 - q)), "-log(1/q - 1)"
    assert judge(typed, right, letters=[q]).kind == "undecided"
    assert judge(typed, right, letters=[q], given=(Share(q),)).kind == "right"
    wrong = judge("log(1/q - 1)", right, letters=[q], given=(Share(q),))
    assert wrong.kind == "wrong"
    assert 0 < wrong.counterexample.values[q] < 1


def test_an_answer_defined_nowhere_is_undecided():
    verdict = judge("1/(x - x)", target)
    assert verdict.kind == "undecided"
    assert verdict.evidence is None


LARGE = [
    "(" + " + ".join(f"z_{n}" for n in range(1, 20)) + ")^32",
    "*".join("(p_i + y_j + z_k)" for _ in range(40)),
    "+".join(f"1/(p_{n} + y_{n} + z_{n})" for n in range(1, 40)),
    "log(" + "*".join(f"(p_{n} + y_{n})" for n in range(1, 40)) + ")",
    " + ".join(f"delta_{a}{b} z_{a}" for a in "ijtlmnqr" for b in "ijtlmnqr" if a != b),
    "sum(sum(sum(sum(p[k]*y[l]*z[m]*w[n], k), l), m), n)^3",
    "diff(diff(diff(log(1+sigma(z_1 z_2)^p_j), z_1), z_2), z_1)",
    "abs(z_1 - abs(z_2 - abs(z_3 - abs(z_4 - abs(z_5)))))^7",
    "(" * 30 + "z_1" + "+1)^2" * 3 + ")" * 27,
    "e^(e^(e^(z_1^9)))",
    "log(log(log(log(log(1+z_1^2)))))",
]


@pytest.mark.parametrize("typed", LARGE, ids=range(len(LARGE)))
def test_large_answers_are_judged_quickly(typed):
    start = time.process_time()
    assert judge(typed, p(j) - y[j]).kind in ("wrong", "unknown", "malformed", "undecided")
    large = judge(f"{typed} + 1 - 1", parse(typed), without=())
    assert large.kind in ("right", "undecided")
    assert (
        time.process_time() - start < 60
    )  # not a measurement: without its limits this does not end


def test_large_answers_are_compared_by_numbers():
    square = parse(LARGE[0])
    assert too_large(square)
    verdict = judge(square + 0 * y[j], parse(LARGE[0]))
    assert verdict.kind in ("right", "undecided")
    assert not too_large(parse("p_j - y_j"), GRADIENT.answer)


def test_random_text_gets_a_verdict():
    rng = random.Random(1)
    words = [
        "p_j",
        "y_j",
        "p_t",
        "z_j",
        "1",
        "2",
        "gamma",
        "log(p_t)",
        "(1-p_t)",
        "delta_jt",
        "sum(p*y)",
        "e^(-z_j)",
    ]
    kinds = set()
    for _ in range(15):
        typed = rng.choice(words)
        for _ in range(rng.randint(0, 6)):
            typed += rng.choice([" + ", " - ", "*", "/", "*"]) + rng.choice(words)
        kinds.add(GRADIENT.judge(typed).kind)
    assert kinds <= {"wrong", "mistake", "unknown"}
    assert len(kinds) >= 2


def test_json_is_plain():
    for typed in ("p_j - y_j", "y_j - p_j", "p_j +", "foo", "p_j + 1"):
        verdict = GRADIENT.judge(typed)
        assert json.loads(json.dumps(verdict.to_json())) == verdict.to_json()


def test_html_is_escaped():
    html = GRADIENT.judge("<script>alert(1)</script>")._repr_html_()
    assert "<script" not in html
    assert "&lt;script" in html


def test_a_verdict_has_a_known_kind():
    with pytest.raises(ValueError, match="kind must be one of"):
        Verdict("brilliant", "")
