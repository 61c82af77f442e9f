"""Losses as fused C++ kernels: value and gradient in one pass over memory.

A kernel is compiled on this machine when it is first used, and kept in a cache. Nothing depends on
it: where there is no compiler, the generated NumPy and PyTorch code computes the same.
"""

from .kernels import Status, enabled, kernel, status

__all__ = ["Status", "enabled", "kernel", "status"]
