"""A new loss is one file: from it follow its derivation, its code, its functions, audit, rows and card."""

import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import lossbook.numpy
import lossbook.torch
from lossbook import audit, losses
from lossbook.api import kernels
from lossbook.book import cards
from lossbook.codegen import TARGETS, files
from lossbook.measure import accuracy
from lossbook.measure.speed import child, plan, workloads
from lossbook.native import kernel

NAME, FUNCTION = "with_chance_of_error", "with_chance_of_error_loss"
FILE = '''
"""Cross entropy plus a share of the chance of an error."""

from sympy import Symbol, log

from ..notation import j, p, t, z
from ._loss import Interface, Loss, Parameter, SpecialCase

share = Symbol("share", nonnegative=True)


def special_cases() -> tuple[SpecialCase, ...]:
    return (SpecialCase("at share 0", TOY.at(share=0), -log(p(t))),)


TOY = Loss(
    name="with_chance_of_error",
    function="with_chance_of_error_loss",
    title="Cross entropy plus the chance of an error",
    expr=share * (1 - p(t)) - log(p(t)),
    wrt=z[j],
    target="class index",
    reference="goodfellow2016",
    interface=Interface(module="WithChanceOfErrorLoss"),
    parameters=(Parameter(share, "share ≥ 0", "weight of the chance of an error", default=1.0),),
    special_cases=special_cases,
)
'''


def by_hand(logits, targets, share=1.0):
    """The loss of each row, with PyTorch's own functions and autograd."""
    cross_entropy = F.cross_entropy(logits, targets, reduction="none")
    return cross_entropy - share * torch.expm1(-cross_entropy)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The registry with one more file, and the package that `lossbook generate` makes of it."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "losses").mkdir()
    (folder / "losses" / f"{NAME}.py").write_text(FILE, "utf-8")
    patch = pytest.MonkeyPatch()
    patch.setattr(losses, "__path__", [*losses.__path__, str(folder / "losses")])
    patch.syspath_prepend(str(folder))
    losses._registry.cache_clear()
    files.write([losses.get(NAME)], folder / "toybook", "toybook")
    for front, functions in (
        (lossbook.numpy, import_module("toybook.numpy.functions")),
        (lossbook.torch, import_module("toybook.torch.functions")),
    ):
        for name in functions.__all__:
            patch.setattr(front, name, getattr(functions, name), raising=False)
    yield folder / "toybook"
    patch.undo()
    losses._registry.cache_clear()


@pytest.fixture(autouse=True)
def loss(package):
    return losses.get(NAME)


def test_a_derivation(loss):
    derivation = loss.derivation()
    assert derivation.proved
    assert str(derivation.result) == "(share*p[t] + 1)*(-KroneckerDelta(j, t) + p[j])"


def test_code_for_every_target(package, loss):
    for target in TARGETS:
        assert "Cross entropy plus the chance of an error" in loss.source(target)
    assert {path.suffix for path in package.rglob("*") if path.is_file()} == {
        ".py",
        ".js",
        ".cpp",
        ".h",
        *((".pyc",) if list(package.rglob("*.pyc")) else ()),
    }
    compiled = kernel(NAME, folder=str(package / "generated" / "cpp"))
    assert [name for name, role in compiled.inputs] == ["logits", "targets", "share"]


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("share", [1.0, 0.25])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions(reduction, share, dtype):
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(0, 3, (8, 5)).astype(dtype), rng.integers(5, size=8)
    x, t = torch.tensor(logits, requires_grad=True), torch.tensor(targets)
    rows = by_hand(x.double(), t, share)
    wanted = rows if reduction == "none" else getattr(rows, reduction)()
    (wanted_grad,) = torch.autograd.grad(wanted.sum(), x, create_graph=True)
    tangent = torch.linspace(-1, 1, x.numel(), dtype=x.dtype).reshape(x.shape)
    (wanted_hvp,) = torch.autograd.grad((wanted_grad * tangent).sum(), x)
    close = {"rtol": 1e-5 if dtype == "float32" else 1e-12, "atol": 1e-6}

    function = getattr(lossbook.numpy, f"{FUNCTION}_with_grad")
    value, grad = function(logits, targets, share=share, reduction=reduction)
    assert value.dtype == grad.dtype == dtype
    np.testing.assert_allclose(value, wanted.detach().numpy(), **close)
    np.testing.assert_allclose(grad, wanted_grad.detach().numpy(), **close)

    found = getattr(lossbook.torch, FUNCTION)(x, t, share=share, reduction=reduction)
    (found_grad,) = torch.autograd.grad(found.sum(), x, create_graph=True)
    (found_hvp,) = torch.autograd.grad((found_grad * tangent).sum(), x)
    torch.testing.assert_close(found, wanted.to(x.dtype), **close)
    torch.testing.assert_close(found_grad, wanted_grad, **close)
    torch.testing.assert_close(found_hvp, wanted_hvp, **close)


def test_functions_use_its_kernel(monkeypatch):
    used = []
    right = kernels.KernelCall.run
    monkeypatch.setattr(kernels.KernelCall, "run", lambda *a, **k: used.append(1) or right(*a, **k))
    getattr(lossbook.numpy, FUNCTION)(np.zeros((4, 3), np.float32), [0, 1, 2, 0])
    assert used


def test_a_wrong_call_restates_it():
    with pytest.raises(ValueError, match="share is -1; expected a finite number, at least 0"):
        getattr(lossbook.numpy, FUNCTION)(np.zeros((4, 3)), [0, 1, 2, 0], share=-1)
    with pytest.raises(ValueError, match=r"targets is 3 at position \(1,\)"):
        getattr(lossbook.torch, FUNCTION)(torch.zeros(2, 3), torch.tensor([0, 3]))


def test_a_module():
    module = import_module("toybook.torch.modules").WithChanceOfErrorLoss(share=0.5)
    x, t = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
    assert module(x, t) == getattr(lossbook.torch, FUNCTION)(x, t, share=0.5)
    assert "share=0.5" in repr(module)


def test_an_audit():
    options = {"samples": 0, "dtypes": ("float32",)}
    report = audit(getattr(lossbook.torch, FUNCTION), NAME, **options)
    assert report.ok, report
    wrong = audit(lambda logits, targets: 2 * by_hand(logits, targets), NAME, **options)
    assert not wrong.ok


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
    assert all(line.passes for line in lines)


def test_rows_of_the_benchmark():
    usual, generated = plan.SETTINGS[0], plan.SETTINGS[-1]
    planned = {g.workload: g for g in plan.groups(usual, smoke=False) if g.loss == NAME}
    assert set(planned) == set(workloads.WORKLOADS) - {"detection"}
    assert all(group.implementations == ("ours native",) for group in planned.values())
    (group,) = (g for g in plan.groups(generated, smoke=False) if g.loss == NAME)
    lines = list(child.measured(group, plan.Setting(1, kernels=False), smoke=True))
    assert {line["implementation"] for line in lines} == {"ours torch", "ours NumPy"}
    assert all(line["ratio"][0] > 0 for line in lines)


def test_inputs_have_the_form_of_its_targets():
    inputs = workloads.random_inputs("tiny", NAME, (4, 5))
    assert inputs.targets.shape == (4,)
    assert inputs.targets.dtype == np.int64


def test_a_card(loss):
    text = cards.card(loss).text
    assert str(loss.derivation().result) in text
    assert [case.rule for case in cards.special_cases(loss)] == ["at share 0"]


def test_nothing_else_was_touched():
    """The files of the package itself are those that its own losses give."""
    command = [sys.executable, "-m", "lossbook", "generate", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
