"""Which losses have kernels, and what is refused."""

import pytest
import sympy

from lossbook.codegen import LoweringError
from lossbook.codegen.cpp.printer import cpp_text
from lossbook.codegen.cpp.program import mirrored
from lossbook.codegen.inputs import inputs_of
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
    with pytest.raises(
        LoweringError, match="loss odd, target cpp: there is no vectorised code for 'sin'"
    ):
        cpp_text(odd)


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("sigmoid_focal", {"alpha": "1 - alpha", "gamma": "gamma"}),
        ("binary_cross_entropy", {"beta": "1"}),
        ("sigmoid_mse", {}),
    ],
)
def test_one_half_of_a_loss_serves_for_both_targets(name, images):
    half, numbers = mirrored(get(name))
    assert {str(a): str(b) for a, b in numbers.items()} == images
    assert not half.has(
        *(s for s, a in inputs_of(get(name)).by_symbol.items() if a.role == "array")
    )


def test_what_has_no_such_half():
    assert mirrored(get("mse")) is None
    loss = get("sigmoid_mse")
    (target,) = (s for s, a in inputs_of(loss).by_symbol.items() if a.role == "array")
    assert mirrored(loss.with_(name="skewed", expr=loss.expr * (1 + target))) is None
