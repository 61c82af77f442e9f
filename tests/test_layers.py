"""The drawing of the layers in the README shows the imports of the code as it is, and all of them run downwards."""

from pathlib import Path

import pytest

import layers

ROOT = Path(__file__).parents[1]
LAYERS = layers.layers_of((ROOT / "pyproject.toml").read_text("utf-8"))
IMPORTS = layers.imports_of("lossbook")


def upward(order: list[list[str]], imports: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The imports that do not lead to a lower layer."""
    height = {name: n for n, layer in enumerate(order) for name in layer}
    return sorted(
        (name, other)
        for name in height
        for other in imports.get(name, ())
        if height[other] <= height[name]
    )


def test_drawing_is_up_to_date():
    assert layers.main(["--check"]) == 0, "run `make layers`"


def test_an_old_drawing_is_noticed(tmp_path, monkeypatch, capsys):
    old = tmp_path / "layers.svg"
    old.write_text(layers.DRAWING.read_text("utf-8").replace("<circle", "<!-- --><circle", 1))
    monkeypatch.setattr(layers, "DRAWING", old)
    assert layers.main(["--check"]) == 1
    assert "make layers" in capsys.readouterr().err


def test_imports_run_one_way():
    assert upward(LAYERS, IMPORTS) == []


def test_an_import_upwards_is_noticed():
    assert upward(LAYERS, IMPORTS | {"expr": {"losses"}}) == [("expr", "losses")]


def test_every_layer_is_a_row_and_every_import_a_dot():
    svg = layers.DRAWING.read_text("utf-8")
    drawn = {name for layer in LAYERS for name in layer}
    assert all(f">{name}</text>" in svg for name in drawn)
    assert svg.count("<circle") == sum(len(IMPORTS.get(name, ())) for name in drawn)


def test_a_long_description_is_refused(tmp_path):
    (tmp_path / "long.py").write_text(f'"""{"word " * 20}."""\n')
    with pytest.raises(ValueError, match="at most"):
        layers.meaning("long", tmp_path)


def test_readme_names_every_folder():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for layer in LAYERS for name in layer if f"`{name}`" not in readme] == []
    assert layers.DRAWING.relative_to(ROOT).as_posix() in readme
