"""Why a number is wrong, where the numbers tell."""

from __future__ import annotations

from .subject import Subject

CLOSE = 1e-3


def cause_of(subject: Subject, kind: str, failures: list) -> str:
    """A sentence on the cause, or nothing."""
    gammas = {f.gamma for f in failures}
    if kind == "wrong-gradient":
        return _gradient(subject, failures)
    if kind.startswith("non-finite") and gammas and None not in gammas:
        missing = set(subject.gammas) - gammas
        if all(0 < g < 1 for g in gammas) and any(g >= 1 for g in missing):
            return "only for γ between 0 and 1"
        if gammas == {0.0} and missing:
            return "only for γ = 0"
    return ""


def _gradient(subject: Subject, failures: list) -> str:
    rows = [f for f in failures if f.case.region in ("ordinary", "ties", "many classes")]
    if not rows:
        return ""
    if all(_as(f, _detached(subject, f)) for f in rows):
        return "the modulating factor (1 - p_t)^γ is treated as a constant (detached)"
    ratios = [f.got / float(f.truth) for f in rows if f.truth]
    if ratios and max(ratios) - min(ratios) < CLOSE * abs(ratios[0]):
        return f"it is {ratios[0]:.4g} times the right one"
    return ""


def _as(failure, other) -> bool:
    return other is not None and abs(failure.got - other) <= CLOSE * abs(other)


def _detached(subject: Subject, failure):
    """The gradient where γ is 0, times the loss over the loss where γ is 0."""
    if failure.gamma in (None, 0.0):
        return None
    case, component = failure.case, failure.component
    unmodulated = subject.value(case, 0.0)
    if unmodulated == 0:
        return None
    factor = subject.value(case, failure.gamma) / unmodulated
    return float(factor * subject.gradient(case, 0.0)[component])
