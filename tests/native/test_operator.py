"""The kernels as an operator of PyTorch: in graphs of torch.compile, under vmap, on the meta device, differentiated twice."""

import pytest
import torch

import lossbook.torch as losses
from lossbook.torch import custom_op, kernels

# torch.compile warns of itself
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
CLASSES = 7
GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(12, CLASSES, generator=GENERATOR)
TARGETS = torch.randint(CLASSES, (12,), generator=GENERATOR)
SOME = torch.where(torch.arange(12) % 3 == 0, -100, TARGETS)
SHARES = torch.softmax(torch.randn(12, CLASSES, generator=GENERATOR), 1)
WEIGHT = torch.linspace(0.5, 2, CLASSES)
CALLS = {
    "cross_entropy": lambda x, **o: losses.cross_entropy(x, SOME, weight=WEIGHT, **o),
    "shares": lambda x, **o: losses.cross_entropy(x, SHARES, label_smoothing=0.1, **o),
    "focal": lambda x, **o: losses.softmax_focal_loss(x, SOME, gamma=1.5, alpha=WEIGHT, **o),
    "softmax_mse": lambda x, **o: losses.softmax_mse_loss(x, SHARES, **o),
    "bce": lambda x, **o: losses.binary_cross_entropy_with_logits(x, SHARES, **o),
    "sigmoid_focal": lambda x, **o: losses.sigmoid_focal_loss(x, SHARES, gamma=1.5, **o),
    "sigmoid_mse": lambda x, **o: losses.sigmoid_mse_loss(x, SHARES, **o),
    "mse": lambda x, **o: losses.mse_loss(x, SHARES, **o),
}


@pytest.fixture(autouse=True)
def _forget_graphs():
    torch._dynamo.reset()


def slope(function, x, **options):
    x = x.clone().requires_grad_()
    value = function(x, **options)
    (value * torch.linspace(-1, 2, value.numel()).reshape(value.shape)).sum().backward()
    return value.detach(), x.grad


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("name", CALLS)
def test_one_graph_with_the_same_result(name, reduction):
    function = CALLS[name]
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    for got, wanted in zip(
        slope(compiled, LOGITS, reduction=reduction),
        slope(function, LOGITS, reduction=reduction),
        strict=True,
    ):
        torch.testing.assert_close(got, wanted, rtol=5e-7, atol=1e-9)


def test_a_graph_has_the_operator_in_it():
    seen = []

    def backend(graph, inputs):
        seen.extend(str(node.target) for node in graph.graph.nodes)
        return graph.forward

    torch.compile(CALLS["focal"], fullgraph=True, backend=backend)(LOGITS)
    assert "lossbook.loss" in seen


def test_compiled_code():
    """By the compiler that torch.compile takes by default."""
    compiled = torch.compile(CALLS["cross_entropy"], fullgraph=True)
    for got, wanted in zip(
        slope(compiled, LOGITS), slope(CALLS["cross_entropy"], LOGITS), strict=True
    ):
        torch.testing.assert_close(got, wanted, rtol=5e-7, atol=1e-9)


def test_a_graph_of_float64():
    function, x = CALLS["focal"], LOGITS.double()
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    for got, wanted in zip(slope(compiled, x), slope(function, x), strict=True):
        torch.testing.assert_close(got, wanted, rtol=2**-51, atol=0)


def test_generated_code_is_compiled_where_there_is_no_kernel(monkeypatch):
    monkeypatch.setattr(custom_op, "loss", lambda *a: None)
    function, x = CALLS["focal"], LOGITS.double()
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    with kernels.switched_off():
        found = slope(function, x)
    for got, wanted in zip(slope(compiled, x), found, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-15)


def arguments(reduction="mean", index=SOME):
    index = torch.where(index == -100, -(2**63), index)
    return (
        index,
        [],
        [WEIGHT.double()],
        torch.tensor(8.0),
        [2.0],
        "softmax_focal",
        1,
        1.0,
        reduction,
        "exact",
        True,
    )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_pytorch_finds_nothing_wrong_with_it(reduction):
    more = arguments(reduction)
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(
        torch.ops.lossbook.loss.default, (LOGITS.clone().requires_grad_(), *more), test_utils=checks
    )


def test_differentiated_twice():
    def value(x):
        return torch.ops.lossbook.loss(x, *arguments("sum"))[0]

    def wanted(x):
        return losses.softmax_focal_loss(x, SOME, alpha=WEIGHT, reduction="sum")

    v = torch.linspace(-1, 1, LOGITS.numel()).reshape(LOGITS.shape)
    found = []
    for function in (value, wanted):
        x = LOGITS.clone().requires_grad_()
        (first,) = torch.autograd.grad(function(x), x, create_graph=True)
        (second,) = torch.autograd.grad((first * v).sum(), x)
        found.append((first.detach(), second))
    torch.testing.assert_close(found[0], found[1], rtol=1e-6, atol=1e-9)
    assert found[1][1].abs().max() > 1e-3


def test_vmap():
    batch = torch.stack([LOGITS, LOGITS * 2, -LOGITS])
    mapped = torch.func.vmap(lambda x: torch.ops.lossbook.loss(x, *arguments("sum"))[0])(batch)
    one_by_one = torch.stack([torch.ops.lossbook.loss(x, *arguments("sum"))[0] for x in batch])
    torch.testing.assert_close(mapped, one_by_one, rtol=0, atol=0)


def test_meta():
    x = LOGITS.to("meta")
    for reduction, shape in (("mean", ()), ("none", (12,))):
        assert losses.softmax_focal_loss(x, TARGETS.to("meta"), reduction=reduction).shape == shape
    assert torch.ops.lossbook.loss(x, TARGETS.to("meta"), *arguments()[1:])[1].shape == x.shape


def test_a_class_that_there_is_not_never_reaches_a_kernel():
    compiled = torch.compile(
        lambda x, t: losses.softmax_focal_loss(x, t), fullgraph=True, backend="aot_eager"
    )
    with pytest.raises(ValueError, match="targets is 9 at position 2"):
        compiled(LOGITS, torch.where(torch.arange(12) == 2, 9, TARGETS))
