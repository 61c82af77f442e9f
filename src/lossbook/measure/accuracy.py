"""How accurate the losses are: errors in ULP of values, gradients and Hessian-vector products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from statistics import median

import mpmath
import numpy as np
import torch

from .. import numpy as ours_numpy
from .. import torch as ours_torch
from ..losses import all_losses, get
from ..notation import gamma as focusing
from ..numerics.oracle import oracle
from ..numerics.ulp import FORMATS, is_false_zero, overflows, ulp, ulp_error
from .samples import Batch, random_batch

GAMMAS = (0, 0.5, 1, 1.7, 2, 5)
CLASSES = (2, 3, 5, 10, 30, 100, 1000)
# Of the rows, for each number of classes, and for each dtype.
SHARES = (0.4, 0.25, 0.2, 0.09, 0.04, 0.015, 0.005)
DTYPE_SHARES = {"float64": 0.4, "float32": 0.4, "float16": 0.1, "bfloat16": 0.1}
# Few rows have a Hessian-vector product, and few classes: its largest term needs the whole Hessian.
HVP_SHARE = 0.1
HVP_CLASSES = 3
HVP_TOLERANCE = 64  # ULP of the largest term
FEWEST = 20  # rows of a measurement


def loss_names() -> tuple[str, ...]:
    """The losses that are measured: all that are registered, without the activations."""
    return tuple(loss.name for loss in all_losses() if not loss.is_activation)


def gammas_of(loss: str) -> tuple[float | None, ...]:
    """The values of γ at which a loss is measured; None stands for a loss without γ."""
    return GAMMAS if any(q.symbol == focusing for q in get(loss).parameters) else (None,)


def tolerance(dtype: str, gamma: float | None, quantity: str) -> float:
    """The largest error in ULP that is allowed."""
    if quantity == "hvp":
        return HVP_TOLERANCE
    if dtype == "float64":
        return 8 if gamma == 5 else 4
    return 0.51


@dataclass
class Line:
    """One measurement: a loss in a library, a dtype, at one γ, and one quantity, over all rows.

    Attributes:
        loss: its name.
        library: "torch" or "numpy".
        dtype: of the logits.
        gamma: None for a loss without γ.
        quantity: "value", "gradient" or "hvp", the Hessian-vector product.
        rows: how many were compared.
        worst: the largest error in ULP; of an "hvp" in ULP of its largest term.
        median: of the rows' largest errors.
        at: the row with the worst error.
        non_finite: how many results are not finite where the truth, rounded, is.
        false_zeros: how many results are 0 where the truth, rounded, is not.
    """

    loss: str
    library: str
    dtype: str
    gamma: float | None
    quantity: str
    rows: int = 0
    worst: float = 0.0
    median: float = 0.0
    at: dict = field(default_factory=dict)
    non_finite: int = 0
    false_zeros: int = 0

    @property
    def tolerance(self) -> float:
        """The largest error that is allowed."""
        return tolerance(self.dtype, self.gamma, self.quantity)

    @property
    def passes(self) -> bool:
        """Whether nothing is worse than allowed."""
        return self.worst <= self.tolerance and not self.non_finite and not self.false_zeros


def torch_results(loss: str, dtype: str, batch: Batch) -> dict[str, np.ndarray]:
    """Value, gradient and Hessian-vector product by `lossbook.torch`, as float64."""
    kind = getattr(torch, dtype)
    options = {
        n: torch.tensor(a) if isinstance(a, np.ndarray) else a for n, a in batch.parameters.items()
    }
    x = torch.tensor(batch.logits).to(kind).requires_grad_()
    y = torch.tensor(batch.targets)
    y = y.to(kind) if y.is_floating_point() else y
    values = getattr(ours_torch, get(loss).function)(x, y, reduction="none", **options)
    (grad,) = torch.autograd.grad(values.sum(), x, create_graph=True)
    (hvp,) = torch.autograd.grad(grad, x, torch.tensor(batch.tangents).to(kind))
    return {"value": _double(values), "gradient": _double(grad), "hvp": _double(hvp)}


def numpy_results(loss: str, dtype: str, batch: Batch) -> dict[str, np.ndarray]:
    """Value and gradient by `lossbook.numpy`, as float64."""
    y = batch.targets.astype(dtype) if batch.targets.dtype.kind == "f" else batch.targets
    function = getattr(ours_numpy, f"{get(loss).function}_with_grad")
    value, grad = function(batch.logits.astype(dtype), y, reduction="none", **batch.parameters)
    return {"value": value.astype(np.float64), "gradient": grad.astype(np.float64)}


def _double(tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def truths(loss: str, batch: Batch, rows: int, hvp_rows: int) -> Iterator[dict]:
    """For each row the truth, and for some the Hessian-vector product with its largest terms."""
    truth = oracle(get(loss))
    for n in range(rows):
        x, y, parameters = batch.logits[n], batch.targets[n], batch.parameters
        if truth.of_rows:
            x, y = [float(a) for a in x], int(y) if np.ndim(y) == 0 else [float(a) for a in y]
        else:
            x, y = float(x), float(y)
        found = {
            "value": [truth.value(x, y, **parameters)],
            "gradient": _listed(truth.gradient(x, y, **parameters)),
        }
        if n < hvp_rows:
            w = batch.tangents[n]
            found["hvp"] = _listed(
                truth.hvp(x, y, [float(a) for a in w] if truth.of_rows else float(w), **parameters)
            )
            found["terms"] = [abs(a) for a in found["hvp"]]
            if truth.of_rows:
                for k in range(len(x)):
                    column = truth.hvp(
                        x, y, [float(k == m) * float(w[k]) for m in range(len(x))], **parameters
                    )
                    found["terms"] = [
                        max(a, abs(b)) for a, b in zip(found["terms"], column, strict=True)
                    ]
                # A component whose terms are all 0, as where all classes are tied, is measured by
                # the largest of the row.
                largest = max(found["terms"])
                found["terms"] = [
                    a if a > largest * mpmath.mpf(10) ** -45 else largest for a in found["terms"]
                ]
        yield found


def _listed(a) -> list:
    return a if isinstance(a, list) else [a]


def measure(loss: str, dtype: str, gamma: float | None, count: int, seed: int = 0) -> list[Line]:
    """Lines for one loss, dtype and γ, from `count` random rows."""
    entropy = loss_names().index(loss), list(FORMATS).index(dtype), int(10 * (gamma or 0))
    rng = np.random.default_rng([seed, *entropy])
    libraries = {"torch": torch_results} | ({} if dtype == "bfloat16" else {"numpy": numpy_results})
    lines = {
        (library, quantity): Line(loss, library, dtype, gamma, quantity)
        for library in libraries
        for quantity in ("value", "gradient", "hvp")
        if quantity != "hvp" or library == "torch"
    }
    errors: dict[tuple, list] = {key: [] for key in lines}
    sizes = zip(CLASSES, SHARES, strict=True) if oracle(get(loss)).of_rows else ((1, 1.0),)
    for classes, share in sizes:
        rows = max(2, round(count * share))
        batch = random_batch(get(loss), dtype, gamma, (rows, classes), rng)
        got = {library: results(loss, dtype, batch) for library, results in libraries.items()}
        with_hvp = max(2, round(rows * HVP_SHARE)) if classes <= HVP_CLASSES else 0
        for n, found in enumerate(truths(loss, batch, rows, with_hvp)):
            for (library, quantity), line in lines.items():
                if quantity in found:
                    scales = found["terms"] if quantity == "hvp" else [None] * len(found[quantity])
                    row = np.atleast_1d(got[library][quantity][n])
                    error = judge_row(line, row, found[quantity], scales, batch, n)
                    errors[library, quantity].append(error)
    for key, line in lines.items():
        line.rows, line.median = len(errors[key]), median(errors[key])
    return list(lines.values())


def judge_row(line: Line, got, truth, scales, batch: Batch, n: int) -> float:
    """The largest error of one row, noted in its line.

    scales: what errors are relative to, None for the truth itself.
    """
    worst = 0.0
    for k, (a, b, scale) in enumerate(zip(got, truth, scales, strict=True)):
        if not np.isfinite(a) and not overflows(b, line.dtype):
            line.non_finite += 1
        elif scale is None and is_false_zero(a, b, line.dtype):
            line.false_zeros += 1
        else:
            error = ulp_error(a, b, line.dtype)
            if scale is not None:
                error = float(error * ulp(b, line.dtype) / ulp(scale, line.dtype))
            worst = max(worst, error)
            if error > line.worst:
                line.worst = error
                line.at = _sample(batch, n) | {
                    "component": k,
                    "got": float(a),
                    "truth": mpmath.nstr(b, 17),
                }
    return worst


def _sample(batch: Batch, n: int) -> dict:
    """One row, as numbers to be read; of many classes only how many there are."""
    x, y = batch.logits[n], batch.targets[n]
    if np.ndim(x) and len(x) > 10:
        return {"classes": len(x)}
    return {
        "logits": x.tolist(),
        "targets": y.tolist(),
        **{a: np.asarray(b).tolist() for a, b in batch.parameters.items()},
    }


def jobs(samples: int) -> list[tuple[str, str, float | None, int]]:
    """Arguments for `measure`: the rows of each loss, spread over dtypes and values of γ."""
    found = []
    for loss in loss_names():
        gammas = gammas_of(loss)
        for dtype in FORMATS:
            rows = max(FEWEST, ceil(samples * DTYPE_SHARES[dtype] / len(gammas)))
            found += [(loss, dtype, gamma, rows) for gamma in gammas]
    return found
