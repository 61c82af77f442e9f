"""What the parameters and reductions mean: which class α multiplies, what a mean divides by."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from .calling import describe
from .findings import Example, Finding
from .parameters import averages_by_weight, balances_classes, has_alpha, names_of
from .subject import ALPHA, Subject

WEIGHTS = (1.0, 2.0, 4.0)
CLOSE = 1e-4


def check(subject: Subject) -> list[Finding]:
    """Scale, α, class weights, weight of the positive class, reductions."""
    found = [*_scale(subject), *_alpha(subject), *_class_weights(subject), *_pos_weight(subject)]
    return [*found, *_reductions(subject)]


def _scale(subject: Subject):
    """Whether ordinary losses are the definition times a factor."""
    weights = subject.weights({})
    if None in weights or all(w == 1 for w in weights):
        return
    more = subject.weights({}, 4)
    if (
        subject.of_rows
        and all(a is not None and a * 3 == b * 4 for a, b in zip(weights, more, strict=False))
        and None not in more
    ):
        title = (
            "the loss of a row is divided by the number of classes"
            if weights[0] * 3 == 1
            else "the loss depends on K"
        )
        yield _finding(
            subject, "scale", "convention", title, subject.options(subject.usual_gamma), weights
        )
        return
    if len(set(weights)) == 1:
        title = f"the loss is {weights[0]} times the definition"
        yield _finding(
            subject, "scale", "convention", title, subject.options(subject.usual_gamma), weights
        )
        return
    if subject.alpha is None or not balances_classes(subject.loss):
        title = "without weights, classes weigh differently"
        yield _finding(
            subject, "scale", "convention", title, subject.options(subject.usual_gamma), weights
        )


def _alpha(subject: Subject):
    """Which class a number α multiplies."""
    if not has_alpha(subject.loss) or "alpha" not in subject.caller.adapter.parameters:
        return
    alpha = subject.alpha if subject.alpha is not None else ALPHA
    try:
        ratios = subject.weights({"alpha": alpha})
    except Exception as error:
        subject.facts["a number as α"] = describe(error)
        return
    if None in ratios:
        subject.facts["a number as α"] = (
            "not measured: the loss is not a multiple of the definition"
        )
        return
    a = Fraction(alpha).limit_denominator(1000)
    if balances_classes(subject.loss):
        unit = (a, 1 - a) if subject.alpha is not None else (Fraction(1, 1), Fraction(1, 1))
        weights = [ratios[0] * unit[1], ratios[1] * unit[0]]
        subject.facts[f"α = {alpha:g} multiplies"] = (
            f"y = 1 by {float(weights[1]):g}, y = 0 by {float(weights[0]):g}"
        )
        if weights == [1 - a, a]:
            return
        title = (
            "α is the weight of the negative class"
            if weights == [a, 1 - a]
            else "α does not weigh y = 1 by α and y = 0 by 1 - α"
        )
        expected = f"y = 1 by {alpha:g}, y = 0 by {1 - alpha:g}"
    else:
        unit = Fraction(1) if subject.alpha is None else a
        weights = [r * unit for r in ratios]
        words = ", ".join(f"class {k} by {float(w):g}" for k, w in enumerate(weights))
        subject.facts[f"α = {alpha:g} multiplies"] = (
            f"every class by {alpha:g}" if set(weights) == {a} else words
        )
        if set(weights) == {a}:
            return
        title = "α as a number does not weigh all classes alike"
        if weights == [1 - a, a, a]:
            title = "α as a number weighs class 0 by 1 - α and every other class by α"
        expected = f"every class by {alpha:g}"
    got = subject.facts[f"α = {alpha:g} multiplies"]
    yield Finding(
        "alpha-meaning", "convention", title, _example(subject, {"alpha": alpha}, got, expected)
    )


def _class_weights(subject: Subject):
    """Whether the weight of a class multiplies the rows of that class."""
    if "class_weights" not in subject.caller.adapter.parameters or not subject.of_rows:
        return
    before = subject.weights({})
    try:
        after = subject.weights({"class_weights": WEIGHTS})
    except Exception as error:
        subject.facts["class weights"] = describe(error)
        return
    if None in before or None in after:
        subject.facts["class weights"] = (
            "not measured: the loss is not a multiple of the definition"
        )
        return
    ratios = [a / b for a, b in zip(after, before, strict=True)]
    shown = ", ".join(f"{float(r):g}" for r in ratios)
    subject.facts["class weights 1, 2, 4 multiply"] = f"classes 0, 1, 2 by {shown}"
    expected = [Fraction(w) for w in WEIGHTS]
    if ratios == expected:
        return
    proportional = len({r / w for r, w in zip(ratios, expected, strict=True)}) == 1
    severity = "convention" if proportional else "error"
    title = (
        "class weights are rescaled"
        if proportional
        else "the weight of a class multiplies other classes"
    )
    example = _example(subject, {"class_weights": WEIGHTS}, f"by {shown}", "by 1, 2, 4")
    yield Finding("class-weights", severity, title, example)


def _pos_weight(subject: Subject):
    """Whether pos_weight multiplies the loss of y = 1 alone."""
    passed = subject.caller.adapter.parameters
    if "pos_weight" not in passed or "pos_weight" not in names_of(subject.loss):
        return
    weight = subject.caller.framework.array(np.array(3.0), subject.widest)
    before, after = subject.weights({}), subject.weights({"pos_weight": weight})
    if None in before or None in after:
        return
    ratios = [a / b for a, b in zip(after, before, strict=True)]
    subject.facts["pos_weight = 3 multiplies"] = (
        f"y = 1 by {float(ratios[1]):g}, y = 0 by {float(ratios[0]):g}"
    )
    if ratios != [1, 3]:
        example = _example(
            subject,
            {"pos_weight": 3},
            subject.facts["pos_weight = 3 multiplies"],
            "y = 1 by 3, y = 0 by 1",
        )
        yield Finding(
            "pos-weight", "error", "pos_weight does not multiply the loss of y = 1 alone", example
        )


def _reductions(subject: Subject):
    """What "sum" and "mean" are of the losses of the rows."""
    adapter = subject.caller.adapter
    if adapter.reduction is None or subject.loss.is_activation:
        subject.skipped["reductions"] = "no such parameter"
        return
    if "none" not in adapter.reductions:
        subject.skipped["reductions"] = (
            "nothing to compare with: no reduction gives the loss of each row"
        )
        return
    found: dict[str, Finding] = {}
    for weights in (None, WEIGHTS):
        if weights and ("class_weights" not in adapter.parameters or not subject.of_rows):
            continue
        for spatial in (False, True):
            for finding in _reduced(subject, spatial, weights):
                found.setdefault(finding.id, finding)  # one batch is enough, the simplest
    yield from found.values()


def batch(subject: Subject, spatial: bool) -> tuple[np.ndarray, np.ndarray]:
    """Five rows of three classes, or elements of such a shape, with no two divisors alike.

    spatial: whether each row has two places.
    """
    shape = (5, 3, 2) if spatial else (5, 3)
    numbers = np.random.default_rng(1).integers(-8, 9, shape) / 4
    if not subject.of_rows:
        return numbers, (np.arange(numbers.size).reshape(shape) % 3 == 0).astype(float)
    return numbers, np.array(
        [[0, 2], [1, 0], [2, 2], [1, 1], [0, 1]] if spatial else [0, 1, 1, 2, 2]
    )


def _reduced(subject: Subject, spatial: bool, weights):
    caller, names = subject.caller, {}
    logits, targets = batch(subject, spatial)
    options = subject.options(
        subject.usual_gamma, **({"class_weights": weights} if weights else {})
    )
    shape = "(N, K, d)" if spatial else "(N, K)"
    if not subject.of_rows:
        shape = "(N, M, d)" if spatial else "(N, M)"
    key = f"of {shape}{', weighted' if weights else ''}"
    try:
        each = caller.per_row(
            caller.call(logits, targets, subject.widest, options=options).value, logits
        )
        if each is None:
            raise ValueError("no loss for each row")
        names = {
            name: caller.call(
                logits, targets, subject.widest, reduction=name, options=options
            ).value
            for name in ("sum", "mean")
            if name in caller.adapter.reductions
        }
    except Exception as error:
        subject.skipped[f"reductions {key}"] = describe(error)
        return
    total = float(each.sum())
    for name, value in names.items():
        if value.size != 1:
            yield Finding(
                f"reduction-{name}",
                "error",
                f'reduction "{name}" does not give one number',
                _example(
                    subject,
                    options,
                    f"shape {value.shape}",
                    "one number",
                    f"logits of shape {logits.shape}",
                ),
            )
            continue
        divisor = total / float(value.reshape(()))
        known = _divisors(subject, logits, targets, weights)
        words = next(
            (w for w, d in known.items() if abs(d - divisor) < CLOSE * d), f"{divisor:.6g}"
        )
        right = "1" if name == "sum" else _usual(subject, known, weights)
        subject.facts[f'"{name}" {key}'] = (
            "the sum" if words == "1" else f"the sum divided by {words}"
        )
        if abs(known[right] - divisor) < CLOSE * known[right]:
            continue
        severity = "error" if name == "sum" else "convention"
        title = f'reduction "{name}" divides the sum by {words}, not by {right}'
        if name == "sum":
            title = f'reduction "sum" is not the sum: it is divided by {words}'
        got, expected = f"{float(value.reshape(())):.9g}", f"{total / known[right]:.9g}"
        inputs = f"logits of shape {logits.shape}"
        yield Finding(
            f"reduction-{name}", severity, title, _example(subject, options, got, expected, inputs)
        )


def _divisors(subject: Subject, logits, targets, weights) -> dict[str, float]:
    rows = targets.size
    if not subject.of_rows:
        return {"1": 1, "the number of elements": rows, "the batch size N": len(logits)} | {
            "the number of elements behind the first axis": rows / len(logits)
        }
    known = {"1": 1.0}
    if weights:
        known["the weights of the targets"] = float(np.take(weights, targets).sum())
    batch, classes, *places = logits.shape
    known |= {
        "the number of rows": rows,
        "the number of rows times K": rows * classes,
        "the number of classes K": classes,
    }
    if places:
        known |= {
            "the number of places d": places[0],
            "the batch size N": batch,
            "K times d": classes * places[0],
        }
    return known


def _usual(subject: Subject, known, weights) -> str:
    if not subject.of_rows:
        return "the number of elements"
    if weights and averages_by_weight(subject.loss):
        return "the weights of the targets"
    return "the number of rows"


def _finding(subject: Subject, kind, severity, title, options, weights) -> Finding:
    got = ", ".join(f"{float(w):g}" for w in weights)
    names = "classes 0, 1, 2" if subject.of_rows else "y = 0, y = 1"
    example = _example(
        subject, options, f"{names} weigh {got}", f"{names} weigh {', '.join('1' for _ in weights)}"
    )
    return Finding(kind, severity, title, example)


def _example(
    subject: Subject, options, got: str, expected: str, inputs: str = "ordinary rows"
) -> Example:
    call = ", ".join(f"{k} = {_short(v)}" for k, v in options.items())
    return Example(inputs, subject.widest, call, got, expected)


def _short(value) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)
