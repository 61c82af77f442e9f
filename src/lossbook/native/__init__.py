"""Losses as fused C++ kernels: value and gradient in one pass over memory, compiled on first use.

Nothing depends on them: where there is no compiler, the generated NumPy and PyTorch code computes
the same losses.
"""

from .kernels import Status, enabled, kernel, status, warm

__all__ = ["Status", "enabled", "kernel", "status", "warm"]
