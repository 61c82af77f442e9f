"""The cache of compiled kernels: `$LOSSBOOK_CACHE`, or the cache folder of the user.

A file is written under a temporary name and then renamed, so that several processes may build the
same kernel at once. It ends in the digest of what comes before, so that a truncated file is rebuilt
and never loaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

DIGEST = 32  # bytes of a SHA-256 digest


def folder() -> Path:
    """The folder of the cache, which need not exist yet."""
    if chosen := os.environ.get("LOSSBOOK_CACHE"):
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "lossbook"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lossbook"


def get_or_build(key: str, build: Callable[[], bytes]) -> Path:
    """The shared library stored under a key, built first where it is missing or damaged.

    Args:
        key: The file name without its suffix.
        build: Returns the content of the file.

    Raises:
        OSError: The folder cannot be written to.
    """
    path = folder() / f"{key}.so"
    if not is_intact(path):
        content = build()
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


def is_intact(path: Path) -> bool:
    """Whether the file exists and ends in the digest of its content."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return len(content) > DIGEST and hashlib.sha256(content[:-DIGEST]).digest() == content[-DIGEST:]
