"""An audit from beginning to end."""

from __future__ import annotations

import importlib.metadata
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from tqdm import tqdm

from ..losses import Loss, get
from . import conventions, derivatives, input_handling, labels, values
from .adapters import Adapter, AdapterError
from .adapters import adapter as named
from .batches import Case, of_rows
from .batches import cases as cases_of
from .calling import Caller, describe
from .findings import ordered
from .frameworks import framework as framework_of
from .frameworks import loaded
from .guess import guess
from .parameters import balances_classes, has_alpha, has_gamma
from .report import Report
from .subject import ALPHA, Subject

GAMMAS = (0.0, 0.5, 1.0, 2.0, 5.0)
CHECKS = {
    "conventions": conventions.check,
    "derivatives": derivatives.check,
    "labels": labels.check,
    "forms": input_handling.check,
}


def audit(
    function: Callable[..., Any],
    loss: Loss | str,
    adapter: Adapter | str | None = None,
    *,
    gamma: float | Sequence[float] | None = None,
    alpha: float | None = None,
    gradient: Callable[..., Any] | None = None,
    framework: str | None = None,
    dtypes: Sequence[str] | None = None,
    tolerance: float | None = None,
    samples: int = 24,
    seed: int = 0,
    name: str | None = None,
    progress: bool | None = None,
    **changes: Any,
) -> Report:
    """Measure an implementation of a loss against 50-digit reference values.

    The audit also finds out what the implementation takes its parameters to mean.

    Args:
        function: A function, module or class for PyTorch, NumPy or JAX. It is called with batches
            of logits and targets. A NumPy function may return (value, gradient).
        loss: A registered loss, or its name: one of `lossbook.losses.names()`.
        adapter: How the function is called: an `Adapter`, the name of one in `ADAPTERS`, or None to
            guess it from the signature.
        gamma: The values of γ to test. Needed where the function has no such parameter; by default
            0, 0.5, 1, 2 and 5.
        alpha: The number to pass as α; where the function has no such parameter, the number that it
            uses.
        gradient: A second function, called like the first, that returns the gradient of the sum of
            the losses with respect to the logits.
        framework: "torch", "numpy" or "jax". By default, found by calling the function.
        dtypes: The dtypes of the logits. By default, the usual ones of the framework.
        tolerance: The largest error, in ULP, that is not reported. By default 1024 for float64, 64
            for float32, 16 for float16 and bfloat16.
        samples: The number of random rows, in addition to the fixed ones.
        seed: The seed of the random rows.
        name: What the report calls the function.
        progress: Whether to show a progress bar on stderr. By default, only on a terminal.
        **changes: Fields of the adapter to change, such as `class_axis=-1`, `targets="one-hot"`,
            `order=("targets", "logits")` or `parameters={"gamma": "focus"}`.

    Returns:
        The report. Its `ok` is False if there is an error or a warning.

    Raises:
        AdapterError: The call cannot be guessed, or fails on the plainest input.
        KeyError: No loss has this name.

    Example:
        >>> from lossbook.numpy import mse_loss_with_grad
        >>> audit(mse_loss_with_grad, "mse", samples=0, progress=False).ok
        True
    """
    loss = get(loss) if isinstance(loss, str) else loss
    caller = _caller(function, loss, adapter, gradient, framework, changes, gamma, alpha)
    subject = _subject(
        caller, loss, gamma, alpha, dtypes, tolerance, cases_of(loss, samples=samples, seed=seed)
    )
    bar = tqdm(
        total=len(subject.dtypes) * len(subject.gammas) + len(CHECKS),
        desc=f"audit {loss.name}",
        disable=None if progress is None else not progress,
        leave=False,
    )
    with caller.framework.calm(), bar:
        findings, table = values.check(subject, bar.update)
        for check in CHECKS.values():
            findings += check(subject)
            bar.update()
    return Report(
        name=name or _name(function),
        loss=loss.name,
        framework=caller.framework.name,
        versions=_versions(function, caller.framework.name),
        call=str(caller.adapter),
        parameters={
            "gammas": [g for g in subject.gammas if g is not None],
            "alpha": subject.alpha,
            "tolerance": {d: subject.tolerance(d) for d in subject.dtypes},
        },
        findings=ordered(findings),
        accuracy=tuple(table),
        facts=subject.facts,
        skipped=subject.skipped,
    )


def _caller(
    function: Callable[..., Any],
    loss: Loss,
    adapter: Adapter | str | None,
    gradient: Callable[..., Any] | None,
    framework: str | None,
    changes: Mapping[str, Any],
    gamma: float | Sequence[float] | None,
    alpha: float | None,
) -> Caller:
    if not callable(function):
        raise AdapterError(f"audit: function is {function!r}; expected a callable")
    unknown = set(changes) - {f for f in Adapter.__dataclass_fields__ if f != "name"}
    if unknown:
        fields = ", ".join(f for f in Adapter.__dataclass_fields__ if f != "name")
        raise AdapterError(
            f"audit: there is no option {sorted(unknown)[0]!r}; an adapter has {fields}"
        )
    given = named(adapter) if isinstance(adapter, str) else adapter
    base = given or guess(function, loss, changes.get("order"))
    base = base.with_(**changes)
    if given is None and inspect.isclass(function):
        base = replace(base, constructed=True)
    shapes = [base]
    if given is None and base.targets == "index" and "targets" not in changes:
        shapes.append(replace(base, targets="one-hot"))
    if given is None and base.targets == "float" and "columns" not in changes:
        shapes.append(replace(base, columns=True))
    names = [framework] if framework else loaded()
    errors = []
    for name in names:
        for form in shapes:
            caller = Caller(function, form, framework_of(name), loss, gradient)
            obstacle = _obstacle(caller, gamma, alpha)
            if obstacle is None:
                return caller
            errors.append(f"{name}, targets {form.targets}: {obstacle}")
    raise AdapterError(f"audit: {_name(function)} cannot be called as {base}. " + "; ".join(errors))


def _obstacle(
    caller: Caller,
    gamma: float | Sequence[float] | None,
    alpha: float | None,
    dtype: str | None = None,
) -> str | None:
    """What happens where a plain call does not return a number of the framework."""
    logits = np.array([[1.0, 0.0, -2.0], [0.5, 0.25, 0.0]])
    targets = np.array([0, 1])
    if not of_rows(caller.loss):
        logits, targets = logits[:, 0], targets.astype(float)
    options = {
        "gamma": 2.0 if gamma is None or isinstance(gamma, Sequence) else gamma,
        "alpha": alpha,
    }
    options = {k: v for k, v in options.items() if v is not None and k in caller.adapter.parameters}
    try:
        outcome = caller.call(logits, targets, dtype or caller.framework.dtypes[0], options=options)
    except Exception as error:
        return describe(error)
    if outcome.value.size == 0 or not np.isfinite(outcome.value).all():
        return f"returned {outcome.value!r} for ordinary logits"
    return None


def _subject(
    caller: Caller,
    loss: Loss,
    gamma: float | Sequence[float] | None,
    alpha: float | None,
    dtypes: Sequence[str] | None,
    tolerance: float | None,
    cases: tuple[Case, ...],
) -> Subject:
    passed = {p for p in ("gamma", "alpha") if p in caller.adapter.parameters}
    gammas: tuple[float | None, ...] = (None,)
    if has_gamma(loss):
        if gamma is None and "gamma" not in passed:
            raise AdapterError(
                f"audit: which γ does it use? No parameter of {caller.adapter} is γ: say gamma=2, "
                "or "
                "parameters={'gamma': '<its name>'}"
            )
        gammas = (
            GAMMAS
            if gamma is None
            else tuple(map(float, gamma if isinstance(gamma, Sequence) else [gamma]))
        )
    elif gamma is not None:
        raise AdapterError(f"audit: {loss.name} has no γ, got gamma={gamma!r}")
    if alpha is not None and not has_alpha(loss):
        raise AdapterError(f"audit: {loss.name} has no α, got alpha={alpha!r}")
    if alpha is None and "alpha" in passed and balances_classes(loss):
        alpha = ALPHA
    wanted = tuple(dtypes or caller.framework.usual)
    unknown = set(wanted) - set(caller.framework.dtypes)
    if unknown:
        raise AdapterError(
            f"audit: dtypes has {sorted(unknown)[0]!r}; {caller.framework.name} has "
            f"{caller.framework.dtypes}"
        )
    subject = Subject(caller, loss, wanted, gammas, frozenset(passed), alpha, tolerance, cases)
    for dtype in wanted:
        obstacle = _obstacle(caller, gamma, alpha, dtype)
        if obstacle is not None:
            subject.skipped[dtype] = obstacle
    soft = [c for c in cases if isinstance(c.target, tuple)]
    if (
        soft
        and caller.rows(
            soft[:1], subject.widest, options=subject.options(subject.usual_gamma)
        ).errors
    ):
        subject.cases = tuple(c for c in cases if c not in soft)
        subject.skipped["soft targets"] = "they are not accepted"
    subject.dtypes = tuple(d for d in wanted if d not in subject.skipped)
    if not subject.dtypes:
        raise AdapterError(f"audit: no dtype works: {subject.skipped}")
    return subject


def _name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    module = getattr(function, "__module__", None) or type(function).__module__
    return f"{module}:{name}"


_packages = cache(importlib.metadata.packages_distributions)


def _versions(function: Callable[..., Any], framework: str) -> dict[str, str]:
    """The versions of the framework and of the package that the function comes from."""
    root = (getattr(function, "__module__", None) or type(function).__module__).split(".")[0]
    found = {}
    for package in dict.fromkeys((framework, *_packages().get(root, ()))):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
