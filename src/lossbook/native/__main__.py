"""`python -m lossbook.native` compiles every kernel that is not in the cache yet, and says what there is."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from ..losses import all_losses
from . import cache, compiler, status
from .kernels import enabled, processors


def warm() -> int:
    """How many kernels of float32, in both precisions, are in the cache afterwards."""
    names = [loss.name for loss in all_losses() if not loss.is_activation]
    texts = [
        compiler.source(name, fast=fast, one_hot=one_hot)
        for name in names
        for fast in (False, True)
        for one_hot in (False, True)[: 1 + compiler.takes_shares(name)]
    ]
    with ThreadPoolExecutor(processors()) as pool:
        return len(
            list(
                pool.map(
                    lambda text: cache.kept(compiler.key(text), lambda: compiler.compiled(text)),
                    texts,
                )
            )
        )


def main() -> int:
    """0 where kernels can be used."""
    found = status()
    if found.available:
        print(f"{warm()} kernels by {found.compiler}\nin {found.folder}")
    else:
        print(f"no kernels: {found.reason}")
    return int(enabled() and not found.available)


if __name__ == "__main__":
    sys.exit(main())
