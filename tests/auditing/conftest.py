"""Reports that several tests look at."""

import pytest

from lossbook.auditing import audit

from . import planted

QUICK = {"gamma": 2.0, "samples": 0, "dtypes": ("float32",)}


@pytest.fixture(scope="session")
def dirty():
    """A report with findings of every severity."""
    return audit(planted.counts_and_clamps, "softmax_focal", **QUICK)


@pytest.fixture(scope="session")
def clean():
    """A report with none."""
    return audit(planted.right, "softmax_focal", **QUICK)
