"""Compiled kernels, kept for each user: $LOSSBOOK_CACHE, or the folder for caches of the user.

A file is written whole under another name and then renamed, so that processes may do it at once; it ends in the digest of
what comes before, so that a file that was cut short is never loaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

DIGEST = 32


def folder() -> Path:
    """Where they are."""
    if chosen := os.environ.get("LOSSBOOK_CACHE"):
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "lossbook"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lossbook"


def kept(key: str, make: Callable[[], bytes]) -> Path:
    """The file of that name, made where it is missing or damaged. Raises `OSError` where it cannot be written."""
    path = folder() / f"{key}.so"
    if not _whole(path):
        content = make()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{key}-", delete=False) as file:
            try:
                file.write(content + hashlib.sha256(content).digest())
                file.close()
                os.replace(file.name, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(file.name)
                raise
    return path


def _whole(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return len(content) > DIGEST and hashlib.sha256(content[:-DIGEST]).digest() == content[-DIGEST:]
