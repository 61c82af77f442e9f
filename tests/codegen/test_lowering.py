"""What the lowering takes and refuses; golden files; planted faults."""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sympy import Function, IndexedBase, Piecewise, exp, log, sqrt

from lossbook import codegen
from lossbook.codegen import LoweringError, command
from lossbook.codegen import files as generated
from lossbook.codegen.files import GENERATED, out_of_date, wanted, write
from lossbook.codegen.inputs import inputs_of
from lossbook.codegen.javascript import table as javascript
from lossbook.codegen.lowering import Lowering
from lossbook.codegen.python import numpy, torch
from lossbook.expr.nodes import Max, Sum, Vec, logsumexp, sigmoid, softmax, softplus
from lossbook.losses import Loss, Parameter, all_losses
from lossbook.notation import K, alpha, gamma, i, j, k, logit, p, t, target, w, y, z

from .compiled import exact, function, module, point, random_arguments

GAMMA = Parameter(gamma, "γ ≥ 0", "focusing exponent")


def loss(expr, wrt=z[j], kind="class index", **more):
    return Loss(
        name="mine", title="My loss", expr=expr, wrt=wrt, target=kind, reference="none", **more
    )


def run(*argv: str) -> int:
    """`lossbook generate` for the registered losses; its exit code."""
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers(required=True), all_losses)
    arguments = parser.parse_args(["generate", *argv])
    return arguments.run(arguments)


def test_generated_files_are_up_to_date():
    assert out_of_date(wanted(all_losses())) == [], "run `make generate`"


def test_an_edited_generated_file_is_noticed(tmp_path, monkeypatch):
    texts = wanted(all_losses())  # generated once instead of eight times
    for place in (generated, command):
        monkeypatch.setattr(place, "wanted", lambda *arguments: texts)
    check = ["--check", "--folder", str(tmp_path)]
    assert run("--folder", str(tmp_path)) == 0
    assert run(*check) == 0
    edits = {
        "generated/numpy/softmax.py": (" / ", " * "),
        "generated/javascript/prelude.js": ("f(0)", "f(1)"),
        "generated/cpp/mse.cpp": ("+=", "-="),
    }
    for path, edit in edits.items():
        file = tmp_path / path
        text = file.read_text("utf-8")
        file.write_text(text.replace(*edit), "utf-8")
        assert run(*check) == 1
        file.write_text(text, "utf-8")
        assert run(*check) == 0


def test_a_loss_is_generated_into_any_folder_and_removed_from_it(tmp_path):
    mine = loss((sigmoid(logit) - target) ** 4, wrt=logit, kind="real")
    write([mine], tmp_path)
    assert out_of_date(wanted([mine]), tmp_path) == []
    generated_of = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("mine.*")}
    suffixes = {"numpy": "py", "torch": "py", "javascript": "js", "cpp": "cpp"}
    assert generated_of == {f"generated/{a}/mine.{b}" for a, b in suffixes.items()}
    assert f"removed {tmp_path / 'generated/numpy/mine.py'}" in write([], tmp_path)
    assert not list(tmp_path.rglob("mine.*"))


def test_generated_files_are_laid_out_as_ruff_would():
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("ruff is not installed beside this Python")
    options = ["--isolated", "--no-cache", "--line-length", "76"]
    done = subprocess.run(
        [ruff, "format", "--diff", *options, GENERATED], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_text_does_not_depend_on_the_hash_seed():
    code = "from lossbook import codegen, losses; print(*(codegen.source(losses.get(x), 'torch') for x in ('cross_entropy_index', 'sigmoid')))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in "12"
    }
    assert len(texts) == 1


def test_all_tables_have_the_same_operations():
    assert numpy.OPERATIONS.keys() <= torch.OPERATIONS.keys()
    assert torch.OPERATIONS.keys() - numpy.OPERATIONS.keys() == {"erf"}  # NumPy has none
    assert javascript.OPERATIONS.keys() == numpy.OPERATIONS.keys()


def test_an_operation_missing_in_a_table_names_itself_and_the_loss(monkeypatch):
    monkeypatch.delitem(numpy.OPERATIONS, "log1p")
    with pytest.raises(LoweringError, match=r"cross_entropy_index, target numpy: .*'log1p'"):
        codegen.source(next(x for x in all_losses() if x.name == "cross_entropy_index"), "numpy")


def test_an_unknown_target_is_an_error():
    with pytest.raises(ValueError, match="numpy, torch"):
        codegen.source(all_losses()[0], "fortran")


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        (log(Function("zeta")(z[t])), r"zeta in zeta\(z\[t\]\): no code is known"),
        (z[t] * Sum(Sum(exp(z[i] * z[k]), (k, 1, K)), (i, 1, K)), "K x K"),
        (z[t] * Sum(logsumexp(Vec(z[i] * z[k], k, K)), (i, 1, K)), "K x K"),
        (z[t] * t, "a class index can only select a class"),
        (IndexedBase("a", shape=(K, K))[t, t] * z[t], "a matrix is not"),
        (Sum(z[k] ** 2, (k, 1, 7)) + z[t], "the K classes of the logits, not 7"),
    ],
)
def test_an_expression_without_code_is_refused(expr, message):
    with pytest.raises(LoweringError, match=message) as error:
        Lowering(inputs_of(loss(expr))).lower(expr)
    assert "mine" in str(error.value)


def test_a_double_sum_that_splits_is_split():
    expr = Sum(Sum((y[i] - y[k]) ** 2 * p(k), (k, 1, K)) * p(i), (i, 1, K))
    check_value(loss(expr, kind="probabilities"))


def check_value(a_loss, *, rtol=1e-12, classes=4):
    arguments = random_arguments(a_loss, np.random.default_rng(1), classes=classes)
    got = np.squeeze(function(a_loss.expr, inputs_of(a_loss))(**arguments))
    for row in range(len(got)):
        np.testing.assert_allclose(
            got[row], exact(a_loss.expr, point(a_loss, arguments, row)), rtol=rtol
        )


TEMPERATURE = softmax(Vec(z[k] / 3, k, K), t)
VALUES = {
    "focal": loss(-((1 - p(t)) ** gamma) * log(p(t)), parameters=(GAMMA,)),
    "temperature": loss(-log(TEMPERATURE)),
    "one vector in another": loss(Sum((p(i) - y[i]) ** 2, (i, 1, K)), kind="probabilities"),
    "entropy": loss(
        Sum(y[k] * z[k], (k, 1, K)) - Sum(p(k) * log(p(k)), (k, 1, K)), kind="probabilities"
    ),
    "margin": loss(softplus(Max(z) - z[t]) + sqrt(1 + z[t] ** 2)),
    "weights": loss(
        -w[t] * log(p(t)) / Sum(w[k] * p(k), (k, 1, K)),
        parameters=(Parameter(w, "w > 0", "weights"),),
    ),
    "sigmoid focal": loss(
        -alpha * target * (1 - sigmoid(logit)) ** gamma * log(sigmoid(logit))
        - (1 - alpha) * (1 - target) * sigmoid(logit) ** gamma * log(1 - sigmoid(logit)),
        wrt=logit,
        kind="real",
        parameters=(GAMMA, Parameter(alpha, "α > 0", "weight")),
    ),
    "cases": loss(
        Piecewise((logit**2 / 2, logit < target), (exp(-logit), True)), wrt=logit, kind="real"
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_an_unregistered_loss_is_generated(name):
    check_value(VALUES[name])


def test_an_unregistered_loss_from_equation_to_gradient():
    mine = loss(-log(TEMPERATURE))
    arguments = random_arguments(mine, np.random.default_rng(2))
    logits, targets = arguments["logits"], arguments["targets"]
    q = np.exp(logits / 3) / np.exp(logits / 3).sum(1, keepdims=True)
    got = module(mine).gradient(logits, targets)
    np.testing.assert_allclose(got, (q - np.eye(4)[targets]) / 3, rtol=1e-13)
    assert "Generated from the equation of the loss 'mine'" in mine.source("torch")


def test_a_wrong_entry_in_a_table_is_noticed():
    mine = VALUES["focal"]
    wrong = numpy.OPERATIONS | {"log1p": "np.log({0})"}
    arguments = random_arguments(mine, np.random.default_rng(1))
    inputs = inputs_of(mine)
    right, planted = (
        function(mine.expr, inputs)(**arguments),
        function(mine.expr, inputs, wrong)(**arguments),
    )
    expected = exact(mine.expr, point(mine, arguments, 0))
    assert abs(right[0, 0] - expected) < 1e-13 * abs(expected)
    assert abs(planted[0, 0] - expected) > 1e-3 * abs(expected)
