"""What the NumPy and the PyTorch functions share: checks of arguments, memory layout, double-double arithmetic."""
