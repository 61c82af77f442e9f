"""A reader's own loss: understood, derived and turned into code, or refused with a reason."""

import json
import re

import numpy as np
import pytest

from lossbook import losses
from lossbook.book.describe import curvature, derive, describe, own, written
from lossbook.generated.numpy import cross_entropy_index, softmax_focal


def code(text: str):
    names: dict = {}
    exec(compile(text, "<generated>", "exec"), names)
    return names


KINDS = {
    "-(1-p_t)^gamma * log(p_t)": ("row", "class index", ["gamma"]),
    "-w_t*log(p_t)": ("row", "class index", ["weight"]),
    "logsumexp(z) - z[t]": ("row", "class index", []),
    r"-\sum_k y_k \log p_k": ("row", "probabilities", []),
    r"-\sum_k p_k \log p_k": ("row", None, []),
    "-alpha*y*log(sigma(z))": ("logit", "real", ["alpha"]),
    "softplus(z)": ("logit", None, []),
    "log(1 + exp(x-y))": ("output", "real", []),
}


@pytest.mark.parametrize("formula", KINDS)
def test_what_a_formula_is_a_loss_of(formula):
    about = describe(own(formula))
    assert (about["kind"], about["target"], [p["name"] for p in about["parameters"]]) == KINDS[
        formula
    ]


def test_a_registered_loss_typed_again_has_the_same_code():
    row, one = np.array([[0.3, -1.0, 2.0]]), np.array([1])
    mine = code(derive("-log(p_t)")["code"]["numpy"])
    assert "hvp" not in mine
    weights = {"weight": np.ones(3)}
    np.testing.assert_allclose(
        mine["value"](row, one), cross_entropy_index.value(row, one, **weights), rtol=1e-15
    )
    np.testing.assert_allclose(
        mine["gradient"](row, one), cross_entropy_index.gradient(row, one, **weights), rtol=1e-15
    )


def test_the_hessian_comes_after():
    row, one, direction = np.array([[0.3, -1.0, 2.0]]), np.array([1]), np.array([[1.0, 0.5, -2.0]])
    mine = code(curvature("-(1-p_t)^gamma * log(p_t)")["code"]["numpy"])
    expected = softmax_focal.hvp(row, one, direction, gamma=0.5, alpha=np.ones(3))
    np.testing.assert_allclose(mine["hvp"](row, one, direction, gamma=0.5), expected, rtol=1e-13)


def test_what_the_page_is_sent_is_json_with_all_its_parts():
    found = json.loads(json.dumps(derive("(x-y)^4")))
    assert found["loss"]["kind"] == "output"
    assert r"\[" in found["equation"]
    assert found["derivation"].count("lb-step") >= 3
    assert found["code"].keys() == {"numpy", "torch", "javascript"}
    assert "export function gradient" in found["code"]["javascript"]


REFUSED = {
    "-log(p_t": "column 5: .* never closed",
    "": "empty|expected|formula",
    "p_i": "the class i is not said",
    "z[t] + z": "it uses more than one of",
    "sigma(z) * p_t": "it uses more than one of",
    "3": "it uses none of",
    "gamma*y": "it uses none of",
    "p_t*y[t]": "a loss has one target",
    "g[t]*p_t": "g is no parameter here",
    "__import__('os')": "column",
    "x.real": "column",
}


@pytest.mark.parametrize("formula", REFUSED)
def test_what_is_refused(formula):
    found = derive(formula)
    assert found.keys() == {"error"}
    assert re.search(REFUSED[formula], found["error"])


def test_a_second_derivative_that_the_engine_does_not_know():
    assert "error" not in derive("abs(x-y)")
    assert "error" in curvature("abs(x-y)")


def test_every_registered_loss_is_described():
    for loss in losses.all_losses():
        if not loss.is_activation:
            about = describe(loss)
            assert len(about["parameters"]) == len(loss.parameters)
            assert about["kind"] in ("row", "logit", "output")
            assert written(loss)["derivation"].count("lb-step") >= 2
