"""Python targets: NumPy and PyTorch."""
