"""The plain definitions of the losses in PyTorch, for autograd to differentiate: textbook forms, not stable ones."""

import torch
import torch.nn.functional as F


def mse(x, y):
    return (x - y) ** 2


def sigmoid_mse(x, y):
    return (x.sigmoid() - y) ** 2


def binary_cross_entropy(x, y, beta=1.0):
    return -beta * y * x.sigmoid().log() - (1 - y) * (1 - x.sigmoid()).log()


def sigmoid_focal(x, y, alpha=0.25, gamma=2.0):
    p = x.sigmoid()
    a, b = (1, 1) if alpha is None or alpha < 0 else (alpha, 1 - alpha)
    return -a * y * (1 - p) ** gamma * p.log() - b * (1 - y) * p**gamma * (1 - p).log()


def softmax_mse(z, t, axis):
    y = t if t.is_floating_point() else F.one_hot(t, z.shape[axis]).movedim(-1, axis)
    return ((z.softmax(axis) - y) ** 2).sum(axis)


def softmax_focal(z, t, axis, gamma=2.0, alpha=None):
    log_p = z.log_softmax(axis).gather(axis, t.unsqueeze(axis)).squeeze(axis)
    weight = 1 if alpha is None else torch.as_tensor(alpha, dtype=z.dtype).expand(z.shape[axis])[t]
    return -weight * (1 - log_p.exp()) ** gamma * log_p


def reduced(loss, reduction):
    return loss if reduction == "none" else getattr(loss, reduction)()


def derivatives(f, x):
    """Value, gradient and Hessian-vector product (along 1, 2, 3, ...) of the sum of what `f` returns."""
    x = x.detach().requires_grad_()
    value = f(x)
    (gradient,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    direction = torch.arange(1, x.numel() + 1, dtype=x.dtype).reshape(x.shape) / max(x.numel(), 1)
    (hvp,) = torch.autograd.grad((gradient * direction).sum(), x, allow_unused=True)
    return value.detach(), gradient.detach(), hvp
