"""The summary cards cover the registry."""

import pytest

from lossbook import losses, summary


@pytest.mark.parametrize("name", losses.names())
def test_every_loss_has_special_cases(name):
    cases = summary.special_cases(losses.get(name))
    assert cases
    assert all(case.evidence.proved for case in cases)


def test_only_registered_losses_have_special_cases():
    assert set(summary.SPECIAL) == set(losses.names())


def test_a_card_shows_gradient_and_limits():
    text = summary.card(losses.get("sigmoid_mse")).text
    assert str(losses.get("sigmoid_mse").derivation().result) in text
    assert "gradient at y = 1, z → -∞ | 0" in text


@pytest.mark.parametrize(("name", "function"), [("cross_entropy_index", "cross_entropy"), ("sigmoid", "sigmoid")])
def test_code_names(name, function):
    assert f"lossbook.numpy.{function}" in summary.code_names(losses.get(name))
