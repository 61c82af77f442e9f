"""The command line: exit codes, formats, and errors that say what to write instead."""

import json
import subprocess
import sys

import pytest

from lossbook.auditing.command import value
from lossbook.cli import main

QUICK = ["--gamma", "2", "--samples", "0", "--dtype", "float32"]
PLANTED = f"{__package__}.planted"


def run(capsys, *arguments):
    code = main(["audit", *arguments])
    return code, *capsys.readouterr()


def test_a_clean_implementation(capsys):
    code, out, err = run(capsys, f"{PLANTED}:right", "--loss", "softmax_focal", *QUICK)
    assert code == 0
    assert "nothing found" in out
    assert err == ""  # progress is for terminals


def test_findings(capsys):
    code, out, _ = run(capsys, f"{PLANTED}:detaches", "--loss", "softmax_focal", *QUICK)
    assert code == 1
    assert "ERROR wrong-gradient" in out


def test_another_convention(capsys):
    call = [f"{PLANTED}:divides_by_classes", "--loss", "softmax_focal", *QUICK]
    assert run(capsys, *call)[0] == 0
    assert run(capsys, *call, "--strict")[0] == 1


def test_a_tolerance(capsys):
    call = [f"{PLANTED}:right", "--loss", "softmax_focal", *QUICK]
    assert run(capsys, *call, "--tolerance", "0.1")[0] == 1


@pytest.mark.parametrize("form", ["json", "html", "text"])
def test_a_file(capsys, tmp_path, form):
    path = tmp_path / "report"
    call = [
        f"{PLANTED}:right",
        "--loss",
        "softmax_focal",
        *QUICK,
        "--format",
        form,
        "--output",
        str(path),
    ]
    code, out, _ = run(capsys, *call)
    assert (code, out) == (0, "")
    written = path.read_text()
    assert written.endswith("\n")
    if form == "json":
        assert json.loads(written)["name"] == f"{PLANTED}:right"
    if form == "html":
        assert written.startswith("<!DOCTYPE html>")


def test_flags_adapt_a_call(capsys, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "import torch\n"
        "def loss(labels, scores, focus, scale):\n"
        "    p = scores.softmax(-1)\n"
        "    return (scale * -labels * (1 - p) ** focus * p.log()).sum(-1)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    flags = [
        "--order",
        "targets,logits",
        "--targets",
        "one-hot",
        "--class-axis",
        "-1",
        "--rename",
        "gamma=focus",
    ]
    call = [
        "mine:loss",
        "--loss",
        "softmax_focal",
        *QUICK,
        *flags,
        "--set",
        "scale=0.5",
        "--format",
        "json",
    ]
    code, out, _ = run(capsys, *call)
    assert code == 1
    report = json.loads(out)
    assert "the loss is 1/2 times the definition" in [f["title"] for f in report["findings"]]
    assert report["call"] == "f(one-hot, logits, focus=…, scale=0.5), classes along axis -1"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere:f", "--loss", "mse"], "cannot import 'nowhere'"),
        (["math", "--loss", "mse"], "expected package.module:callable"),
        (["math:nothing", "--loss", "mse"], "'math' has no 'nothing'"),
        (["math:pi", "--loss", "mse"], "expected a callable"),
        (["math:hypot", "--loss", "mse"], "name an adapter"),
        (
            ["operator:add", "--loss", "mse"],
            "cannot tell logits from targets in the signature (a, b)",
        ),
        (["torch.nn.functional:cross_entropy", "--loss", "softmax_focal"], "say gamma=2"),
        (["torch.nn.functional:mse_loss", "--loss", "mse", "--gamma", "2"], "mse has no γ"),
        (["torch.nn.functional:mse_loss", "--loss", "mse", "--alpha", "2"], "mse has no α"),
        (
            ["torch.nn.functional:mse_loss", "--loss", "mse", "--set", "nonsense"],
            "expected KEY=VALUE",
        ),
        (
            ["torch.nn.functional:mse_loss", "--loss", "mse", "--set", "nonsense=1"],
            "unexpected keyword",
        ),
        (
            ["torch.nn.functional:mse_loss", "--loss", "mse", "--rename", "gama=g"],
            "expected names among",
        ),
    ],
)
def test_wrong_usage(capsys, arguments, complaint):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert complaint in err


@pytest.mark.parametrize(
    "arguments", [[], ["audit"], ["audit", "math:sin", "--loss", "none"], ["audit", "math:sin"]]
)
def test_what_argparse_refuses(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: lossbook" in capsys.readouterr().err


def test_python_m():
    done = subprocess.run(
        [sys.executable, "-m", "lossbook", "audit", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "exit code: 0 clean" in done.stdout


def test_importing_lossbook_is_light():
    code = "import sys, lossbook; print([m for m in ('torch', 'jax', 'numpy', 'lossbook.auditing') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_values_are_never_executed():
    assert value("0.5") == 0.5
    assert value("None") is value("null") is None
    assert value("True") is True
    assert value("[1, 2]") == [1, 2]
    assert value("__import__('os')") == "__import__('os')"
