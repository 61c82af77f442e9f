"""What the NumPy and the PyTorch functions share.

Checks of arguments, the record of a call, memory layout, and double-double arithmetic.
"""
