"""Calling an implementation through its adapter, on a batch of rows, in a dtype."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..losses import Loss
from .adapters import Adapter
from .batches import Case, of_rows
from .frameworks import Framework, Outcome, quiet


@dataclass(frozen=True)
class RowResults:
    """Value and gradient of each row.

    Attributes:
        values: one for each row, NaN where the call raised.
        gradients: one for each row, None where there is none.
        dtype: of the values as they came back.
        gradient_dtype: of the gradients as they came back.
        errors: what was raised, by row.
    """

    values: np.ndarray
    gradients: list[np.ndarray | None]
    dtype: str
    gradient_dtype: str | None = None
    errors: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Caller:
    """An implementation with all that is needed to call it.

    Attributes:
        function: what is audited.
        adapter: how it is called.
        framework: the library of its arrays.
        loss: what it is supposed to compute.
        gradient: a second function that returns the gradient, None to differentiate the first.
    """

    function: Callable
    adapter: Adapter
    framework: Framework
    loss: Loss
    gradient: Callable | None = None

    def call(
        self,
        logits: np.ndarray,
        targets: np.ndarray,
        dtype: str,
        *,
        reduction: str | None = "none",
        options: Mapping[str, object] | None = None,
        ignore_index: int | None = None,
        layout: str | None = None,
    ) -> Outcome:
        """One call of the implementation.

        Args:
            logits: (N, K), (N, K, d) or, for single outputs, any shape.
            targets: (N,), (N, d), or of the shape of the logits.
            dtype: of the logits.
            reduction: by our names; left out if the implementation lacks it.
            options: values of parameters, by our names.
            ignore_index: a class number, None for none.
            layout: one of `Framework.layouts`, None for contiguous memory.

        Raises:
            Exception: what the implementation raises.
        """
        with quiet():
            array = self.framework.array(self.placed(logits), dtype)
            array = array if layout is None else self.framework.layouts(array)[layout]
            return self._outcome(
                self._bound(logits, targets, dtype, reduction, options, ignore_index, layout), array
            )

    def hvp(self, logits, targets, dtype: str, tangent: np.ndarray, *, options=None) -> np.ndarray:
        """The Hessian of the sum of the losses times a tangent."""
        with quiet():
            f = self._bound(logits, targets, dtype, "none", options, None, None)[0]
            array = self.framework.array
            return self._back(
                self.framework.hvp(
                    f, array(self.placed(logits), dtype), array(self.placed(tangent), dtype)
                )
            )

    def function_of_logits(self, logits, targets, dtype: str, *, options=None) -> Callable:
        """The implementation as a function of its logits alone, for gradcheck."""
        return self._bound(logits, targets, dtype, "none", options, None, None)[0]

    def rows(
        self, cases: Sequence[Case], dtype: str, *, options=None, alone: bool = False
    ) -> RowResults:
        """Cases of one number of classes in one batch; one by one if that raises or is reduced."""
        if not alone:
            try:
                return self._split(cases, self.call(*self.batch(cases), dtype, options=options))
            except Exception:
                pass
        values, gradients, errors, dtypes = [], [], {}, []
        for n, case in enumerate(cases):
            try:
                found = self._split(
                    [case], self.call(*self.batch([case]), dtype, options=options), alone=True
                )
                values.append(found.values[0])
                gradients.append(found.gradients[0])
                dtypes.append((found.dtype, found.gradient_dtype))
            except Exception as error:
                values.append(np.nan)
                gradients.append(None)
                errors[n] = describe(error)
        return RowResults(
            np.array(values), gradients, *(dtypes[0] if dtypes else ("none", None)), errors
        )

    def batch(self, cases: Sequence[Case]) -> tuple[np.ndarray, np.ndarray]:
        """Logits and targets of cases of the same number of classes."""
        logits = np.array([c.logits for c in cases], dtype=np.float64)
        return logits, np.array([c.target for c in cases])

    def per_row(self, value: np.ndarray, logits: np.ndarray) -> np.ndarray | None:
        """The loss of each row; one that keeps the class axis is summed over it."""
        if self.adapter.targets == "float":
            return value.reshape(logits.shape) if value.shape == self.placed(logits).shape else None
        if self.loss.is_activation:
            return value
        rows = logits.shape[:1] + logits.shape[2:]
        if value.shape == rows:
            return value
        if value.shape == self.placed(logits).shape:
            return (
                np.moveaxis(value, self.adapter.class_axis, 1).sum(1) if value.ndim > 1 else value
            )
        return None

    def _split(self, cases, outcome: Outcome, *, alone: bool = False) -> RowResults:
        logits, _ = self.batch(cases)
        values = self.per_row(outcome.value, logits)
        if values is None or values.shape[:1] != (len(cases),):
            if not alone or outcome.value.size != 1:
                raise ValueError(f"returned shape {outcome.value.shape} for {len(cases)} rows")
            values = outcome.value.reshape(1)
        gradients = [None] * len(cases)
        if outcome.gradient is not None:
            gradients = list(outcome.gradient.reshape(logits.shape).reshape(len(cases), -1))
        return RowResults(values.reshape(-1), gradients, outcome.dtype, outcome.gradient_dtype)

    def _bound(
        self, logits, targets, dtype, reduction, options, ignore_index, layout
    ) -> tuple[Callable, Callable | None]:
        """Functions of the logits: the value, and the gradient where there is one of its own."""
        keywords = self._keywords(dtype, reduction, options or {}, ignore_index)
        arrays = (
            ()
            if self.adapter.targets == "none"
            else (self._targets(logits, targets, dtype, layout),)
        )

        def bind(function):
            if self.adapter.constructed:
                function, rest = function(**keywords), {}
            else:
                rest = keywords

            def of_logits(z):
                both = dict(zip(("logits", "targets"), (z, *arrays), strict=False))
                if self.adapter.keywords:
                    names = dict(zip(("logits", "targets"), self.adapter.keywords, strict=True))
                    return function(**{names[k]: v for k, v in both.items()}, **rest)
                return function(*(both[k] for k in self.adapter.order if k in both), **rest)

            return of_logits

        value = bind(self.function)
        if self.loss.is_activation and of_rows(self.loss):
            whole, picks = value, (np.arange(len(logits)), np.asarray(targets))
            return (lambda z: whole(z)[picks]), None
        return value, None if self.gradient is None else bind(self.gradient)

    def _outcome(self, functions, array) -> Outcome:
        value, gradient = functions
        found = self.framework.outcome(value, array)
        if gradient is not None:
            given = gradient(array)
            given = given[-1] if isinstance(given, tuple) else given
            kind = str(given.dtype).removeprefix("torch.")
            found = Outcome(found.value, self.framework.numbers(given), found.dtype, kind)
        if found.gradient is None:
            return found
        return Outcome(found.value, self._back(found.gradient), found.dtype, found.gradient_dtype)

    def _keywords(self, dtype, reduction, options, ignore_index) -> dict:
        adapter = self.adapter
        found = dict(adapter.neutral)
        for ours, given in options.items():
            name = adapter.parameters[ours]
            vector = ours == "class_weights"
            found[name] = (
                self.framework.array(np.array(given, dtype=np.float64), dtype) if vector else given
            )
        if adapter.reduction is not None and reduction in adapter.reductions:
            found[adapter.reduction] = adapter.reductions[reduction]
        if ignore_index is not None:
            found[adapter.ignore_index] = ignore_index
        return {**found, **adapter.fixed}

    def _targets(self, logits, targets, dtype, layout):
        if self.adapter.targets == "float" or np.asarray(targets).dtype.kind == "f":
            array = self.framework.array(self.placed(targets), dtype)
        elif self.adapter.targets == "one-hot":
            classes = np.arange(logits.shape[1]).reshape(-1, *[1] * (logits.ndim - 2))
            array = self.framework.array(self.placed(np.expand_dims(targets, 1) == classes), dtype)
        else:
            array = self.framework.array(np.asarray(targets, dtype=np.int64), "int64")
        return array if layout is None else self.framework.layouts(array)[layout]

    def placed(self, logits: np.ndarray) -> np.ndarray:
        """With the class axis where the implementation wants it."""
        if logits.ndim < 2:
            return logits[:, None] if self.adapter.columns else logits
        if self.adapter.targets == "float":
            return logits
        return np.ascontiguousarray(np.moveaxis(logits, 1, self.adapter.class_axis))

    def _back(self, gradient: np.ndarray) -> np.ndarray:
        if self.adapter.targets == "float" or gradient.ndim < 2:
            return (
                gradient[:, 0] if self.adapter.columns and gradient.shape[1:] == (1,) else gradient
            )
        return np.moveaxis(gradient, self.adapter.class_axis, 1)


def describe(error: Exception) -> str:
    """What was raised, on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:160]}" if text else type(error).__name__
