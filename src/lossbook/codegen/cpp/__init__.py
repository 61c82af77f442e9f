"""The C++ target: fused kernels."""
