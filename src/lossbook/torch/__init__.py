"""Losses and activations for PyTorch, twice differentiable.

All functions keep the dtype of the logits: float16, bfloat16 and float32 are computed in float64,
float64 in pairs of float64, and rounded once, at the end. They are differentiable with respect to
the logits, twice by generated code; `torch.func.grad` and `vmap` work. A wrong argument raises
`ValueError` or `TypeError` with a message that names it; values are not checked while `vmap` maps
over them.

Where there is a C++ compiler, losses of CPU tensors are computed by kernels that are generated from
the same equations and compiled when they are first used; `lossbook.native.status()` says whether
they are there, and why not. All losses take two options:

- `precision`: "exact", as above, or "fast", float32 arithmetic, which is off by at most 16 units in
  the last place. Where there is no kernel, and for float64, "fast" is computed exactly too.
- `inplace`: True lets the gradient overwrite the logits, which saves its memory; they hold no
  logits afterwards. It is refused where it would be unsafe: reduction "none", a leaf that requires
  grad, logits that have gaps in memory.
"""

from . import custom_op, functions, modules
from .functions import *  # noqa: F403 - the generated module lists them
from .modules import *  # noqa: F403

__all__ = [*functions.__all__, *modules.__all__]

for _signature in functions.SIGNATURES:
    for _code in (_signature.dense, _signature.index):
        if _code is not None:
            custom_op.register(_code)
