"""PyTorch losses by kernels: they are used, they agree with generated code, and their memory is nobody else's."""

import gc
import threading

import pytest
import torch

import lossbook.torch as losses
from lossbook.api.kernels import KernelCall
from lossbook.native import pool
from lossbook.torch import kernels

ROWS, CLASSES = 512, 600  # more than pool.LEAST bytes


@pytest.fixture(autouse=True)
def _empty_pool(monkeypatch):
    monkeypatch.setenv("LOSSBOOK_POOL", "64")
    pool.clear()
    yield
    pool.clear()


@pytest.fixture
def calls(monkeypatch):
    """How often kernels were called."""
    found = []
    right = KernelCall.run
    monkeypatch.setattr(
        KernelCall, "run", lambda self, *a, **k: found.append(1) or right(self, *a, **k)
    )
    return found


def example(seed=0, rows=ROWS):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, CLASSES, generator=generator) * 4
    return logits.requires_grad_(), torch.randint(CLASSES, (rows,), generator=generator)


def functions(targets):
    weight = torch.linspace(0.5, 2, CLASSES)
    some = torch.where(torch.arange(len(targets)) % 3 == 0, -100, targets)
    shares = torch.nn.functional.one_hot(targets, CLASSES).float()
    return {
        "cross_entropy": lambda x, **o: losses.cross_entropy(x, targets, weight=weight, **o),
        "ignored": lambda x, **o: losses.cross_entropy(x, some, weight=weight, **o),
        "smoothed": lambda x, **o: losses.cross_entropy(x, targets, label_smoothing=0.1, **o),
        "focal": lambda x, **o: losses.softmax_focal_loss(x, targets, gamma=1.5, alpha=0.25, **o),
        "softmax_mse": lambda x, **o: losses.softmax_mse_loss(x, shares, **o),
        "sigmoid_focal": lambda x, **o: losses.sigmoid_focal_loss(x, shares, None, 2, **o),
        "bce": lambda x, **o: losses.binary_cross_entropy_with_logits(x, shares, **o),
        "sigmoid_mse": lambda x, **o: losses.sigmoid_mse_loss(x, shares, **o),
        "mse": lambda x, **o: losses.mse_loss(x, shares, **o),
    }


NAMES = tuple(functions(torch.zeros(3, dtype=torch.long)))


@pytest.mark.pairwise
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float32, 5e-7), (torch.float64, 4 * 2**-52)])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", NAMES)
def test_kernels_are_used_and_agree_with_generated_code(
    name, reduction, dtype, rtol, calls, monkeypatch
):
    logits, targets = example(rows=20)
    logits = logits.detach().to(dtype).requires_grad_()
    loss = functions(targets)[name]
    results = []
    for native in (True, False):
        if not native:
            monkeypatch.setattr(kernels, "loss", lambda *a: None)
        value = loss(logits, reduction=reduction)
        weights = torch.linspace(-1, 2, value.numel()).reshape(value.shape)
        (slope,) = torch.autograd.grad((value * weights).sum(), logits, create_graph=True)
        (plain,) = torch.autograd.grad((loss(logits, reduction=reduction) * weights).sum(), logits)
        (bent,) = torch.autograd.grad((slope * torch.linspace(-1, 1, CLASSES)).sum(), logits)
        results.append((value, slope, plain, bent))
    assert calls
    for a, b in zip(*results, strict=True):
        assert a.dtype == dtype
        torch.testing.assert_close(a, b, rtol=rtol, atol=1e-30)


def test_value_alone_needs_no_gradient(calls, monkeypatch):
    monkeypatch.setattr(kernels, "buffer", lambda like: pytest.fail("a gradient was computed"))
    logits, targets = example()
    value = losses.cross_entropy(logits.detach(), targets)
    assert not value.requires_grad
    assert len(calls) == 1


def test_memory_is_used_again_only_when_nothing_refers_to_it():
    logits, targets = example()
    losses.cross_entropy(logits, targets).backward()
    first = logits.grad
    address, kept = first.data_ptr(), first.clone()
    view = first[1:3]
    logits.grad = first = None
    losses.cross_entropy(logits, targets + 0).backward()
    assert logits.grad.data_ptr() != address
    torch.testing.assert_close(view, kept[1:3], rtol=0, atol=0)
    del view
    gc.collect()
    assert pool.idle() == kept.numel() * 4
    again, _ = example(1)
    losses.cross_entropy(again, targets).backward()
    assert again.grad.data_ptr() == address
    assert pool.idle() == 0


def test_a_second_backward_pass_does_not_see_what_was_done_to_the_first():
    logits, targets = example()
    loss = losses.softmax_focal_loss(logits, targets)
    (first,) = torch.autograd.grad(loss, logits, retain_graph=True)
    kept = first.clone()
    first.zero_()
    (second,) = torch.autograd.grad(loss, logits)
    torch.testing.assert_close(second, kept, rtol=0, atol=0)
    assert second.data_ptr() != first.data_ptr()


def test_idle_memory_is_bounded_and_can_be_switched_off(monkeypatch):
    size = 8 << 20
    held = [pool.lease(size) for _ in range(20)]
    assert len({id(a.block) for a in held}) == 20
    del held
    gc.collect()
    assert pool.idle() <= 64 << 20
    pool.clear()
    monkeypatch.setenv("LOSSBOOK_POOL", "0")
    logits, targets = example()
    losses.cross_entropy(logits, targets).backward()
    logits.grad = None
    assert pool.idle() == 0


def test_threads_never_share_memory():
    logits, targets = example()
    wanted = torch.autograd.grad(losses.cross_entropy(logits, targets), logits)[0]
    wrong = []

    def train():
        x = logits.detach().clone().requires_grad_()
        for _ in range(20):
            x.grad = None
            losses.cross_entropy(x, targets).backward()
            if not torch.equal(x.grad, wanted):
                wrong.append(1)

    threads = [threading.Thread(target=train) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_kernels_cannot_take_goes_through_generated_code(calls):
    logits, targets = example(rows=8)
    torch.func.grad(lambda x: losses.cross_entropy(x, targets))(logits.detach())
    torch.func.vmap(lambda x: losses.cross_entropy(x[None], targets[:1]))(logits.detach())
    with kernels.switched_off():
        losses.cross_entropy(logits, targets)
    assert not calls


def test_logits_that_do_not_lie_in_order():
    logits, targets = example(rows=8)
    wanted = torch.autograd.grad(losses.cross_entropy(logits, targets), logits)[0]
    turned = logits.detach().t().contiguous().t().requires_grad_()
    assert not turned.is_contiguous()
    torch.testing.assert_close(
        torch.autograd.grad(losses.cross_entropy(turned, targets), turned)[0], wanted
    )
    images = logits.detach().reshape(2, 4, CLASSES).permute(0, 2, 1).requires_grad_()
    found = torch.autograd.grad(losses.cross_entropy(images, targets.reshape(2, 4)), images)[0]
    torch.testing.assert_close(found.permute(0, 2, 1).reshape(8, CLASSES), wanted)
