"""The command `lossbook`: every subcommand is there, and asking for help imports none of them."""

import subprocess
import sys

import pytest

from lossbook.cli import SUBCOMMANDS, main


def test_help_lists_the_subcommands_without_importing_them():
    code = (
        "import sys; from lossbook.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(sorted({'sympy', 'numpy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
    assert all(name in done.stdout for name in SUBCOMMANDS)


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_is_there(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    assert f"lossbook {name}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["nothing"]])
def test_what_is_no_subcommand(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "command" in capsys.readouterr().err


def test_the_exercises_are_listed(capsys):
    assert main(["grade", "--list"]) == 0
    assert "ce-gradient" in capsys.readouterr().out


def test_a_smoke_run_writes_no_file(capsys):
    with pytest.raises(SystemExit):
        main(["accuracy", "--smoke", "--json", "measured.json"])
    assert "not allowed with" in capsys.readouterr().err
