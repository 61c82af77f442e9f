"""How right the losses are: errors in ULP of value, gradient and Hessian-vector product against the oracle.

`python -m lossbook.measure.accuracy` measures every loss in every dtype, prints the table, and fails where a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import mpmath
import numpy as np
import torch
from tqdm import tqdm

from .. import numpy as ours_numpy
from .. import torch as ours_torch
from ..losses import all_losses, get
from ..numerics.oracle import oracle
from ..numerics.ulp import FORMATS, is_false_zero, overflows, ulp, ulp_error

GAMMAS = (0, 0.5, 1, 1.7, 2, 5)
CLASSES = (2, 3, 5, 10, 30, 100, 1000)
SHARES = (0.4, 0.25, 0.2, 0.09, 0.04, 0.015, 0.005)  # of the rows, for each number of classes
DTYPE_SHARES = {"float64": 0.4, "float32": 0.4, "float16": 0.1, "bfloat16": 0.1}
HVP_SHARE = (
    0.1  # of the rows with up to HVP_CLASSES classes: the largest term needs the whole Hessian
)
HVP_CLASSES = 3
LOSSES = tuple(loss.name for loss in all_losses() if not loss.is_activation)

# The largest error that is allowed, in ULP; of a Hessian-vector product in ULP of its largest term.
HVP_BAR = 64


def bar(dtype: str, gamma: float | None, quantity: str) -> float:
    """The bar for one line of the table."""
    if quantity == "hvp":
        return HVP_BAR
    if dtype == "float64":
        return 8 if gamma == 5 else 4
    return 0.51


@dataclass
class Line:
    """What was found for one loss, dtype, γ (None where there is none) and quantity, over all samples.

    worst, median: of the errors in ULP. at: the sample with the worst one. non_finite, false_zeros: how often a result is
    not finite, or 0, where the truth, rounded, is not.
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
    def bar(self) -> float:
        """What is allowed."""
        return bar(self.dtype, self.gamma, self.quantity)

    @property
    def passes(self) -> bool:
        """Whether nothing is worse than allowed."""
        return self.worst <= self.bar and not self.non_finite and not self.false_zeros


@dataclass(frozen=True)
class Case:
    """Rows of one size: logits (N, K) or (N,), targets (N,), tangents of the logits' shape, parameters."""

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

    The corners: a certain target, a hopeless one, ties, one dominating wrong class, -inf on classes that are not the
    target.
    """
    x = _magnitudes(rng, (count, classes), 1e4)
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


def case_of(loss: str, dtype: str, gamma: float | None, classes: int, count: int, rng) -> Case:
    """Random rows for a loss, with weights where it has them."""
    truth = oracle(get(loss))
    parameters = {} if gamma is None else {"gamma": gamma}
    if not truth.of_rows:
        x = rounded(
            np.where(
                rng.random(count) < 0.6, _magnitudes(rng, count, 1e4), rng.normal(0, 12, count)
            ),
            dtype,
        )
        y = rounded(rng.choice([0.0, 1.0, 0.25, 0.9], count, p=[0.4, 0.4, 0.1, 0.1]), dtype)
        if "alpha" in truth.parameters:
            parameters["alpha"] = 0.25
        if loss == "mse":
            x = rounded(y + x, dtype)
        return Case(x, y, rounded(rng.uniform(-1, 1, count), dtype), parameters)
    x, t = rows_of_logits(rng, count, classes, dtype)
    if "alpha" in truth.parameters:
        parameters["alpha"] = rounded(rng.uniform(0.1, 2, classes), "float32")
    if "weight" in truth.parameters:
        parameters["weight"] = rounded(rng.uniform(0.1, 2, classes), "float32")
    y = t
    if truth.loss.target == "probabilities":
        y = np.eye(classes)[t]
        soft = rng.random(count) < 0.3
        spread = np.zeros((count, classes))
        spread[np.arange(count), t] = 0.75
        spread[np.arange(count), (t + 1) % classes] += 0.25
        y = np.where((soft & np.isfinite(x).all(1))[:, None], spread, y)
    return Case(x, y, rounded(rng.uniform(-1, 1, x.shape), dtype), parameters)


def torch_results(loss: str, dtype: str, case: Case) -> dict[str, np.ndarray]:
    """Value, gradient and Hessian-vector product by `lossbook.torch`, as float64."""
    kind = getattr(torch, dtype)
    options = {
        n: torch.tensor(a) if isinstance(a, np.ndarray) else a for n, a in case.parameters.items()
    }
    x = torch.tensor(case.logits).to(kind).requires_grad_()
    y = torch.tensor(case.targets)
    y = y.to(kind) if y.is_floating_point() else y
    values = getattr(ours_torch, FRONTS[loss])(x, y, reduction="none", **options)
    (slope,) = torch.autograd.grad(values.sum(), x, create_graph=True)
    (bent,) = torch.autograd.grad(slope, x, torch.tensor(case.tangents).to(kind))
    return {"value": _double(values), "gradient": _double(slope), "hvp": _double(bent)}


def numpy_results(loss: str, dtype: str, case: Case) -> dict[str, np.ndarray]:
    """Value and gradient by `lossbook.numpy`, as float64."""
    y = case.targets.astype(dtype) if case.targets.dtype.kind == "f" else case.targets
    function = getattr(ours_numpy, f"{FRONTS[loss]}_with_grad")
    value, slope = function(case.logits.astype(dtype), y, reduction="none", **case.parameters)
    return {"value": value.astype(np.float64), "gradient": slope.astype(np.float64)}


def _double(tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


FRONTS = {
    "binary_cross_entropy": "binary_cross_entropy_with_logits",
    "cross_entropy": "cross_entropy",
    "cross_entropy_index": "cross_entropy",
    "mse": "mse_loss",
    "sigmoid_focal": "sigmoid_focal_loss",
    "sigmoid_mse": "sigmoid_mse_loss",
    "softmax_focal": "softmax_focal_loss",
    "softmax_mse": "softmax_mse_loss",
}


def truths(loss: str, case: Case, rows: int, hvp_rows: int) -> Iterator[dict]:
    """For each row the truth, and for some the Hessian-vector product with its largest terms."""
    truth = oracle(get(loss))
    for n in range(rows):
        x, y, parameters = case.logits[n], case.targets[n], case.parameters
        if truth.of_rows:
            x, y = [float(a) for a in x], int(y) if np.ndim(y) == 0 else [float(a) for a in y]
        else:
            x, y = float(x), float(y)
        found = {
            "value": [truth.value(x, y, **parameters)],
            "gradient": _listed(truth.gradient(x, y, **parameters)),
        }
        if n < hvp_rows:
            w = case.tangents[n]
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
                # a component whose terms are all 0, as where all classes are tied, is measured by the row's largest
                largest = max(found["terms"])
                found["terms"] = [
                    a if a > largest * mpmath.mpf(10) ** -45 else largest for a in found["terms"]
                ]
        yield found


def _listed(a) -> list:
    return a if isinstance(a, list) else [a]


def measure(loss: str, dtype: str, gamma: float | None, count: int, seed: int = 0) -> list[Line]:
    """Lines for one loss, dtype and γ, from `count` random rows."""
    rng = np.random.default_rng(
        [seed, LOSSES.index(loss), list(FORMATS).index(dtype), int(10 * (gamma or 0))]
    )
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
        case = case_of(loss, dtype, gamma, classes, rows, rng)
        got = {library: results(loss, dtype, case) for library, results in libraries.items()}
        with_hvp = max(2, round(rows * HVP_SHARE)) if classes <= HVP_CLASSES else 0
        for n, found in enumerate(truths(loss, case, rows, with_hvp)):
            for (library, quantity), line in lines.items():
                if quantity in found:
                    scales = found["terms"] if quantity == "hvp" else [None] * len(found[quantity])
                    row = np.atleast_1d(got[library][quantity][n])
                    error = _judge(line, row, found[quantity], scales, case, n)
                    errors[library, quantity].append(error)
    for key, line in lines.items():
        line.rows, line.median = len(errors[key]), median(errors[key])
    return list(lines.values())


def _judge(line: Line, got, truth, scales, case: Case, n: int) -> float:
    """The largest error of one row, noted in its line. scales: what errors are relative to, None for the truth itself."""
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
                line.at = _sample(case, n) | {
                    "component": k,
                    "got": float(a),
                    "truth": mpmath.nstr(b, 17),
                }
    return worst


def _sample(case: Case, n: int) -> dict:
    """One row, as numbers to be read; of many classes only how many there are."""
    x, y = case.logits[n], case.targets[n]
    if np.ndim(x) and len(x) > 10:
        return {"classes": len(x)}
    return {
        "logits": x.tolist(),
        "targets": y.tolist(),
        **{a: np.asarray(b).tolist() for a, b in case.parameters.items()},
    }


def table(lines: list[Line]) -> str:
    """The table as text."""
    head = f"{'loss':22}{'':7}{'dtype':10}{'γ':>4}  {'quantity':9}{'rows':>7}{'worst':>9}{'median':>8}{'bar':>6}"
    rows = [head, "-" * len(head)]
    for line in lines:
        gamma = "" if line.gamma is None else f"{line.gamma:g}"
        faults = [f"{line.non_finite} not finite"] * (line.non_finite > 0) + [
            f"{line.false_zeros} false zeros"
        ] * (line.false_zeros > 0)
        verdict = "" if line.passes else "  MISSED " + ", ".join(faults)
        rows.append(
            f"{line.loss:22}{line.library:7}{line.dtype:10}{gamma:>4}  {line.quantity:9}{line.rows:>7}"
            f"{line.worst:>9.3f}{line.median:>8.3f}{line.bar:>6g}{verdict}"
        )
    return "\n".join(rows)


def jobs(samples: int) -> list[tuple]:
    """What to measure: the samples of each loss spread over the dtypes and the values of γ."""
    found = []
    for loss in LOSSES:
        gammas = GAMMAS if any(str(q.symbol) == "gamma" for q in get(loss).parameters) else (None,)
        for dtype in FORMATS:
            rows = samples * DTYPE_SHARES[dtype] / len(gammas)
            found += [(loss, dtype, gamma, max(20, math.ceil(rows))) for gamma in gammas]
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m lossbook.measure.accuracy", description=__doc__
    )
    parser.add_argument("--samples", type=int, default=20_000, help="rows per loss")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="where to write the lines")
    chosen = parser.parse_args(arguments)
    todo = jobs(chosen.samples)
    with ProcessPoolExecutor(chosen.processes, mp_context=get_context("spawn")) as pool:
        pending = [pool.submit(measure, *job) for job in todo]
        lines = [
            line for job in tqdm(pending, unit="measurement", disable=None) for line in job.result()
        ]
    print(table(lines))
    if chosen.json:
        chosen.json.write_text(
            json.dumps({"samples": chosen.samples, "lines": [asdict(a) for a in lines]}, indent=1)
            + "\n"
        )
    missed = [line for line in lines if not line.passes]
    rows = sum(line.rows for line in lines if line.quantity == "value" and line.library == "torch")
    print(f"{rows:,} rows, {len(lines)} measurements, {len(missed)} bars missed")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
