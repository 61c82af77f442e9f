"""Kernels are switched on for these tests; they need a C compiler."""

import pytest

from lossbook.native import compiler


@pytest.fixture(autouse=True)
def _switched_on(monkeypatch):
    monkeypatch.setenv("LOSSBOOK_NATIVE", "1")
    try:
        compiler.compiler()
    except compiler.CompileError as error:
        pytest.skip(str(error))
