"""Tests of compiled kernels; they need a C compiler."""

import pytest

from lossbook.native import enabled

if not enabled():
    pytest.skip("there is no C compiler, or LOSSBOOK_NATIVE=0", allow_module_level=True)
