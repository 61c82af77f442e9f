"""The summary cards cover the registry."""

import json
import re
from importlib import import_module
from pathlib import Path

import pytest
from sympy import Rational, S

from lossbook import NotEqualError, losses
from lossbook.book import cards, show
from lossbook.calculus.evaluate import evaluate
from lossbook.calculus.latex import AmbiguityError
from lossbook.expr.nodes import Vec
from lossbook.losses import SpecialCase
from lossbook.notation import K, alpha, gamma, i, k, logit, p, sigmoid, softmax, target, z

PAGE = Path(__file__).parents[2] / "chapters" / "summary.ipynb"


@pytest.mark.parametrize("name", losses.names())
def test_every_loss_has_special_cases(name):
    cases = cards.special_cases(losses.get(name))
    assert cases
    assert all(case.evidence.proved for case in cases)


def test_a_false_special_case_is_refused():
    def wrong():
        return (SpecialCase("a sign lost", logit, -logit),)

    with pytest.raises(NotEqualError):
        cards.special_cases(losses.get("sigmoid").with_(special_cases=wrong))


def test_a_loss_without_special_cases_has_a_card():
    plain = losses.get("sigmoid_mse").with_(special_cases=None)
    assert cards.special_cases(plain) == ()
    assert cards.card(plain).text.startswith("equation: ")


def test_a_card_shows_gradient_and_limits():
    text = cards.card(losses.get("sigmoid_mse")).text
    assert str(losses.get("sigmoid_mse").derivation().result) in text
    assert "gradient at y = 1, z → −∞ | 0" in text


def test_a_card_says_how_well_its_results_are_backed():
    text = cards.card(losses.get("sigmoid_mse")).text
    assert re.search(r"\d+ steps, each proved$", text, re.MULTILINE)
    assert "differentiated with respect to: logit" in text


def test_a_letter_has_one_meaning_in_a_formula_of_a_card():
    def wrong():
        added = softmax(Vec(z[k] + logit, k, K), i)
        return (SpecialCase("a constant added to all logits", added, p(i)),)

    with pytest.raises(AmbiguityError, match="both printed as z"):
        cards.special_cases(losses.get("softmax").with_(special_cases=wrong))
    with pytest.raises(AmbiguityError, match="both printed as z"):
        show.card(losses.get("sigmoid").with_(expr=sigmoid(logit) + z[1]))


@pytest.mark.parametrize("name", losses.names())
def test_the_functions_on_a_card_are_there(name):
    found = cards.code_names(losses.get(name))
    assert {path.split(".")[1] for path in found} == {"numpy", "torch"}
    for path in found:
        module, _, function = path.rpartition(".")
        assert function in import_module(module).__all__


@pytest.mark.parametrize("name", [n for n in losses.names() if losses.get(n).wrt == logit])
def test_limits_are_approached_by_numbers(name):
    loss = losses.get(name)
    for what, value in cards.limits(loss):
        expr = loss.derivation().result if what.startswith("gradient") else loss.plain
        at = -60 if "−∞" in what else 60
        point = {
            logit: at,
            target: S.One if "y = 1" in what else S.Zero,
            gamma: S(2),
            alpha: Rational(1, 4),
        }
        found = evaluate(expr, point)
        assert found > 10 if value == S.Infinity else abs(found - float(value)) < 1e-12, what


def test_the_page_has_a_card_for_every_loss():
    text = "".join("".join(cell["source"]) for cell in json.loads(PAGE.read_text())["cells"])
    assert [n for n in losses.names() if f'cards.card(losses.get("{n}"))' not in text] == []
