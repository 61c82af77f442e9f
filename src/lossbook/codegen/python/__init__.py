"""The Python targets, NumPy and PyTorch: their tables of operations and the modules around them."""
