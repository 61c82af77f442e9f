"""Labels that are not classes: ignored ones, and those out of range."""

from __future__ import annotations

import numpy as np

from .calling import describe
from .conventions import batch
from .findings import Example, Finding
from .subject import Subject

IGNORED = -100
CLOSE = 1e-6


def check(subject: Subject) -> list[Finding]:
    """ignore_index, and classes K and -1."""
    if subject.loss.is_activation:
        return []
    if subject.caller.adapter.targets != "index":
        why = (
            "targets are one-hot"
            if subject.caller.adapter.targets == "one-hot"
            else "targets are not class numbers"
        )
        subject.skipped["label range, ignore_index"] = why
        return []
    return [*_range(subject), *_ignored(subject)]


def _range(subject: Subject):
    classes = 3
    accepted = {}
    for label in (classes, -1):
        if label == subject.caller.adapter.ignored:
            continue
        try:
            value = subject.caller.call(
                np.array([[1.0, 0.0, -2.0], [0.0, 0.5, 0.0]]),
                np.array([label, 1]),
                subject.widest,
                options=subject.options(subject.usual_gamma),
            ).value
        except Exception as error:
            subject.facts[f"label {label} of {classes} classes"] = describe(error).split(":")[0]
            continue
        first = float(value.reshape(-1)[0])
        subject.facts[f"label {label} of {classes} classes"] = f"gives {first:.6g}"
        if np.isfinite(first):
            accepted[label] = first
    for label, value in accepted.items():
        example = Example(
            f"logits [[1, 0, -2], [0, 0.5, 0]], targets [{label}, 1]",
            subject.widest,
            "",
            f"{value:.9g}",
            "an exception, or nan",
        )
        kind = "label-range"
        yield Finding(
            kind, "error", f"the label {label} of {classes} classes is accepted silently", example
        )
        return


def _ignored(subject: Subject):
    adapter = subject.caller.adapter
    if adapter.ignore_index is None:
        subject.skipped["ignore_index"] = "no such parameter"
        return
    logits, targets = batch(subject, False)
    targets = targets.copy()
    targets[[1, 3]] = IGNORED
    valid = targets != IGNORED
    inputs = f"logits of shape {logits.shape}, targets {targets.tolist()}"

    def call(reduction, z=logits, t=targets):
        return subject.caller.call(
            z,
            t,
            subject.widest,
            reduction=reduction,
            ignore_index=IGNORED,
            options=subject.options(subject.usual_gamma),
        )

    def example(got, expected, call="none"):
        return Example(
            inputs, subject.widest, f"ignore_index = {IGNORED}, reduction = {call}", got, expected
        )

    try:
        outcome = call("none")
        each = subject.caller.per_row(outcome.value, logits)
    except Exception as error:
        yield Finding(
            "ignore-index",
            "error",
            "ignore_index raises",
            example(describe(error), "0 for the ignored rows"),
        )
        return
    # A shorter result leaves the ignored rows out.
    of_valid = each if each is None or len(each) == valid.sum() else each[valid]
    if each is not None and len(each) == len(targets) and np.any(each[~valid] != 0):
        yield Finding(
            "ignored-not-zero",
            "error",
            "ignored rows have a loss",
            example(str(each[~valid]), "0"),
        )
    if outcome.gradient is not None and np.any(outcome.gradient[~valid] != 0):
        yield Finding(
            "ignored-gradient", "error", "ignored rows have a gradient", example("not 0", "0")
        )
    yield from _ignored_mean(subject, call, example, of_valid, valid)
    yield from _leak(subject, call, example, logits, valid)
    yield from _all_ignored(subject, call, logits)


def _ignored_mean(subject: Subject, call, example, of_valid, valid):
    if (
        "mean" not in subject.caller.adapter.reductions
        or subject.caller.adapter.reduction is None
        or of_valid is None
    ):
        return
    try:
        value = call("mean").value
    except Exception as error:
        yield Finding(
            "ignore-index",
            "error",
            "ignore_index raises",
            example(describe(error), "a mean", "mean"),
        )
        return
    total = float(np.sum(of_valid))
    divisor = total / float(value.reshape(-1)[0])
    known = {"the rows that count": valid.sum(), "all rows": valid.size}
    known |= {
        "the rows that count, times K": valid.sum() * 3,
        "all rows, times K": valid.size * 3,
    }
    words = next((w for w, d in known.items() if abs(d - divisor) < 1e-4 * d), f"{divisor:.6g}")
    subject.facts["with ignored rows, the mean is over"] = words
    if words.startswith("all rows"):
        example = example(
            f"{float(value.reshape(-1)[0]):.9g}", f"{total / valid.sum():.9g}", "mean"
        )
        yield Finding(
            "ignored-counted", "convention", "ignored rows are counted by the mean", example
        )


def _leak(subject: Subject, call, example, logits, valid):
    poisoned = logits.copy()
    poisoned[~valid] = np.nan
    try:
        outcome = call("none", poisoned)
        summed = (
            call("sum", poisoned)
            if subject.caller.adapter.reduction and "sum" in subject.caller.adapter.reductions
            else outcome
        )
    except Exception as error:
        subject.facts["NaN in an ignored row"] = describe(error)
        return
    value_leaks = not np.isfinite(summed.value).all()
    gradients = [o.gradient for o in (outcome, summed) if o.gradient is not None]
    others = any(not np.isfinite(g[valid]).all() for g in gradients)
    own = any(not np.isfinite(g[~valid]).all() for g in gradients)
    subject.facts["NaN in an ignored row"] = (
        "reaches the loss"
        if value_leaks
        else "reaches other gradients"
        if others
        else "reaches its own gradient"
        if own
        else "reaches nothing"
    )
    if value_leaks:
        yield Finding(
            "ignored-nan-value",
            "error",
            "NaN in an ignored row makes the loss NaN",
            example("nan", "a number", "sum"),
        )
    elif others or own:
        where = "of other rows" if others else "of that row"
        title = f"NaN in an ignored row makes the gradient {where} NaN"
        yield Finding("ignored-nan-gradient", "warning", title, example("nan", "0"))


def _all_ignored(subject: Subject, call, logits):
    ignored = np.full(len(logits), IGNORED)
    for name in ("mean", "sum"):
        if (
            subject.caller.adapter.reduction is None
            or name not in subject.caller.adapter.reductions
        ):
            continue
        try:
            outcome = call(name, logits, ignored)
        except Exception as error:
            subject.facts[f"all rows ignored, {name}"] = describe(error)
            example = Example(
                "every row ignored",
                subject.widest,
                f"reduction = {name}",
                describe(error),
                "0 or nan" if name == "mean" else "0",
            )
            yield Finding(
                f"all-ignored-{name}",
                "warning",
                f"a batch that is ignored whole raises, reduction {name}",
                example,
            )
            continue
        value = float(outcome.value.reshape(-1)[0]) if outcome.value.size else np.nan
        subject.facts[f"all rows ignored, {name}"] = f"{value:g}"
        if name == "sum" and value != 0:
            example = Example(
                "every row ignored", subject.widest, "reduction = sum", f"{value:g}", "0"
            )
            yield Finding("all-ignored-sum", "error", "the sum of no rows is not 0", example)
        if outcome.gradient is not None and np.isnan(outcome.gradient).any():
            example = Example(
                "every row ignored",
                subject.widest,
                f"reduction = {name}",
                "a gradient with nan",
                "0",
            )
            yield Finding(
                f"all-ignored-{name}-gradient",
                "warning",
                f"a batch that is ignored whole has NaN gradients, reduction {name}",
                example,
            )
