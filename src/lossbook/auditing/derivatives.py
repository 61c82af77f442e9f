"""Gradcheck and the second derivative."""

from __future__ import annotations

import numpy as np

from .calling import describe
from .findings import Example, Finding
from .frameworks import quiet
from .subject import Subject
from .values import Deviation, as_float32, example_of

CLOSE = 1e-4
EXTREME = ("p_t → 1", "p_t → 0", "ties")


def check(subject: Subject) -> list[Finding]:
    """gradcheck, and double backward: whether it works, is right, and stays finite."""
    if subject.caller.framework.name == "numpy":
        subject.skipped["double backward"] = "NumPy does not differentiate"
        return []
    if "float64" not in subject.dtypes:
        subject.skipped["gradcheck, double backward"] = "they need float64"
        return []
    if subject.loss.is_activation:
        subject.skipped["double backward"] = "only of losses"
        return [*_gradcheck(subject)]
    return [*_gradcheck(subject), *_second(subject)]


def _ordinary(subject: Subject):
    return [c for c in subject.cases if c.region == "ordinary" and c.classes in (None, 3)]


def _gradcheck(subject: Subject):
    if subject.caller.framework.name != "torch":
        subject.skipped["gradcheck"] = "only for PyTorch"
        return
    cases, gamma = _ordinary(subject), subject.usual_gamma
    found = subject.caller.rows(cases, "float64", options=subject.options(gamma))
    if found.errors or found.dtype != "float64" or as_float32(subject):
        subject.skipped["gradcheck"] = (
            "the values are not those of float64, so differences of them say nothing"
        )
        return
    import torch

    logits, targets = subject.caller.batch(cases)
    array = subject.caller.framework.array(
        subject.caller.placed(logits), "float64"
    ).requires_grad_()
    f = subject.caller.function_of_logits(
        logits, targets, "float64", options=subject.options(gamma)
    )
    with quiet():
        try:
            torch.autograd.gradcheck(f, (array,), eps=1e-6, atol=1e-5, rtol=CLOSE)
            subject.facts["gradcheck"] = "passes"
        except Exception as error:
            subject.facts["gradcheck"] = "fails"
            example = Example(
                f"{cases[0]} and the like",
                "float64",
                "torch.autograd.gradcheck",
                describe(error),
                "the gradient of the loss that is returned",
            )
            yield Finding(
                "gradcheck", "error", "the gradient is not that of the returned loss", example
            )


def _second(subject: Subject):
    gamma = subject.usual_gamma
    for case in _ordinary(subject):
        tangent = _tangent(case)
        try:
            got = _hvp(subject, case, tangent, gamma)
        except Exception as error:
            yield _finding(
                subject,
                "double-backward-fails",
                "warning",
                "the gradient cannot be differentiated again",
                case,
                gamma,
                describe(error),
                "a Hessian-vector product",
            )
            subject.facts["double backward"] = "fails"
            return
        truth = np.array([float(x) for x in subject.hvp(case, tangent, gamma)])
        if not np.allclose(got, truth, rtol=CLOSE, atol=CLOSE * np.max(np.abs(truth))):
            yield _finding(
                subject,
                "double-backward-wrong",
                "error",
                "the second derivative is wrong",
                case,
                gamma,
                _show(got),
                _show(truth),
            )
            subject.facts["double backward"] = "wrong"
            return
    subject.facts["double backward"] = "right"
    yield from _extremes(subject)


def _extremes(subject: Subject):
    bad, first = set(), None
    for gamma in subject.gammas:
        for case in (c for c in subject.cases if c.region in EXTREME and c.classes in (None, 2)):
            got = _hvp(subject, case, _tangent(case), gamma)
            if np.all(np.isfinite(got)):
                continue
            truth = np.array([float(x) for x in subject.hvp(case, _tangent(case), gamma)])
            if np.all(np.isfinite(truth)):
                bad.add(gamma)
                first = first or (case, gamma, _show(got), _show(truth))
    if first:
        title = "the second derivative is NaN or infinite where the truth is finite"
        finding = _finding(subject, "non-finite-second", "warning", title, *first)
        where = {} if bad == {None} else {"gammas": sorted(bad)}
        yield Finding(finding.id, finding.severity, finding.title, finding.example, where)


def _tangent(case):
    return 1.0 if case.classes is None else tuple(float(k + 1) for k in range(case.classes))


def _hvp(subject: Subject, case, tangent, gamma) -> np.ndarray:
    logits, targets = subject.caller.batch([case])
    tangent = np.array([tangent])
    options = subject.options(gamma)
    return subject.caller.hvp(logits, targets, "float64", tangent, options=options).reshape(-1)


def _finding(subject, kind, severity, title, case, gamma, got: str, expected: str) -> Finding:
    example = example_of(
        subject, Deviation(kind, case, "float64", gamma, None, got, expected, np.inf)
    )
    return Finding(kind, severity, title, example)


def _show(numbers: np.ndarray) -> str:
    return "[" + ", ".join(f"{x:.6g}" for x in numbers) + "]"
