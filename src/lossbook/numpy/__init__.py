"""Losses and activations on NumPy arrays, with gradients.

All functions keep the dtype of the logits: float16 and float32 are computed in float64, float64 in
pairs of float64, and rounded once, at the end. Arrays may be anything that `numpy.asarray` takes. A
wrong argument raises `ValueError` or `TypeError` with a message that names it.

Where there is a C++ compiler, losses are computed by kernels that are generated from the same
equations and compiled when they are first used; `lossbook.native.status()` says whether they are
there, and why not. All losses take `precision`: "exact", as above, or "fast", float32 arithmetic,
which is off by at most 16 units in the last place. Where there is no kernel, and for float64,
"fast" is computed exactly too.
"""

from .functions import *  # noqa: F403 - the generated module lists them
from .functions import __all__ as __all__
