"""Implementations with one planted fault each, and right ones that share no code with ours."""

import numpy as np
import torch
import torch.nn.functional as F


def _margin(logits, targets):
    """z_t minus the log-sum-exp of the others, which are -inf at the target."""
    index = targets.unsqueeze(1)
    mine = logits.gather(1, index).squeeze(1)
    others = torch.logsumexp(
        logits.masked_fill(F.one_hot(targets, logits.shape[1]).movedim(-1, 1).bool(), -torch.inf), 1
    )
    return mine - others


def _reduced(values, reduction):
    return values if reduction == "none" else getattr(values, reduction)()


class _Focal(torch.autograd.Function):
    """(1 - p)^γ (-log p) of a margin u by closed forms, once differentiable by hand and twice by autograd."""

    @staticmethod
    def forward(ctx, u, gamma):
        ctx.save_for_backward(u)
        ctx.gamma = gamma
        return torch.sigmoid(-u) ** gamma * -F.logsigmoid(u)

    @staticmethod
    def backward(ctx, grad):
        (u,) = ctx.saved_tensors
        p, q = torch.sigmoid(u), torch.sigmoid(-u)
        return -grad * q**ctx.gamma * (q + ctx.gamma * p * -F.logsigmoid(u)), None


def right(logits, targets, gamma=2.0, alpha=None, reduction="mean", ignore_index=-100):
    """The focal loss of softmax, right: by the margin, float64 inside, rows that do not count left out."""
    if (
        not logits.is_floating_point()
        or ((targets < 0) | (targets >= logits.shape[1]))[targets != ignore_index].any()
    ):
        raise ValueError("targets out of range")
    counts = targets != ignore_index
    safe = torch.where(counts, targets, 0)
    wide = (
        torch.where(counts.unsqueeze(1), logits, 0).double().clamp(min=-1e300)
    )  # of -inf alone there is no margin
    values = _Focal.apply(_margin(wide, safe), gamma)
    if alpha is not None:
        values = values * torch.as_tensor(alpha, dtype=torch.float64).expand(logits.shape[1])[safe]
    values = torch.where(counts, values, 0)
    if reduction == "mean":
        values = values.sum() / counts.sum()
    return _reduced(values, "none" if reduction == "mean" else reduction).to(logits.dtype)


def cancels(logits, targets, gamma=2.0, reduction="mean"):
    """1 - p by a subtraction, and log p by a logarithm of p."""
    p = logits.softmax(1).gather(1, targets.unsqueeze(1)).squeeze(1)
    return _reduced(-((1 - p) ** gamma) * p.log(), reduction)


def clamps(logits, targets, gamma=2.0, reduction="mean"):
    """p held away from 0 and 1."""
    p = logits.softmax(1).gather(1, targets.unsqueeze(1)).squeeze(1).clamp(1e-7, 1 - 1e-7)
    return _reduced(-((1 - p) ** gamma) * p.log(), reduction)


def detaches(logits, targets, gamma=2.0, reduction="mean"):
    """The modulating factor as a constant."""
    ce = F.cross_entropy(logits, targets, reduction="none")
    return _reduced((1 - torch.exp(-ce.detach())) ** gamma * ce, reduction)


def divides_by_classes(logits, targets, gamma=2.0, reduction="mean"):
    """The mean over N·K."""
    values = right(logits, targets, gamma, reduction="none")
    return values.sum() / logits.numel() if reduction == "mean" else _reduced(values, reduction)


def sum_means(logits, targets, gamma=2.0, reduction="mean"):
    """A sum that is a mean."""
    values = right(logits, targets, gamma, reduction="none")
    return values.mean() if reduction == "sum" else _reduced(values, reduction)


def casts(logits, targets, gamma=2.0, reduction="mean"):
    """Computed in float32."""
    return right(logits.float(), targets, gamma, reduction=reduction).to(logits.dtype)


def returns_float32(logits, targets, gamma=2.0, reduction="mean"):
    """Computed in float32, and float32 comes back."""
    return right(logits.float(), targets, gamma, reduction=reduction)


def any_label(logits, targets, gamma=2.0, reduction="mean"):
    """Labels out of range are brought into it."""
    return right(logits, targets.clamp(0, logits.shape[1] - 1), gamma, reduction=reduction)


def mask_is_nan(logits, targets, gamma=2.0, reduction="mean"):
    """0 times the logarithm of 0."""
    one_hot = F.one_hot(targets, logits.shape[1]).movedim(-1, 1)
    values = right(logits.clamp(min=-1e30), targets, gamma, reduction="none")
    return _reduced(values + 0 * (one_hot * logits.log_softmax(1)).sum(1), reduction)


def leaks(logits, targets, gamma=2.0, reduction="mean", ignore_index=-100):
    """NaN in an ignored row times 0 is NaN."""
    counts = targets != ignore_index
    values = right(logits, torch.where(counts, targets, 0), gamma, reduction="none") * counts
    return values.sum() / counts.sum() if reduction == "mean" else _reduced(values, reduction)


def leaks_gradient(logits, targets, gamma=2.0, reduction="mean", ignore_index=-100):
    """The loss of an ignored row is left out, its gradient is 0 times NaN."""
    counts = targets != ignore_index
    each = cancels(logits, torch.where(counts, targets, 0), gamma, reduction="none")
    values = torch.where(counts, each, 0)
    return values.sum() / counts.sum() if reduction == "mean" else _reduced(values, reduction)


def counts_ignored(logits, targets, gamma=2.0, reduction="mean", ignore_index=-100):
    """Ignored rows are part of the mean."""
    return _reduced(
        right(logits, targets, gamma, reduction="none", ignore_index=ignore_index), reduction
    )


def keeps_ignored(logits, targets, gamma=2.0, reduction="mean", ignore_index=-100):
    """Ignored rows are taken for class 0."""
    return _reduced(right(logits, targets.clamp(min=0), gamma, reduction="none"), reduction)


def raises_when_all_ignored(logits, targets, gamma=2.0, reduction="mean", ignore_index=-100):
    """No row left: an exception."""
    if len(targets) and (targets == ignore_index).all():
        raise RuntimeError("no rows")
    return right(logits, targets, gamma, reduction=reduction, ignore_index=ignore_index)


def raises_when_empty(logits, targets, gamma=2.0, reduction="mean"):
    """No rows: an exception."""
    logits.amax()
    return right(logits, targets, gamma, reduction=reduction)


class _Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, targets, gamma):
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            values = right(z, targets, gamma, reduction="none")
            (grad,) = torch.autograd.grad(values.sum(), z)
        ctx.save_for_backward(grad)
        return values.detach()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        return grad.unsqueeze(1) * ctx.saved_tensors[0], None, None


def once(logits, targets, gamma=2.0, reduction="mean"):
    """A gradient that cannot be differentiated."""
    return _reduced(_Once.apply(logits, targets, gamma), reduction)


class _Silent(_Once):
    @staticmethod
    def backward(ctx, grad):
        return grad.unsqueeze(1) * ctx.saved_tensors[0], None, None


def wrong_second(logits, targets, gamma=2.0, reduction="mean"):
    """A second derivative without complaint, and without the part that matters."""
    return _reduced(_Silent.apply(logits, targets, gamma) + 0 * (logits**3).sum(1), reduction)


def by_memory(logits, targets, gamma=2.0, reduction="mean"):
    """Reads the memory in order, whatever the strides."""
    n = logits.numel()
    memory = torch.as_strided(logits, (n,), (1,)) if n else logits
    return right(memory.reshape(logits.shape), targets, gamma, reduction=reduction)


def nan_at_zero(logits, targets, gamma=2.0, reduction="mean"):
    """The derivative of x^γ at γ = 0 as γ x^(γ-1), where x is 0."""
    ce = F.cross_entropy(logits, targets, reduction="none")
    factor = (1 - torch.exp(-ce)) ** torch.tensor(gamma, dtype=logits.dtype)
    bad = factor / factor if gamma == 0 else 1
    p = 1 - torch.exp(-ce)
    return _reduced(
        right(logits, targets, gamma, reduction="none") * bad * (p / p if gamma == 0 else 1),
        reduction,
    )


def coupled(logits, targets, gamma=2.0, reduction="mean"):
    """Divided by the largest loss of the batch."""
    values = right(logits, targets, gamma, reduction="none")
    return _reduced(values / (1 + values.detach().mean() * (len(values) > 1)), reduction)


def weighs_another(logits, targets, gamma=2.0, weight=None, reduction="mean"):
    """The weight of class c goes to class K-1-c."""
    values = right(
        logits, targets, gamma, None if weight is None else weight.flip(0), reduction="none"
    )
    return _reduced(values, reduction)


def numpy_right(logits, targets, gamma=2.0):
    """Value and gradient in NumPy, by the margin."""
    if np.any((targets < 0) | (targets >= logits.shape[1])):
        raise ValueError("targets out of range")
    z = logits.astype(np.float64)
    rows = np.arange(len(z))
    with np.errstate(all="ignore"):
        z = np.maximum(z, -1e300)
        others = z.copy()
        others[rows, targets] = -np.inf
        top = others.max(1, keepdims=True)
        log_others = top + np.log(np.exp(others - top).sum(1, keepdims=True))
        u = z[rows, targets, None] - log_others
        p, log_p = 1 / (1 + np.exp(-u)), -np.logaddexp(0, -u)
        q = 1 / (1 + np.exp(u))
        slope = -(q**gamma) * (q - gamma * p * log_p)
        gradient = -slope * np.exp(others - log_others)
        gradient[rows, targets] = slope[:, 0]
        value = -(q**gamma) * log_p
        return value[:, 0].astype(logits.dtype), gradient.astype(logits.dtype)


def numpy_writes(logits, targets, gamma=2.0):
    """Subtracts the maximum in place."""
    value = numpy_right(logits, targets, gamma)
    if len(logits):
        logits -= logits.max(1, keepdims=True)
    return value


# Losses of single outputs


def binary(inputs, targets, alpha=0.25, gamma=2.0, reduction="none"):
    """The focal loss of a sigmoid, right."""
    x = inputs.double()
    y = targets.double()
    values = alpha * y * _Focal.apply(x, gamma) + (1 - alpha) * (1 - y) * _Focal.apply(-x, gamma)
    return _reduced(values, reduction).to(inputs.dtype)


def alpha_on_negatives(inputs, targets, alpha=0.25, gamma=2.0, reduction="none"):
    """α weighs y = 0."""
    return binary(inputs, targets, 1 - alpha, gamma, reduction)


def alpha_on_all(inputs, targets, alpha=0.25, gamma=2.0, reduction="none"):
    """α weighs both."""
    return 2 * alpha * binary(inputs, targets, 0.5, gamma, reduction)


def half_power(inputs, targets, alpha=0.25, gamma=2.0, reduction="none"):
    """By autograd, through (1 - p)^γ."""
    p = inputs.sigmoid()
    ce = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    values = (alpha * targets + (1 - alpha) * (1 - targets)) * ce * (1 - p_t) ** gamma
    return _reduced(values, reduction)


def halved(inputs, targets, reduction="mean"):
    """Squared error with a factor 1/2."""
    return _reduced((inputs - targets) ** 2 / 2, reduction)


def counts_and_clamps(logits, targets, gamma=2.0, reduction="mean", ignore_index=-100):
    """A fault, lost digits and another convention, at once; its name could break a page: <&>."""
    counts = targets != ignore_index
    values = clamps(logits, torch.where(counts, targets, 0), gamma, reduction="none")
    return _reduced(torch.where(counts, values, 0), reduction)
