"""Every claim of the three sources is judged, once, by a computation that can also say no."""

import pytest
from sympy import Eq, Piecewise, log

from lossbook import NotEqualError, losses
from lossbook.book import claims
from lossbook.book.claims import Claim, claim_html, equality, fact, verdict
from lossbook.book.claims.claim import KINDS
from lossbook.book.claims.tutorial_output import (
    LOGITS,
    PRINTED_GRADIENT,
    TARGETS,
    common_factor,
    module_values,
)
from lossbook.expr.nodes import Diff
from lossbook.notation import i, p, t, z

IDS = [
    f"{letter}{n}" for letter, last in (("A", 7), ("B", 14), ("C", 8)) for n in range(1, last + 1)
]


def test_every_claim_is_there_once():
    assert [c.id for c in claims.CLAIMS] == IDS


@pytest.mark.parametrize("name", IDS)
def test_it_is_judged_and_shown(name):
    claim = claims.get(name)
    found = claim.verdict()
    assert found.kind in KINDS
    assert found.checks
    assert claim_html(claim).text.startswith(f"{name}: ")
    if found.kind == "derived":
        assert all(f.holds for f in found.checks)
    if found.kind in ("corrected", "refuted"):
        assert any(not f.holds for f in found.checks)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("corrected", {"A6", "A7", "B5", "B13", "C1", "C5", "C7"}),
        ("refuted", {"B12"}),
        ("opinion", {"B2", "B3", "B14", "C4", "C6", "C8"}),
    ],
)
def test_the_verdicts(kind, names):
    assert {c.id for c in claims.CLAIMS if c.verdict().kind == kind} == names


def wrong_sign():
    stated = Piecewise((p(i) - 1, Eq(i, t)), (p(i), True))
    return verdict([equality(Diff(log(p(t)), z[i]), stated)], evidence="planted")


def test_a_planted_wrong_claim_is_refuted_with_a_counterexample():
    planted = Claim("A2", "The derivative of log p_t, with the sign lost.", wrong_sign)
    found = planted.verdict()
    assert found.kind == "refuted"
    assert isinstance(found.checks[0].exhibit, NotEqualError)
    assert "Counterexample at K = " in claim_html(planted).html


def test_the_right_version_makes_it_corrected():
    loss = losses.get("cross_entropy_index").plain
    wrong, right = equality(loss, log(p(t))), equality(loss, -log(p(t)))
    assert verdict([wrong], right=[right], evidence="").kind == "corrected"
    assert verdict([right], evidence="").kind == "derived"


def test_a_correction_that_is_wrong_itself_is_an_error():
    with pytest.raises(ValueError, match="does not hold either"):
        verdict([fact("no", False)], right=[fact("nor this", False)], evidence="")


def test_an_unknown_id_is_named():
    with pytest.raises(KeyError, match="'Z9'"):
        claims.get("Z9")


def test_the_factor_of_c7_is_found_and_no_other_fits():
    right = module_values()["gradient"]
    least, largest = common_factor(PRINTED_GRADIENT, right)
    assert least <= 6 <= largest
    assert largest - least < 1e-3
    least, largest = common_factor(PRINTED_GRADIENT + 0.001, right)
    assert least > largest, "rows that no one factor explains must leave an empty interval"
    assert len(LOGITS) == len(TARGETS) == len(right)
