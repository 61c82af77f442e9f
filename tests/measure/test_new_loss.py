"""A loss that nobody has heard of: registered, it gets an audit, measurements and a card."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sympy import log

import lossbook.numpy
import lossbook.torch
from lossbook import audit, losses
from lossbook.book import cards
from lossbook.losses import Loss, SpecialCase
from lossbook.measure import accuracy
from lossbook.measure.speed import child, plan, workloads
from lossbook.notation import j, p, t, z

NAME = "with_chance_of_error"


def special_cases():
    return (SpecialCase("as a difference", TOY.expr, 1 - p(t) - log(p(t))),)


TOY = Loss(
    name=NAME,
    function=f"{NAME}_loss",
    title="Cross entropy plus the chance of an error",
    expr=(1 - p(t)) - log(p(t)),
    wrt=z[j],
    target="class index",
    reference="goodfellow2016",
    special_cases=special_cases,
)


def torch_loss(logits, targets, reduction="mean", precision="exact"):
    cross_entropy = F.cross_entropy(logits, targets, reduction="none")
    loss = cross_entropy - torch.expm1(-cross_entropy)
    return loss if reduction == "none" else getattr(loss, reduction)()


def numpy_loss_with_grad(logits, targets, *, reduction="mean", precision="exact", out=None):
    z = torch.tensor(logits, requires_grad=True)
    value = torch_loss(z, torch.tensor(targets), reduction)
    (grad,) = torch.autograd.grad(value.sum(), z)
    return value.detach().numpy(), grad.numpy()


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The registry with one more loss, and its functions as `lossbook generate` would write them."""
    found = {loss.name: loss for loss in (*losses.all_losses(), TOY)}
    monkeypatch.setattr(losses, "_registry", lambda: found)
    monkeypatch.setattr(lossbook.torch, TOY.function, torch_loss, raising=False)
    monkeypatch.setattr(
        lossbook.numpy, f"{TOY.function}_with_grad", numpy_loss_with_grad, raising=False
    )


def test_an_audit():
    options = {"samples": 0, "dtypes": ("float32",)}
    report = audit(torch_loss, NAME, **options)
    assert report.loss == NAME
    assert "wrong-value" not in report.ids
    assert "wrong-gradient" not in report.ids
    wrong = audit(lambda logits, targets: 2 * torch_loss(logits, targets, "none"), NAME, **options)
    assert wrong.get("scale").title == "the loss is 2 times the definition"


def test_rows_of_accuracy():
    assert {job[:3] for job in accuracy.jobs(20) if job[0] == NAME} == {
        (NAME, dtype, None) for dtype in accuracy.FORMATS
    }
    lines = accuracy.measure(NAME, "float64", None, 4)
    assert {(line.loss, line.library, line.quantity) for line in lines} == {
        (NAME, "torch", "value"),
        (NAME, "torch", "gradient"),
        (NAME, "torch", "hvp"),
        (NAME, "numpy", "value"),
        (NAME, "numpy", "gradient"),
    }


def test_rows_of_the_benchmark():
    usual, generated = plan.SETTINGS[0], plan.SETTINGS[-1]
    planned = {g.workload: g for g in plan.groups(usual, smoke=False) if g.loss == NAME}
    assert set(planned) == set(workloads.WORKLOADS) - {"detection"}
    assert all(group.implementations == ("ours native",) for group in planned.values())
    (group,) = (g for g in plan.groups(generated, smoke=False) if g.loss == NAME)
    lines = list(child.measured(group, plan.Setting(1, kernels=False), smoke=True))
    assert {line["implementation"] for line in lines} == {"ours torch", "ours NumPy"}
    assert all(line["ratio"][0] > 0 for line in lines)


def test_a_card():
    text = cards.card(TOY).text
    assert str(TOY.derivation().result) in text
    assert f"lossbook.torch.{TOY.function}" in text
    assert [case.rule for case in cards.special_cases(TOY)] == ["as a difference"]


def test_inputs_have_the_form_of_its_targets():
    inputs = workloads.random_inputs("tiny", NAME, (4, 5))
    assert inputs.targets.shape == (4,)
    assert inputs.targets.dtype == np.int64
