"""What differs between PyTorch, NumPy and JAX when a loss is called: arrays, gradients, layouts.

Everything that comes back is a NumPy array in float64, which holds each number of a narrower dtype
exactly.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from .adapters import AdapterError

DTYPES = ("float32", "float64", "float16", "bfloat16")


@dataclass(frozen=True)
class Outcome:
    """What a call gave: values, and the gradient of their sum, or None."""

    value: np.ndarray
    gradient: np.ndarray | None
    dtype: str
    gradient_dtype: str | None = None


class Framework:
    """How to make arrays, and how to differentiate. `dtypes`: those that it has."""

    name: str
    dtypes: tuple[str, ...]

    @property
    def usual(self) -> tuple[str, ...]:
        """The dtypes of an audit that asks for none."""
        return self.dtypes

    @contextmanager
    def calm(self) -> Iterator[None]:
        """How to run many small calls."""
        yield

    def array(self, values: np.ndarray, dtype: str):
        """An array of the framework; dtype is one of `DTYPES` or "int64"."""
        raise NotImplementedError

    def owns(self, result) -> bool:
        """Whether a result is an array of this framework."""
        raise NotImplementedError

    def outcome(self, function: Callable, logits) -> Outcome:
        """Value and gradient of a function of the logits.

        Raises:
            TypeError: if it returns something that is no array of the framework.
        """
        raise NotImplementedError

    def own(self, result):
        """The result, if it is an array of this framework; else TypeError."""
        if not self.owns(result):
            raise TypeError(f"returned {type(result).__name__}, which is no array of {self.name}")
        return result

    def hvp(self, function: Callable, logits, tangent) -> np.ndarray | None:
        """The derivative of the gradient along a tangent; None where the framework has none."""
        return None

    def layouts(self, array) -> dict[str, object]:
        """The same array in other layouts of memory, by name."""
        return {}

    def numbers(self, array) -> np.ndarray:
        """As NumPy numbers, floats in float64."""
        return np.asarray(array, dtype=np.float64)


class _NumPy(Framework):
    """`outcome` takes functions that return a value or (value, gradient)."""

    name = "numpy"
    dtypes = ("float32", "float64", "float16")

    def array(self, values, dtype):
        return np.array(values, dtype=dtype)

    def owns(self, result):
        first = result[0] if isinstance(result, tuple) and result else result
        return isinstance(first, (np.ndarray, np.generic, float))

    def outcome(self, function, logits):
        result = self.own(function(logits))
        value, gradient = result if isinstance(result, tuple) else (result, None)
        kind = None if gradient is None else str(np.asarray(gradient).dtype)
        gradient = None if gradient is None else self.numbers(gradient)
        return Outcome(self.numbers(value), gradient, str(np.asarray(value).dtype), kind)

    def layouts(self, array):
        wide = np.zeros((2 * array.shape[0], *array.shape[1:]), array.dtype)
        wide[::2] = array
        return {
            "every second row of an array": wide[::2],
            "transposed": np.ascontiguousarray(array.T).T,
        }


class _Torch(Framework):
    """Gradients by autograd."""

    name = "torch"
    dtypes = DTYPES

    def __init__(self):
        import torch

        self.torch = torch

    @contextmanager
    def calm(self):
        threads = self.torch.get_num_threads()
        self.torch.set_num_threads(1)  # a few rows are slower on several
        try:
            yield
        finally:
            self.torch.set_num_threads(threads)

    def array(self, values, dtype):
        return self.torch.tensor(np.asarray(values), dtype=getattr(self.torch, dtype))

    def owns(self, result):
        return isinstance(result, self.torch.Tensor)

    def numbers(self, array):
        return array.detach().to(self.torch.float64).resolve_neg().numpy()

    def outcome(self, function, logits):
        logits = logits.detach().requires_grad_()
        value = self.own(function(logits))
        kind = str(value.dtype).removeprefix("torch.")
        if not value.requires_grad:
            return Outcome(self.numbers(value), None, kind)
        (gradient,) = self.torch.autograd.grad(value.sum(), logits)
        return Outcome(
            self.numbers(value),
            self.numbers(gradient),
            kind,
            str(gradient.dtype).removeprefix("torch."),
        )

    def hvp(self, function, logits, tangent):
        grad = self.torch.autograd.grad
        logits = logits.detach().requires_grad_()
        (gradient,) = grad(function(logits).sum(), logits, create_graph=True)
        if not gradient.requires_grad:
            raise RuntimeError(
                "the gradient does not depend on the logits: it cannot be differentiated again"
            )
        (product,) = grad((gradient * tangent).sum(), logits)
        return self.numbers(product)

    def layouts(self, array):
        wide = self.torch.zeros((2 * array.shape[0], *array.shape[1:]), dtype=array.dtype)
        wide[::2] = array
        turned = (
            array.permute(*reversed(range(array.ndim)))
            .contiguous()
            .permute(*reversed(range(array.ndim)))
        )
        return {"every second row of a tensor": wide[::2], "transposed": turned}


class _Jax(Framework):
    """Gradients by jax.grad; float64 is switched on for the call."""

    name = "jax"
    dtypes = DTYPES

    def __init__(self):
        import jax

        self.jax = jax

    @property
    def usual(self):
        return ("float32", "float64")  # it compiles every operation anew for each dtype and shape

    def array(self, values, dtype):
        with self.jax.enable_x64(True):
            return self.jax.numpy.asarray(values, dtype=dtype)

    def owns(self, result):
        return isinstance(result, self.jax.Array)

    def outcome(self, function, logits):
        with self.jax.enable_x64(True):
            value, back = self.jax.vjp(lambda z: self.own(function(z)), logits)
            (gradient,) = back(self.jax.numpy.ones_like(value))
            return Outcome(
                self.numbers(value), self.numbers(gradient), str(value.dtype), str(gradient.dtype)
            )

    def hvp(self, function, logits, tangent):
        with self.jax.enable_x64(True):
            gradient = self.jax.grad(lambda z: function(z).sum())
            return self.numbers(self.jax.jvp(gradient, (logits,), (tangent,))[1])


FRAMEWORKS: dict[str, type[Framework]] = {"torch": _Torch, "jax": _Jax, "numpy": _NumPy}


def framework(name: str) -> Framework:
    """The framework of that name: torch, jax or numpy."""
    if name not in FRAMEWORKS:
        raise AdapterError(f"audit: framework is {name!r}; expected one of {', '.join(FRAMEWORKS)}")
    return FRAMEWORKS[name]()


def loaded() -> tuple[str, ...]:
    """The frameworks that the function may be using: those that are imported, NumPy last."""
    return tuple(name for name in FRAMEWORKS if name in sys.modules)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings of the audited function: overflow in an extreme case is expected."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
