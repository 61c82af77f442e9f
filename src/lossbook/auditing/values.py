"""Values and gradients against the oracle: not finite, zero, wrong, or with digits lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import mpmath
import numpy as np

from ..numerics.ulp import overflows, ulp_error
from .batches import Case
from .causes import cause_of
from .findings import Accuracy, Example, Finding
from .shrink import shrink
from .subject import Subject

NORMAL = {"float64": -1022, "float32": -126, "float16": -14, "bfloat16": -126}
EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
# A number is wrong, rather than short of digits, if its relative error is larger than WRONG, the
# truth larger than VISIBLE, and the error larger than ROUNDINGS times the dtype's rounding of 1.
WRONG = 0.01
VISIBLE = 1e-3
ROUNDINGS = 4
TITLES = {
    "raises": ("error", "raises an exception for a finite loss"),
    "non-finite-value": ("error", "the loss is NaN or infinite where the truth is finite"),
    "non-finite-gradient": ("error", "the gradient is NaN or infinite where the truth is finite"),
    "masked-class": ("error", "a logit of -inf for a class that is not the target gives NaN"),
    "infinite-logit": (
        "warning",
        "an infinite logit on the side of the target, whose loss is 0, gives NaN",
    ),
    "wrong-value": ("error", "the loss is wrong"),
    "wrong-gradient": ("error", "the gradient is wrong"),
    "false-zero-value": ("warning", "the loss is 0 where the truth is not"),
    "false-zero-gradient": ("warning", "the gradient is 0 where the truth is not"),
    "inaccurate-value": ("warning", "the loss has lost digits"),
    "inaccurate-gradient": ("warning", "the gradient has lost digits"),
    "float64-as-float32": ("warning", "float64 logits are computed in float32"),
    "soft-targets": (
        "convention",
        "targets between 0 and 1 mean something else than the expectation over the two classes",
    ),
}


@dataclass(frozen=True)
class Deviation:
    """One number that is not what it should be.

    Attributes:
        kind: a key of `TITLES`.
        case: the input.
        dtype: of the logits.
        gamma: the parameter of that name, None where there is none.
        component: of the gradient, None for the value.
        got: the number, or what was raised.
        truth: what it should be.
        ulp: the error in units in the last place.
    """

    kind: str
    case: Case
    dtype: str
    gamma: float | None
    component: int | None
    got: float | str
    truth: object
    ulp: float

    @property
    def simplicity(self) -> tuple:
        """Smaller is simpler: where to start shrinking."""
        order = ("float32", "float64", "float16", "bfloat16")
        return (
            order.index(self.dtype),
            self.case.classes or 0,
            len(str(self.case)),
            self.gamma != 2.0,
        )


def judge(
    case: Case, part: str, got: float, truth, dtype: str, tolerance: float
) -> tuple[str | None, float]:
    """The kind of failure, None for none, and the error in ULP. part: "value" or "gradient"."""
    if overflows(truth, dtype) and not np.isnan(got):
        return None, 0.0
    if not np.isfinite(got):
        infinite = not np.all(np.isfinite(case.logits))
        kind = "masked-class" if case.classes else "infinite-logit"
        return kind if infinite else f"non-finite-{part}", float("inf")
    error = ulp_error(got, truth, dtype)
    if error <= tolerance:
        return None, error
    size = abs(truth)
    if size > VISIBLE and abs(got - truth) > max(WRONG * size, ROUNDINGS * EPSILON[dtype]):
        return (
            "soft-targets"
            if case.region == "soft targets" and case.classes is None
            else f"wrong-{part}"
        ), error
    if got == 0 and size >= mpmath.ldexp(1, NORMAL[dtype]):
        return f"false-zero-{part}", error
    return f"inaccurate-{part}", error


def compare(
    subject: Subject, cases: list[Case], dtype: str, gamma, *, alone=False
) -> Iterator[tuple[Case, list, tuple]]:
    """Each case with what is wrong and the worst errors in ULP of value and gradient.

    The error of a gradient is None where there is no gradient.
    """
    found = subject.caller.rows(cases, dtype, options=subject.options(gamma), alone=alone)
    judged = dtype
    if found.dtype == "float32" and dtype == "float64":
        judged = "float32"  # another finding says that float64 is not kept
    for n, case in enumerate(cases):
        if n in found.errors:
            if np.all(np.isfinite(case.logits)):
                yield (
                    case,
                    [Deviation("raises", case, dtype, gamma, None, found.errors[n], "", np.inf)],
                    (np.inf, None),
                )
            continue
        value = subject.value(case, gamma)
        kind, error = judge(
            case, "value", float(found.values[n]), value, judged, subject.tolerance(judged)
        )
        failures = (
            [Deviation(kind, case, dtype, gamma, None, float(found.values[n]), value, error)]
            if kind
            else []
        )
        worst = None
        if found.gradients[n] is not None:
            worst = 0.0
            truths = subject.gradient(case, gamma)
            for component, (got, true) in enumerate(zip(found.gradients[n], truths, strict=True)):
                kind, wrong = judge(
                    case, "gradient", float(got), true, judged, subject.tolerance(judged)
                )
                worst = max(worst, wrong)
                if kind:
                    failures.append(
                        Deviation(kind, case, dtype, gamma, component, float(got), true, wrong)
                    )
        yield case, failures, (error, worst)


def check(subject: Subject, step) -> tuple[list[Finding], list[Accuracy]]:
    """Findings and the table. step: called after each dtype and γ."""
    failures: dict[str, list[Deviation]] = defaultdict(list)
    asked: dict[str, int] = defaultdict(int)
    table: dict[tuple[str, str], list[tuple]] = defaultdict(list)
    for dtype in subject.dtypes:
        groups: dict[tuple, list[Case]] = defaultdict(list)
        for case in subject.cases:
            if not (case.wide and "16" in dtype):
                groups[case.classes, isinstance(case.target, tuple)].append(case)
        for gamma in subject.gammas:
            for cases in groups.values():
                for case, found, errors in compare(subject, cases, dtype, gamma):
                    asked[dtype] += 1
                    table[dtype, case.region].append(errors)
                    for kind in {f.kind for f in found}:
                        failures[kind].append(
                            max((f for f in found if f.kind == kind), key=lambda f: f.ulp)
                        )
            step()
    if all(gradient is None for errors in table.values() for _, gradient in errors):
        subject.skipped["gradient"] = (
            "the function returns none, and its framework has no derivatives"
        )
    narrow = as_float32(subject)
    if narrow is not None:
        failures["float64-as-float32"] = [narrow]
        for kind in [k for k in failures if k.startswith("inaccurate")]:
            failures[kind] = [f for f in failures[kind] if f.dtype != "float64"]
    findings = [_finding(subject, kind, failures[kind], asked) for kind in TITLES if failures[kind]]
    return findings, [_row(*key, errors) for key, errors in table.items()]


def _row(dtype: str, region: str, errors: list[tuple]) -> Accuracy:
    gradients = [g for _, g in errors if g is not None]
    return Accuracy(
        dtype, region, len(errors), max(v for v, _ in errors), max(gradients) if gradients else None
    )


def as_float32(subject: Subject) -> Deviation | None:
    """What is wrong if float64 values of ordinary rows are float32 numbers, none of them right."""
    if "float64" not in subject.dtypes:
        return None
    gamma = subject.usual_gamma
    cases = [c for c in subject.cases if c.region == "ordinary" and c.classes in (None, 3)]
    found = subject.caller.rows(cases, "float64", options=subject.options(gamma))
    with np.errstate(all="ignore"):
        if found.dtype != "float64" or np.any(np.float32(found.values) != found.values):
            return None
    truths = [subject.value(c, gamma) for c in cases]
    errors = [
        ulp_error(got, true, "float64") for got, true in zip(found.values, truths, strict=True)
    ]
    if min(errors) < subject.tolerance("float64"):
        return None
    return Deviation(
        "float64-as-float32",
        cases[0],
        "float64",
        gamma,
        None,
        float(found.values[0]),
        truths[0],
        errors[0],
    )


def _finding(
    subject: Subject, kind: str, failures: list[Deviation], asked: dict[str, int]
) -> Finding:
    severity, title = TITLES[kind]
    cause = cause_of(subject, kind, failures)
    where = {
        "rows": len(failures),
        "of": sum(asked.values()),
        "dtypes": sorted({f.dtype for f in failures}, key=subject.dtypes.index),
        "regions": sorted({f.case.region for f in failures}),
    }
    if subject.gammas != (None,):
        where["gammas"] = sorted({f.gamma for f in failures})
    first = min(failures, key=lambda f: f.simplicity)
    if kind not in ("float64-as-float32",):
        first = _smallest(subject, first)
    return Finding(
        kind, severity, f"{title}: {cause}" if cause else title, example_of(subject, first), where
    )


def _smallest(subject: Subject, failure: Deviation) -> Deviation:
    best = [failure]

    def fails(case: Case) -> bool:
        for _, found, _ in compare(subject, [case], failure.dtype, failure.gamma, alone=True):
            same = [f for f in found if f.kind == failure.kind]
            if same:
                best[0] = max(same, key=lambda f: f.ulp)
                return True
        return False

    shrink(failure.case, fails)
    return best[0]


def example_of(subject: Subject, failure: Deviation) -> Example:
    """How a failure is shown."""
    part = (
        ""
        if failure.component is None
        else f" (gradient[{failure.component}])"
        if subject.of_rows
        else " (gradient)"
    )
    got, expected = failure.got, failure.truth
    if not isinstance(got, str):
        digits = next((d for d in (9, 13) if f"{got:.{d}g}" != f"{float(expected):.{d}g}"), 17)
        got, expected = f"{got + 0.0:.{digits}g}{part}", mpmath.nstr(expected, digits)
    options = subject.options(failure.gamma)
    fixed = {"gamma": failure.gamma} if failure.gamma is not None and "gamma" not in options else {}
    call = ", ".join(f"{k} = {v:g}" for k, v in {**fixed, **options}.items())
    return Example(str(failure.case), failure.dtype, call, got, expected or "a number")
