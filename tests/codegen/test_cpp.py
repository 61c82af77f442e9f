"""Which losses have kernels, and what is refused."""

import pytest
import sympy

from lossbook.codegen import LoweringError
from lossbook.codegen.cpp import cpp_text
from lossbook.losses import all_losses, get

LOSSES = [loss for loss in all_losses() if not loss.is_activation]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_no_call_leaves_the_kernel(loss):
    text = cpp_text(loss)
    assert '#include "kernel.h"' in text
    for name in ("exp", "log", "log1p", "pow", "fmax", "fmin"):
        assert f"{name}(" not in text.split("kernel.h")[1]


def test_refused():
    with pytest.raises(LoweringError, match="activation softmax"):
        cpp_text(get("softmax"))
    odd = get("mse").with_(name="odd", expr=sympy.sin(get("mse").wrt) ** 2)
    with pytest.raises(LoweringError, match="loss odd, target cpp: there is no vectorised code for 'sin'"):
        cpp_text(odd)
