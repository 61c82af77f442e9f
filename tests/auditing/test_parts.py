"""Adapters, guesses, cases and shrinking."""

import numpy as np
import pytest

from lossbook import losses
from lossbook.auditing.adapters import Adapter, AdapterError, adapter
from lossbook.auditing.batches import Case, cases
from lossbook.auditing.guess import guess
from lossbook.auditing.run import audit
from lossbook.auditing.shrink import shrink

from . import planted

FOCAL = losses.get("softmax_focal")


def test_a_guess():
    found = guess(planted.right, FOCAL)
    assert found.order == ("logits", "targets")
    assert found.parameters == {"gamma": "gamma", "alpha": "alpha"}
    assert (found.reduction, found.ignore_index, found.ignored) == (
        "reduction",
        "ignore_index",
        -100,
    )


def test_a_guess_of_the_other_order():
    assert guess(lambda y_true, y_pred: 0, FOCAL).order == ("targets", "logits")


@pytest.mark.parametrize(
    "function", [lambda a, b: 0, lambda logits, scores: 0, lambda: 0, lambda *z: 0]
)
def test_what_cannot_be_guessed(function):
    with pytest.raises(AdapterError, match="cannot tell logits from targets"):
        guess(function, FOCAL)


def test_unknown_adapters_and_options():
    with pytest.raises(AdapterError, match="there are index"):
        adapter("none such")
    with pytest.raises(AdapterError, match="no option 'clas_axis'"):
        audit(planted.right, FOCAL, clas_axis=1)
    with pytest.raises(AdapterError, match="order is"):
        Adapter(order=("logits", "logits"))
    with pytest.raises(AdapterError, match="targets is 'soft'"):
        Adapter(targets="soft")
    with pytest.raises(AdapterError, match="framework is 'tensorflow'"):
        audit(planted.right, FOCAL, framework="tensorflow")
    with pytest.raises(AdapterError, match="dtypes has 'int8'"):
        audit(planted.right, FOCAL, dtypes=["int8"])


def test_what_the_implementation_raises_is_told():
    def loss(logits, targets, gamma=2.0):
        raise RuntimeError("out of order")

    with pytest.raises(AdapterError, match="out of order"):
        audit(loss, FOCAL)


@pytest.mark.parametrize("loss", losses.all_losses(), ids=lambda x: x.name)
def test_cases_are_numbers_of_every_dtype(loss):
    found = cases(loss)
    assert len({c.region for c in found}) >= 4
    assert len(set(found)) == len(found)
    for case in found:
        z = np.array(case.logits, dtype=np.float64)
        finite = z[np.isfinite(z)]
        mantissas = np.frexp(finite)[0] * 256
        if not case.wide:
            assert np.all(mantissas == np.round(mantissas)), case
            assert np.all(np.float16(finite) == finite), case
        assert np.all(np.float32(finite) == finite), case


def test_shrinking_finds_the_smallest():
    case = Case("random", (3.75, -810.0, 17.5, 0.25), 2)
    smallest = shrink(case, lambda c: c.logits[c.target] - min(c.logits) >= 100)
    assert smallest.classes == 2
    assert smallest.target == 0
    assert smallest.logits in ((0.0, -100.0), (100.0, 0.0))


def test_shrinking_keeps_what_fails():
    case = Case("random", (3.75, 1.0), 0)
    assert shrink(case, lambda c: c == case) == case


def test_shrinking_stops():
    calls = []
    shrink(Case("random", (1e4,) * 50, 0), lambda c: calls.append(c) or True, tries=10)
    assert len(calls) <= 11
