"""What the README shows runs as written."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)


def test_there_is_a_block_that_asserts():
    assert any("assert " in block for block in BLOCKS)


@pytest.mark.parametrize("block", BLOCKS)
def test_block_runs(block):
    exec(compile(block, README.name, "exec"), {"__name__": "readme"})
