"""Public docstrings describe each parameter and field, and their examples run."""

import doctest
import importlib
import inspect
import re
from types import ModuleType

import pytest

MODULES = (
    "lossbook",
    "lossbook.auditing",
    "lossbook.exercises",
    "lossbook.losses",
    "lossbook.native",
    "lossbook.notation",
    "lossbook.numpy",
    "lossbook.torch",
    "lossbook.weights",
)


def public(module: str) -> dict[str, object]:
    """The public functions and classes of a module, without the nodes that it hands on."""
    found = importlib.import_module(module)
    named = {f"{module}.{name}": getattr(found, name) for name in found.__all__}
    return {
        name: value
        for name, value in named.items()
        if (inspect.isclass(value) or inspect.isfunction(value))
        and not value.__module__.startswith("lossbook.expr.nodes")
    }


PUBLIC = {name: value for module in MODULES for name, value in public(module).items()}
METHODS = {
    f"{name}.{member}": value
    for name, cls in PUBLIC.items()
    if inspect.isclass(cls)
    for member, value in vars(cls).items()
    if inspect.isfunction(value)
    and not member.startswith("_")
    and not any(hasattr(base, member) for base in cls.__mro__[1:])  # where it is described
}
FUNCTIONS = {n: v for n, v in {**PUBLIC, **METHODS}.items() if inspect.isfunction(v)}


def section(doc: str, title: str) -> str:
    found = re.search(rf"^{title}:\n((?:    .*\n?|\n)+)", doc, re.MULTILINE)
    return found.group(1) if found else ""


def faults(function) -> list[str]:
    """What the docstring of a function leaves out."""
    doc = inspect.cleandoc(function.__doc__ or "")
    parameters = [p for p in inspect.signature(function).parameters if p != "self"]
    described = re.findall(r"^    \*{0,2}(\w+): \S", section(doc, "Args"), re.MULTILINE)
    if base := re.search(r"^The arguments are those of `(\w+)`\.", doc, re.MULTILINE):
        described += inspect.signature(getattr(inspect.getmodule(function), base[1])).parameters
    found = [f"parameter {p} is not described" for p in parameters if p not in described]
    found += [f"there is no parameter {p}" for p in described if p not in parameters]
    if not re.match(r"[A-Z`].*[.?]$", doc.split("\n")[0]):
        found.append("it does not begin with a sentence of one line")
    if re.match(r"[^`\n]*:", section(doc, "Returns")):
        found.append("a colon in the first line of Returns makes a type of what precedes it")
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_is_described(name):
    assert faults(FUNCTIONS[name]) == []


def test_a_gap_is_noticed():
    def function(a, b, **rest):
        """Do something.

        Args:
            a: A thing.
            c: Another one.
        """

    assert faults(function) == [
        "parameter b is not described",
        "parameter rest is not described",
        "there is no parameter c",
    ]


@pytest.mark.parametrize(
    "name", [n for n, v in PUBLIC.items() if hasattr(v, "__dataclass_fields__")]
)
def test_every_field_is_described(name):
    cls = PUBLIC[name]
    doc = inspect.cleandoc(cls.__doc__)
    described = section(doc, "Attributes") + section(doc, "Args")
    assert [f for f in cls.__dataclass_fields__ if f"    {f}: " not in described] == []


def examples(value: object) -> list[doctest.DocTest]:
    return [
        t
        for t in doctest.DocTestFinder(exclude_empty=True).find(
            value, getattr(value, "__name__", "")
        )
        if t.examples
    ]


DOCUMENTED: dict[str, object] = {
    **PUBLIC,
    "lossbook.exercises": importlib.import_module("lossbook.exercises"),
}
EXAMPLES = {
    f"{name}:{test.name}": test
    for name, value in DOCUMENTED.items()
    for test in examples(value)
    if not isinstance(value, ModuleType) or test.name == value.__name__
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs(name):
    ran = doctest.DocTestRunner().run(EXAMPLES[name])
    assert ran.attempted
    assert not ran.failed


def test_there_are_examples_and_a_wrong_one_is_noticed(capsys):
    assert len(EXAMPLES) > 8

    def wrong():
        """Add.

        >>> 1 + 1
        3
        """

    assert doctest.DocTestRunner().run(examples(wrong)[0]).failed == 1
