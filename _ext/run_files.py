"""What a page needs to run its cells: our wheel, and where to load the rest, with every hash."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PINS = json.loads(Path(__file__).with_name("pyodide.json").read_text())
CDN = f"https://cdn.jsdelivr.net/pyodide/v{PINS['version']}/full/"
CACHE = ROOT / ".venv" / "pyodide"  # filled by tools/pyodide.py
MODES = ("cdn", "local")
# the first second of 2020: any fixed time makes the wheel the same from build to build
EPOCH = "1577836800"


def packages() -> frozenset[str]:
    """The names that a page can import, beside the standard library and our own package."""
    return frozenset(name for p in PINS["lock"]["packages"].values() for name in p["imports"])


def integrity(sha256: str) -> str:
    """A hexadecimal SHA-256 as browsers want it."""
    return "sha256-" + base64.b64encode(bytes.fromhex(sha256)).decode()


def build_wheel(folder: Path) -> Path:
    """Our wheel, in `folder`; from a copy of the sources, for a build leaves files among them."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "copy"
        copy.mkdir()
        shutil.copytree(
            ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
        for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT"):
            shutil.copy2(ROOT / name, copy)
        options = (
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
        )
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(copy)],
            check=True,
            env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
        )
    return next(folder.glob("lossbook-*.whl"))


def runtime(mode: str, wheel: Path) -> dict:
    """What the worker reads first: where Pyodide is, its hashes, and its lock with our wheel in it.

    Addresses are relative to the folder `_static/run`.
    """
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    ours = {
        "name": "lossbook",
        "version": wheel.name.split("-")[1],
        "file_name": f"{wheel.parent.name}/{wheel.name}",
        "install_dir": "site",
        "sha256": sha256,
        "package_type": "package",
        "imports": ["lossbook"],
        "depends": ["sympy"],  # numpy and matplotlib come when a cell first imports them
        "unvendored_tests": False,
    }
    lock = {**PINS["lock"], "packages": {**PINS["lock"]["packages"], "lossbook": ours}}
    return {
        "base": CDN if mode == "cdn" else "../pyodide/",
        "runtime": {name: integrity(sha256) for name, sha256 in PINS["runtime"].items()},
        "lock": lock,
    }


def write(static: Path, mode: str) -> None:
    """Write our wheel, `runtime.json` and, in the local mode, Pyodide into `_static`."""
    if mode not in MODES:
        raise ValueError(f"PYODIDE is {mode!r}; it can be {' or '.join(MODES)}")
    folder = static / "run"
    for old in folder.glob("wheel-*"):
        shutil.rmtree(old)
    with tempfile.TemporaryDirectory() as place:
        wheel = build_wheel(Path(place))
        # The hash is part of the address: a reader's cache cannot hold an older wheel under it.
        target = folder / f"wheel-{hashlib.sha256(wheel.read_bytes()).hexdigest()[:12]}"
        target.mkdir(parents=True)
        shutil.copy2(wheel, target)
    described = runtime(mode, target / wheel.name)
    (folder / "runtime.json").write_text(json.dumps(described, indent=1) + "\n")
    shutil.rmtree(static / "pyodide", ignore_errors=True)
    if mode == "local":
        (static / "pyodide").mkdir()
        for name in [
            *PINS["runtime"],
            *(p["file_name"] for p in PINS["lock"]["packages"].values()),
        ]:
            if not (CACHE / name).exists():
                raise FileNotFoundError(
                    f"{name} is not in {CACHE}: make fetches it, or tools/pyodide.py fetch {CACHE}"
                )
            shutil.copy2(CACHE / name, static / "pyodide")
