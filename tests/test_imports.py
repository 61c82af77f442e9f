"""What an import loads: nothing before it is needed."""

import subprocess
import sys

import pytest

import lossbook


def loaded(statement: str, modules: tuple[str, ...]) -> list[str]:
    """Which of some modules are there after a statement in a new process."""
    code = f"{statement}; import sys; print(*(m for m in {modules!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import lossbook", ("sympy", "numpy", "torch", "lossbook.exercises", "lossbook.losses")),
        ("import lossbook.numpy", ("sympy", "torch", "lossbook.exercises", "lossbook.losses")),
        ("import lossbook.torch", ("torch._dynamo", "lossbook.exercises", "lossbook.losses")),
        ("import lossbook.losses", ("torch", "lossbook.exercises", "lossbook.codegen")),
    ],
)
def test_nothing_is_loaded_before_it_is_needed(statement, absent):
    assert loaded(statement, absent) == []


def test_what_is_loaded_is_noticed():
    assert loaded("import lossbook; lossbook.losses", ("sympy", "torch")) == ["sympy"]


@pytest.mark.parametrize("name", lossbook.__all__)
def test_every_public_name_is_there(name):
    assert getattr(lossbook, name) is getattr(lossbook, name)
    assert name in dir(lossbook)


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = lossbook.nothing
