"""Random rows of logits with targets, on which the accuracy of a loss is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..losses import Loss
from ..notation import prediction
from ..numerics.oracle import oracle

LARGEST = 1e4  # of a logit


@dataclass(frozen=True)
class Batch:
    """Rows of one size, as float64 numbers that the dtype to be measured can hold.

    Attributes:
        logits: (N, K), or (N,) for a loss of single outputs.
        targets: (N,), or (N, K) where they are probabilities.
        tangents: directions of the Hessian-vector products, of the logits' shape.
        parameters: the parameters of the loss by name.
    """

    logits: np.ndarray
    targets: np.ndarray
    tangents: np.ndarray
    parameters: dict


def rounded(x: np.ndarray, dtype: str) -> np.ndarray:
    """The nearest numbers of a dtype, as float64."""
    if dtype == "bfloat16":
        return torch.tensor(x).bfloat16().double().numpy()
    return np.asarray(x, dtype).astype(np.float64)


def _magnitudes(rng, shape, largest):
    return rng.choice([-1, 1], shape) * 10 ** rng.uniform(-8, np.log10(largest), shape)


def rows_of_logits(
    rng: np.random.Generator, count: int, classes: int, dtype: str
) -> tuple[np.ndarray, np.ndarray]:
    """Logits and target classes: magnitudes log-uniform from 1e-8 to 1e4, and the corners.

    The corners are a certain target, a hopeless one, ties, one dominating wrong class, and -inf for
    classes that are not the target.
    """
    x = _magnitudes(rng, (count, classes), LARGEST)
    t = rng.integers(classes, size=count)
    n, corner = np.arange(count), rng.integers(8, size=count)
    scale = 10 ** rng.uniform(-1, 3.2, count)
    near = x / np.abs(x).max(1, keepdims=True) * 10 ** rng.uniform(-2, 1.5, (count, 1))
    x = np.where((corner < 3)[:, None], near, x)
    x[n, t] += np.select([corner == 0, corner == 1], [scale, -scale], 0)
    wrong = (t + 1) % classes
    x[n, wrong] += np.where(corner == 2, scale, 0)
    x = np.where((corner == 3)[:, None], x[:, :1], x)
    x[n, wrong] = np.where(corner == 4, x[n, t], x[n, wrong])
    hidden = (
        (corner == 5)[:, None] & (rng.random(x.shape) < 0.5) & (np.arange(classes) != t[:, None])
    )
    return np.where(hidden, -np.inf, rounded(x, dtype)), t


def random_batch(
    loss: Loss, dtype: str, gamma: float | None, shape: tuple[int, int], rng: np.random.Generator
) -> Batch:
    """Random rows for a loss, with weights where it has them.

    Args:
        loss: what the rows are for.
        dtype: of the logits.
        gamma: the parameter of that name, None where there is none.
        shape: how many rows, and of how many classes; a loss of single outputs has no classes.
        rng: where the numbers come from.
    """
    parameters = {} if gamma is None else {"gamma": gamma}
    draw = _rows if oracle(loss).of_rows else _elements
    return draw(loss, dtype, parameters, shape, rng)


def _elements(loss: Loss, dtype: str, parameters: dict, shape, rng) -> Batch:
    count, _ = shape
    spread = rng.random(count) < 0.6
    x = np.where(spread, _magnitudes(rng, count, LARGEST), rng.normal(0, 12, count))
    x = rounded(x, dtype)
    y = rounded(rng.choice([0.0, 1.0, 0.25, 0.9], count, p=[0.4, 0.4, 0.1, 0.1]), dtype)
    if "alpha" in oracle(loss).parameters:
        parameters["alpha"] = 0.25
    if loss.wrt == prediction:  # what matters is how far it is from the target
        x = rounded(y + x, dtype)
    return Batch(x, y, rounded(rng.uniform(-1, 1, count), dtype), parameters)


def _rows(loss: Loss, dtype: str, parameters: dict, shape, rng) -> Batch:
    count, classes = shape
    x, t = rows_of_logits(rng, count, classes, dtype)
    for weight in ("alpha", "weight"):
        if weight in oracle(loss).parameters:
            parameters[weight] = rounded(rng.uniform(0.1, 2, classes), "float32")
    y = t
    if loss.target == "probabilities":
        y = np.eye(classes)[t]
        soft = rng.random(count) < 0.3
        two = np.zeros((count, classes))
        two[np.arange(count), t] = 0.75
        two[np.arange(count), (t + 1) % classes] += 0.25
        y = np.where((soft & np.isfinite(x).all(1))[:, None], two, y)
    return Batch(x, y, rounded(rng.uniform(-1, 1, x.shape), dtype), parameters)
