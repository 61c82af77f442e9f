"""Losses as fused C++ kernels: compiled, cached and called.

A kernel computes value and gradient in one pass over memory. It is compiled on this machine when it
is first used. Nothing depends on it: where there is no compiler, the generated NumPy and PyTorch
code computes the same.
"""

from .kernels import Status, enabled, kernel, status, warm

__all__ = ["Status", "enabled", "kernel", "status", "warm"]
