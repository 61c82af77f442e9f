"""Measures the losses: how accurate they are, and how fast."""
