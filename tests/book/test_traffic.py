"""Traffic and operations are counted right: in programs whose counts are known, and in PyTorch as
it runs.
"""

import re

import pytest
import torch
import torch.nn.functional as F
from sympy import Symbol

from lossbook import losses
from lossbook.book.speed import operations, traffic
from lossbook.codegen.cpp.program import fused, has_bounded
from lossbook.losses import all_losses
from lossbook.native import compiler

LOSSES = [loss for loss in all_losses() if not loss.is_activation]
ROWS, CLASSES = 8, 4096


@pytest.fixture
def logits():
    return torch.zeros(ROWS, CLASSES, requires_grad=True)


@pytest.fixture
def targets():
    return torch.arange(ROWS)


def named(steps):
    return [(s.name, round(s.reads, 1), round(s.writes, 1)) for s in steps if s.total > 0.5]


def test_squared_error_in_arrays():
    steps = traffic.in_arrays(losses.get("mse"))
    assert all(s.writes == 1 and s.reads in (1, 2) for s in steps)
    assert steps[0].name == "subtract"
    assert steps[0].reads == 2


def test_a_mask_takes_a_quarter():
    steps = {s.name: s for s in traffic.in_arrays(losses.get("cross_entropy_index"), "gradient")}
    assert steps["equal"].writes == 0.25
    assert steps["where"].reads == 1.25


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_fused_loops_are_the_least(loss):
    program = fused(loss, bounded=has_bounded(loss))
    assert traffic.in_loops(program).writes == 1
    assert traffic.in_loops(program).total < traffic.summed("", traffic.in_arrays(loss)).total
    assert traffic.loops(program)[-1][2] == "the gradient"


def test_bounded_logits_are_read_in_one_loop():
    bounded, general = (
        traffic.loops(fused(losses.get("softmax_focal"), bounded=bounded))
        for bounded in (True, False)
    )
    assert [reads for reads, _, _ in bounded] == ["logits", "the kept exp"]
    assert [reads for reads, _, _ in general].count("logits") == 2


def test_the_built_in_loss(logits, targets):
    found = traffic.in_torch(F.cross_entropy, logits, targets)
    assert named(found.forward) == [("_log_softmax", 1, 1)]
    assert named(found.backward) == [
        ("nll_loss_backward", 0, 1),
        ("_log_softmax_backward_data", 2, 1),
    ]
    assert round(found.saved, 2) == 1


def test_views_cost_nothing(logits):
    found = traffic.in_torch(lambda x: x.view(-1)[None].t().sum(), logits)
    assert named(found.forward) == [("sum", 1, 0)]
    assert found.saved == 0


def test_what_is_kept_for_the_backward_pass(logits):
    assert round(traffic.in_torch(lambda x: (x.exp() * x.exp()).sum(), logits).saved) == 2
    assert (
        traffic.in_torch(lambda x: (x * x).sum(), logits).saved == 0
    )  # the logits are there anyway


def test_an_old_gradient_is_not_added_to(logits, targets):
    first = traffic.in_torch(F.cross_entropy, logits, targets)
    assert traffic.in_torch(F.cross_entropy, logits, targets) == first


def test_writing_in_place_is_counted(logits):
    found = traffic.in_torch(lambda x: x.clone().mul_(2).sum(), logits)
    assert named(found.forward) == [("clone", 1, 1), ("mul_", 1, 1), ("sum", 1, 0)]


# -- operations -----------------------------------


DEFINITION = re.compile(
    r"FOR\((double|float)\) INSIDE\(T\) (\w+)\([^)]*\) \{(.*?)\n?\}(?:\n|$)", re.DOTALL
)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
OPERATOR = re.compile(r"<<|>>|<=|>=|==|!=|[-+*/<>&|?]")
CHOICES = {"mul_add": 2, "either": 1}


def counted(kind):
    """The operations of each function of the headers, counted in their text."""
    folders = (compiler.SOURCES, compiler.HERE)
    text = "".join(p.read_text("utf-8") for f in folders for p in sorted(f.glob("*.h")))
    found = {name: body for k, name, body in DEFINITION.findall(COMMENT.sub("", text)) if k == kind}

    def count(name):
        body = re.sub(r"0x[0-9a-f.]+p[-+]?\d+f?|\((?:u?int\d+_t|float|double)\)", "1", found[name])
        body = re.sub(r"(?<=[(,=?:&|<>*/])(\s*)-|(return\s+)-", " ", body)  # a sign
        called = re.findall(r"(\w+)\(", body)
        inside = sum(CHOICES.get(f, 0) or (count(f) if f in found else 0) for f in called)
        return len(OPERATOR.findall(body)) + inside

    return {name: count(name) for name in found}


@pytest.mark.parametrize("kind", ["double", "float"])
def test_operations_of_functions_are_those_of_their_text(kind):
    found = counted(kind)
    assert operations.function("exp", kind) == found["exp_in_range"]
    for name in ("log", "log1p"):
        assert operations.function(name, kind) == found[f"{name}_"]
    assert operations.function("log1p_to_one", kind) == found["log1p_to_one"]
    if kind == "double":
        assert operations.function("exp", kind) + operations.RANGE == found["exp_"]


def test_squared_error_takes_few_operations():
    assert operations.of_kernel(losses.get("mse")) == operations.Work(4, 0)


def test_a_row_costs_less_for_each_logit_the_longer_it_is():
    work = operations.of_kernel(losses.get("softmax_focal"))
    assert work.row > 0
    assert work.per_logit(10) > work.per_logit(1000) > work.each


def test_one_exponential_for_each_logit():
    for name in ("cross_entropy_index", "softmax_focal"):
        exp = operations.function("exp", "double")
        assert exp < operations.of_kernel(losses.get(name)).each < 2 * exp


def test_the_target_of_a_long_row_is_put_in_its_place():
    found = losses.get("cross_entropy_index")
    exp = operations.function("exp", "double")
    assert (
        operations.of_kernel(found).each == exp + operations.BOUND + 4
    )  # compare, choose, add; times the factor


def test_the_kernel_for_all_logits_does_more():
    loss = losses.get("softmax_focal")
    assert operations.of_kernel(loss, bounded=False).each > operations.of_kernel(loss).each


def test_another_exponent_costs_a_power():
    loss = losses.get("softmax_focal")
    assert any(q.symbol == Symbol("gamma", nonnegative=True) for q in loss.parameters)
    assert operations.of_kernel(loss, square=False).row > operations.of_kernel(loss).row + 50


def test_general_kernels_compute_in_double():
    loss = losses.get("softmax_focal")
    single, double = (
        operations.of_kernel(loss, bounded=False, kind=kind) for kind in ("float", "double")
    )
    assert single == double
    assert operations.of_kernel(loss, kind="float").each < operations.of_kernel(loss).each
