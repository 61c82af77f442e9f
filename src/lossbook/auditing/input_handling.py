"""The form of the input: dtype kept, empty batches, layouts in memory, inputs left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .calling import describe
from .conventions import batch
from .findings import Example, Finding
from .frameworks import Framework
from .subject import Subject


def check(subject: Subject) -> list[Finding]:
    """dtype, layout, independence of rows, empty batch."""
    return [
        *_dtypes(subject),
        *_layouts(subject),
        *_alone(subject),
        *_untouched(subject),
        *_empty(subject),
    ]


def _call(subject: Subject, logits, targets, dtype=None, **more):
    options = subject.options(subject.usual_gamma)
    return subject.caller.call(logits, targets, dtype or subject.widest, options=options, **more)


def _dtypes(subject: Subject):
    logits, targets = batch(subject, False)
    changed = {}
    for dtype in subject.dtypes:
        try:
            outcome = _call(subject, logits, targets, dtype)
        except Exception as error:
            subject.facts[f"{dtype} logits"] = describe(error)
            continue
        kinds = {"loss": outcome.dtype, "gradient": outcome.gradient_dtype}
        wrong = [f"{part} {kind}" for part, kind in kinds.items() if kind not in (None, dtype)]
        if wrong:
            changed[dtype] = " and ".join(wrong)
    subject.facts["dtype of the logits"] = (
        "kept" if not changed else "; ".join(f"{k}: {v}" for k, v in changed.items())
    )
    if changed:
        dtype, got = next(iter(changed.items()))
        example = Example(f"logits of dtype {dtype}", dtype, "", got, dtype)
        yield Finding(
            "dtype-changed",
            "warning",
            "the dtype of the logits is not kept",
            example,
            {"dtypes": list(changed)},
        )


def _layouts(subject: Subject):
    logits, targets = batch(subject, False)
    try:
        plain = _call(subject, logits, targets)
    except Exception as error:
        subject.skipped["layouts"] = describe(error)
        return
    array = subject.caller.framework.array(logits, subject.widest)
    for layout in subject.caller.framework.layouts(array):
        inputs = f"logits of shape {logits.shape}, {layout}"
        try:
            other = _call(subject, logits, targets, layout=layout)
        except Exception as error:
            example = Example(
                inputs, subject.widest, "", describe(error), "the loss of the contiguous logits"
            )
            yield Finding("layout", "error", f"logits that are {layout} raise", example)
            return
        for part in ("value", "gradient"):
            a, b = getattr(plain, part), getattr(other, part)
            if a is not None and not (
                a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=0, equal_nan=True)
            ):
                got, expected = str(b.reshape(-1)[:3]), str(a.reshape(-1)[:3])
                title = f"the {part} depends on the layout of the logits: {layout}"
                yield Finding(
                    "layout", "error", title, Example(inputs, subject.widest, "", got, expected)
                )
                return


def _alone(subject: Subject):
    """A row's loss must not depend on the other rows."""
    cases = [c for c in subject.cases if c.region == "ordinary" and c.classes in (None, 3)]
    options = subject.options(subject.usual_gamma)
    together = subject.caller.rows(cases, subject.widest, options=options)
    apart = subject.caller.rows(cases, subject.widest, options=options, alone=True)
    for n, case in enumerate(cases):
        a, b = together.values[n], apart.values[n]
        if np.isfinite(b) and not np.isclose(a, b, rtol=1e-6, atol=0):
            example = Example(
                f"{case}, in a batch of {len(cases)}",
                subject.widest,
                "",
                f"{a:.9g}",
                f"{b:.9g}, as alone",
            )
            yield Finding(
                "rows-coupled", "error", "the loss of a row depends on the other rows", example
            )
            return


def _untouched(subject: Subject):
    """The implementation must not write into its arguments."""
    logits, targets = batch(subject, False)
    framework = CallRecorder(subject.caller.framework)
    options = subject.options(subject.usual_gamma)
    try:
        replace(subject.caller, framework=framework).call(
            logits, targets, subject.widest, options=options
        )
    except Exception:
        return
    for array, before in framework.made:
        after = framework.numbers(array)
        if not np.array_equal(before, after, equal_nan=True):
            example = Example(
                f"shape {before.shape}",
                subject.widest,
                "",
                str(after.reshape(-1)[:3]),
                str(before.reshape(-1)[:3]),
            )
            yield Finding("argument-changed", "error", "an argument is overwritten", example)
            return


class CallRecorder:
    """A framework that remembers the arrays it made, and what was in them."""

    def __init__(self, framework: Framework):
        self.framework, self.made = framework, []

    def __getattr__(self, name):
        return getattr(self.framework, name)

    def array(self, values, dtype):
        """An array, remembered."""
        array = self.framework.array(values, dtype)
        self.made.append((array, self.framework.numbers(array).copy()))
        return array


def _empty(subject: Subject):
    if subject.loss.is_activation:
        return
    logits, targets = batch(subject, False)
    names = ["none"]
    if subject.caller.adapter.reduction is not None:
        names = [n for n in ("none", "sum", "mean") if n in subject.caller.adapter.reductions]
    for name in names:
        try:
            outcome = _call(subject, logits[:0], targets[:0], reduction=name)
        except Exception as error:
            subject.facts[f"empty batch, {name}"] = describe(error)
            expected = {"none": "no losses", "sum": "0", "mean": "nan or 0"}[name]
            example = Example(
                f"logits of shape (0, {logits.shape[1]})",
                subject.widest,
                f"reduction = {name}",
                describe(error),
                expected,
            )
            yield Finding(
                "empty-batch", "warning", f"an empty batch raises, reduction {name}", example
            )
            return
        value = outcome.value.reshape(-1)
        subject.facts[f"empty batch, {name}"] = (
            f"{value[0]:g}" if value.size == 1 else f"{value.size} losses"
        )
        if name == "sum" and value.size == 1 and value[0] != 0:
            example = Example(
                f"logits of shape (0, {logits.shape[1]})",
                subject.widest,
                "reduction = sum",
                f"{value[0]:g}",
                "0",
            )
            yield Finding("empty-batch", "error", "the sum over an empty batch is not 0", example)
            return
