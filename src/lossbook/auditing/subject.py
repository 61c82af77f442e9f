"""What is audited: an implementation, the cases it is asked, and what the truth is for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import mpmath
import numpy as np

from ..losses import Loss
from . import truth
from .batches import Case
from .calling import Caller
from .parameters import balances_classes

ALPHA = 0.25
# What a careful formula in that dtype may lose. In float64 a margin of 700, rounded, costs 500
# units in its exponential.
TOLERANCE = {"float64": 1024.0, "float32": 64.0, "float16": 16.0, "bfloat16": 16.0}


@dataclass
class Subject:
    """An implementation with its cases.

    Attributes:
        caller: calls it.
        loss: what it is audited as.
        dtypes: of the logits.
        gammas: the γ to audit at, (None,) for a loss without γ.
        passed: which of gamma and alpha are passed in calls; the others are fixed inside.
        alpha: of the calls and of the truth, None for no weights.
        limit: the largest error in ULP that is no finding, None for that of `TOLERANCE`.
        cases: the inputs.
        facts: what was found out about its conventions, for the report.
        skipped: what could not be checked, and why, for the report.
        scales: factors to the definition that were measured, by class.
    """

    caller: Caller
    loss: Loss
    dtypes: tuple[str, ...]
    gammas: tuple[float | None, ...]
    passed: frozenset[str]
    alpha: float | None
    limit: float | None
    cases: tuple[Case, ...]
    facts: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    scales: dict[tuple, Fraction | None] = field(default_factory=dict)

    @property
    def of_rows(self) -> bool:
        """Whether logits are rows of classes, rather than single outputs."""
        return isinstance(self.cases[0].logits, tuple)

    @property
    def usual_gamma(self) -> float | None:
        """The γ at which conventions are measured: 2 where it can be had."""
        return 2.0 if 2.0 in self.gammas else self.gammas[0]

    @property
    def widest(self) -> str:
        """The dtype in which conventions are measured."""
        return "float64" if "float64" in self.dtypes else self.dtypes[0]

    def tolerance(self, dtype: str) -> float:
        """The largest error in ULP that is no finding."""
        return TOLERANCE[dtype] if self.limit is None else self.limit

    def options(self, gamma: float | None, **more) -> dict[str, object]:
        """What is passed, by our names."""
        found = {"gamma": gamma, "alpha": self.alpha}
        return {k: v for k, v in found.items() if k in self.passed and v is not None} | more

    def parameters(self, gamma: float | None, classes: int | None, **more) -> truth.Parameters:
        """What the oracle is asked at."""
        found: dict[str, object] = {} if gamma is None else {"gamma": gamma}
        if balances_classes(self.loss):
            found["alpha"] = 0.5 if self.alpha is None else self.alpha
        elif self.alpha is not None and classes is not None:
            found["alpha"] = (self.alpha,) * classes
        return tuple({**found, **more}.items())

    @property
    def unit(self) -> Fraction:
        """The oracle's loss times this is the definition: 2 where α = 1/2 stands for no weights."""
        return Fraction(2 if balances_classes(self.loss) and self.alpha is None else 1)

    def value(self, case: Case, gamma: float | None):
        """The true loss, by the convention of the implementation."""
        found = truth.value(self.loss, case, self.parameters(gamma, case.classes))
        return scaled(found, self.unit * (self.scale(case) or 1))

    def gradient(self, case: Case, gamma: float | None) -> tuple:
        """The true gradient, by the convention of the implementation."""
        found = truth.gradient(self.loss, case, self.parameters(gamma, case.classes))
        return tuple(scaled(g, self.unit * (self.scale(case) or 1)) for g in found)

    def hvp(self, case: Case, tangent, gamma: float | None) -> tuple:
        """The true Hessian times a tangent, by the convention of the implementation."""
        found = truth.hvp(self.loss, case, tangent, self.parameters(gamma, case.classes))
        return tuple(scaled(g, self.unit * (self.scale(case) or 1)) for g in found)

    def scale(self, case: Case) -> Fraction | None:
        """The factor between ordinary losses of that class and the definition; None for none."""
        key = (case.classes, case.target if self.of_rows else float(case.target))
        if isinstance(case.target, tuple) or (not self.of_rows and key[1] not in (0.0, 1.0)):
            key = (case.classes, 0 if self.of_rows else 1.0)
        if key not in self.scales:
            self.scales[key] = self._measure(*key, self.options(self.usual_gamma), {})
        return self.scales[key]

    def weights(
        self, options: Mapping[str, object], classes: int | None = 3
    ) -> list[Fraction | None]:
        """The factors to the definition that options bring, by class or for targets 0 and 1."""
        more = {**self.options(self.usual_gamma), **options}
        targets = (0.0, 1.0) if not self.of_rows else range(classes)
        return [self._measure(classes if self.of_rows else None, t, more, {}) for t in targets]

    def _measure(self, classes, target, options, more) -> Fraction | None:
        found = self.caller.rows(_probes(classes, target), self.widest, options=options)
        parameters = self.parameters(self.usual_gamma, classes, **more)
        ratios = [
            got / float(scaled(truth.value(self.loss, case, parameters), self.unit))
            for got, case in zip(found.values, _probes(classes, target), strict=True)
        ]
        mean = float(np.mean(ratios))
        if not np.isfinite(mean) or mean == 0 or np.ptp(ratios) > 1e-4 * abs(mean):
            return None
        simple = Fraction(mean).limit_denominator(1000)
        return simple if abs(simple - Fraction(mean)) < abs(mean) / 10_000 else Fraction(mean)


def scaled(x, factor: Fraction):
    """Multiply by a fraction, exact enough for 50 digits."""
    if factor == 1:
        return x
    with mpmath.workdps(60):
        return x * factor.numerator / factor.denominator


def _probes(classes: int | None, target) -> list[Case]:
    if classes is None:
        return [Case("ordinary", z, target) for z in (0.5, -1.0, 0.75)]
    rows = ([((k * step) % 7) / 4 for k in range(classes)] for step in (1, 3, 5))
    return [Case("ordinary", tuple(row), target) for row in rows]
