"""From a formula to one that survives floating point."""
