"""Write the test vectors: inputs with values, gradients and Hessian-vector products, 30 digits.

python tools/vectors.py [--output vectors/lossbook-vectors.json]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import mpmath

from lossbook import losses
from lossbook.auditing.batches import Case, cases, of_rows
from lossbook.auditing.parameters import balances_classes, has_gamma
from lossbook.losses import Loss
from lossbook.numerics.oracle import oracle

VERSION = "1.0.0"
DIGITS = 30
GAMMAS = (0.0, 0.5, 1.0, 2.0, 5.0)
OUTPUT = Path(__file__).parent.parent / "vectors" / "lossbook-vectors.json"


def document(names=None) -> dict:
    """All vectors, or those of some losses."""
    return {
        "version": VERSION,
        "digits": DIGITS,
        "losses": {name: _loss(losses.get(name)) for name in names or losses.names()},
    }


def _loss(loss: Loss) -> dict:
    return {
        "title": loss.title,
        "target": loss.target,
        "parameters": {name: q.meaning for name, q in sorted(oracle(loss).parameters.items())},
        "vectors": list(_vectors(loss)),
    }


def _vectors(loss: Loss) -> Iterator[dict]:
    for case in _chosen(loss):
        for parameters in _parameters(loss, case):
            yield _vector(loss, case, parameters)


def _chosen(loss: Loss) -> list[Case]:
    """Cases of few classes and finite results, and of margins that differ little one."""
    found = []
    for case in cases(loss, samples=6):
        row = case.logits if of_rows(loss) else (case.logits,)
        margins = {abs(x) for x in row} & {12.0, 17.0, 30.0, 60.0, 88.0, 700.0}
        if (
            len(row) <= 10
            and max(row) - min(row) <= 1500
            and max(map(abs, row)) < 9e3
            and not margins
        ):
            found.append(case)
    return found


def _parameters(loss: Loss, case: Case) -> Iterator[dict]:
    """Every γ with neutral weights; at ordinary rows one set of weights more."""
    fixed = {"alpha": 0.25} if balances_classes(loss) else {}
    yield from ([fixed | {"gamma": gamma} for gamma in GAMMAS] if has_gamma(loss) else [fixed])
    weights = [float(k + 1) / 2 for k in range(case.classes or 0)]
    values = {"per class": weights, "per element": 3.0, "number": 0.125}
    optional = {
        name: values[q.kind]
        for name, q in sorted(oracle(loss).parameters.items())
        if q.neutral is not None
    }
    if optional and case.region == "ordinary":
        yield optional | ({"gamma": 2.0} if has_gamma(loss) else {})


def _vector(loss: Loss, case: Case, parameters: dict) -> dict:
    truth = oracle(loss)
    logits = list(case.logits) if of_rows(loss) else case.logits
    found: dict = {"logits": logits}
    if loss.is_activation:
        outputs = _one_hot(case) if of_rows(loss) else 1.0
        return found | {
            "value": _digits(truth.value(logits)),
            "grad_output": outputs,
            "vjp": _digits(truth.vjp(logits, outputs)),
        }
    target = case.target
    if loss.target == "probabilities":
        target = _one_hot(case) if isinstance(target, int) else list(target)
    tangent = [3.0**k for k in range(case.classes)] if of_rows(loss) else 1.0
    return found | {
        "targets": target,
        **({"parameters": parameters} if parameters else {}),
        "value": _digits(truth.value(logits, target, **parameters)),
        "gradient": _digits(truth.gradient(logits, target, **parameters)),
        "tangent": tangent,
        "hvp": _digits(_cleared(truth.hvp(logits, target, tangent, **parameters), logits)),
    }


def _cleared(hvp, logits):
    """Zeros where terms cancel: what is left is smaller than products of probabilities can be."""
    if not isinstance(hvp, list):
        return hvp
    least = max(map(abs, hvp)) * mpmath.exp(-3 * (max(logits) - min(logits))) * mpmath.mpf("1e-40")
    return [x if abs(x) > least else mpmath.mpf(0) for x in hvp]


def _one_hot(case: Case) -> list[float]:
    return [float(k == case.target) for k in range(case.classes)]


def _digits(x):
    if isinstance(x, list):
        return [_digits(a) for a in x]
    return "0" if x == 0 else mpmath.nstr(x, DIGITS, strip_zeros=True)


def text(found: dict) -> str:
    """One vector on a line."""
    parts = []
    for name, loss in found["losses"].items():
        head = json.dumps({k: v for k, v in loss.items() if k != "vectors"}, ensure_ascii=False)
        rows = ",\n".join(
            json.dumps(v, ensure_ascii=False, separators=(",", ":")) for v in loss["vectors"]
        )
        parts.append(f'"{name}": {head[:-1]}, "vectors": [\n{rows}\n]}}')
    return (
        f'{{"version": "{found["version"]}", "digits": {found["digits"]}, "losses": {{\n'
        + ",\n".join(parts)
        + "\n}}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    arguments.output.write_text(text(document()), encoding="utf-8")
    print(f"wrote {arguments.output}, {arguments.output.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
