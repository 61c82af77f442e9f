"""Losses as fused C kernels: value and gradient in one pass over memory, compiled on this machine when first used.

Nothing depends on it: where there is no compiler, the generated NumPy and PyTorch code computes the same.
"""

from .kernels import Status, enabled, kernel, status

__all__ = ["Status", "enabled", "kernel", "status"]
