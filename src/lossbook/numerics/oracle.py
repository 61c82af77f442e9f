"""The truth about a loss at a point, to 50 digits: value, gradient and Hessian-vector product.

Every measurement of accuracy is made against this file. It evaluates the symbolic expression with
mpmath, sums by adding and probabilities by exponentials, with so many digits that enough are left
after cancellation. No rewrite of `numerics/rewrites` and nothing of `codegen` takes part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar

import mpmath
from sympy import Add, Expr, Indexed, IndexedBase, Integer, Mul, Pow, log

from ..calculus.derive import derivative, derive
from ..calculus.evaluate import GUARD_DIGITS, Evaluator, Point
from ..expr.indices import free_indices
from ..expr.nodes import Diff, Sum, Vec, bound_indices, softmax
from ..losses import Loss
from ..notation import code_name, g, v

DIGITS = 50
# A result below 10**-LEAST_EXPONENT is far smaller than the smallest float64, and may come out as
# 0.
LEAST_EXPONENT = 400


class OracleError(ValueError):
    """The oracle cannot answer for these arguments. The message restates the one that is wrong."""


@cache
def oracle(loss: Loss) -> Oracle:
    """The oracle of a loss or an activation, made once."""
    return Oracle(loss)


class Oracle:
    """The truth about one loss.

    Each method takes one row: `logits`, K numbers, with `targets` an int (a class, from 0) or K
    numbers; for a loss of single outputs, one number each. Numbers are taken exactly; logits may be
    -inf. Parameters go by their names in code; those left out take their neutral value, or else
    the default of the public function. Results are
    right to `DIGITS` digits, unless they are smaller in magnitude than 10**-LEAST_EXPONENT. An
    activation has no targets; `vjp` takes the vector that is multiplied from the left.
    """

    def __init__(self, loss: Loss):
        self.loss = loss
        self.of_rows = isinstance(loss.wrt, Indexed)
        self.wrt = loss.wrt.base if self.of_rows else loss.wrt
        self.index = loss.wrt.indices[0] if self.of_rows else None
        indices = set(free_indices(loss.expr)) - {self.index}
        bases = loss.expr.atoms(IndexedBase)
        self.parameters = {code_name(q.symbol): q for q in loss.parameters}
        symbols = (
            {q.symbol for q in loss.parameters}
            | {self.wrt}
            | {base.label for base in bases}
            | indices
        )
        symbols |= self.wrt.shape[0].free_symbols if self.of_rows else set()
        symbols |= bound_indices(loss.expr)
        others = [*(bases - symbols), *(loss.expr.free_symbols - symbols - bases)]
        self.output = next(iter(indices)) if loss.is_activation and indices else None
        targets = (
            list(indices)
            if loss.target == "class index"
            else [a for a in others if not isinstance(a, Indexed)]
        )
        self.target = targets[0] if targets and not loss.is_activation else None

    @cached_property
    def _gradient(self) -> Expr:
        return derive(self.loss, full=True).result

    @cached_property
    def _hvp(self) -> Expr:
        return self._derivative_along(self._gradient, v)

    @cached_property
    def _vjp(self) -> Expr:
        return self._derivative_along(self.loss.expr, g)

    def _derivative_along(self, e: Expr, vector: IndexedBase) -> Expr:
        if not self.of_rows:
            return (
                derivative(Diff(e, self.loss.wrt), self.loss.given, factored=False)
                * vector[Integer(1)]
            )
        index = self.output if vector == g else self.index
        along = Sum(Vec(e * vector[index], index, self.wrt.shape[0]))
        return derivative(Diff(along, self.loss.wrt), self.loss.given, factored=False)

    def value(self, logits, targets=None, **parameters):
        """The loss: one number; of an activation of K logits K numbers."""
        return self._at(self._question(logits, targets, parameters), self.loss.expr, self.output)

    def gradient(self, logits, targets=None, **parameters):
        """The gradient with respect to the logits, of their shape."""
        if self.loss.is_activation and self.of_rows:
            raise OracleError(
                f"{self.loss.name} is an activation of K logits: it has a Jacobian; ask for vjp"
            )
        return self._at(self._question(logits, targets, parameters), self._gradient, self.index)

    def hvp(self, logits, targets, tangent, **parameters):
        """The Hessian times `tangent`, of the shape of the logits."""
        if self.loss.is_activation:
            raise OracleError(f"{self.loss.name} is an activation: it has no Hessian")
        question = self._question(logits, targets, parameters, {v: tangent})
        return self._at(question, self._hvp, self.index, order=2)

    def vjp(self, logits, grad_output, **parameters):
        """`grad_output` times the Jacobian of an activation, of the shape of the logits."""
        if not self.loss.is_activation:
            raise OracleError(f"{self.loss.name} is a loss: ask for its gradient")
        question = self._question(logits, None, parameters, {g: grad_output})
        return self._at(question, self._vjp, self.index)

    def _at(self, question: _Question, e: Expr, each: Expr | None, order: int = 1):
        """The value of an expression; a list over the index `each`, if that is not None."""
        digits = order * question.lost_digits(e)
        try:
            return self._in_digits(digits, e, each, question.point, exact=False)
        except _Vanished:
            digits = order * question.all_digits()
            return self._in_digits(digits, e, each, question.point, exact=True)

    def _in_digits(self, more: int, e: Expr, each: Expr | None, point: dict, *, exact: bool):
        with mpmath.workdps(DIGITS + GUARD_DIGITS + more):
            row = _RowEvaluator(exact)
            if each is None:
                return +row.value(e, point)
            classes = range(1, point[self.wrt.shape[0]] + 1)
            return [row.value(e, {**point, each: n}) for n in classes]

    def _question(
        self, logits, targets, parameters: dict, direction: dict | None = None
    ) -> _Question:
        """The arguments of a method, checked, as values of the symbols."""
        unknown = set(parameters) - set(self.parameters)
        if unknown:
            raise OracleError(
                f"{self.loss.name} has no parameter {sorted(unknown)[0]!r}; "
                f"it has {', '.join(self.parameters) or 'none'}"
            )
        point = {self.wrt: _exact(logits) if self.of_rows else mpmath.mpf(logits)}
        if self.of_rows:
            point[self.wrt.shape[0]] = len(logits)
        point |= self._targets(targets, logits)
        scalars = []
        for name, q in self.parameters.items():
            given = parameters.get(name, q.default if q.neutral is None else q.neutral)
            if given is None:
                raise OracleError(f"{self.loss.name} needs {name}: {q.meaning}; {q.domain}")
            if isinstance(q.symbol, IndexedBase):
                given = given if hasattr(given, "__len__") else [given] * len(logits)
                self._check_length(name, given, logits)
            else:
                scalars.append(float(given))
            point[q.symbol] = _exact(given)
        for vector, values in (direction or {}).items():
            self._check_length(vector.label, values, logits)
            point[vector] = _exact(values if self.of_rows else [values])
        return _Question(point, list(logits) if self.of_rows else [logits, 0], scalars)

    def _targets(self, targets, logits) -> dict[Expr, Any]:
        if (targets is None) != (self.target is None):
            raise OracleError(
                f"{self.loss.name}: targets={targets!r}, expected {self.loss.target or 'none'}"
            )
        if self.target is None:
            return {}
        if self.loss.target == "class index":
            if not 0 <= targets < len(logits):
                raise OracleError(
                    f"{self.loss.name}: targets={targets!r}, "
                    f"expected a class from 0 to {len(logits) - 1}"
                )
            return {self.target: int(targets) + 1}
        if isinstance(self.target, IndexedBase):
            self._check_length("targets", targets, logits)
        return {self.target: _exact(targets)}

    def _check_length(self, name, values, logits) -> None:
        if self.of_rows and len(values) != len(logits):
            raise OracleError(
                f"{self.loss.name}: {name} has length {len(values)}, "
                f"expected {len(logits)} as the logits"
            )


@dataclass(frozen=True)
class _Question:
    """Where the oracle is asked.

    point: the values of all symbols. logits: those of a row, or a single logit and 0. scalars: the
    values of the parameters that are numbers.
    """

    point: dict[Expr, Any]
    logits: list
    scalars: list[float]

    def lost_digits(self, e: Expr) -> int:
        """How many digits 1 - p may lose, as far as they can be seen in a result.

        These are the digits of the largest ratio of two probabilities.
        """
        # q**γ with γ < 1 makes the effect of a tiny q larger.
        visible = LEAST_EXPONENT / min([1.0, *(a for a in self.scalars if 0 < a < 1)])
        if any(isinstance(a.args[0], Add) for a in e.atoms(log)):  # log(1 - p) = log(q)
            visible = math.inf
        return int(min(self.all_digits(), visible))

    def all_digits(self) -> int:
        """How many digits 1 - p may lose at all."""
        finite = [float(a) for a in self.logits if mpmath.isfinite(a)] or [0.0]
        return int((max(finite) - min(finite)) / mpmath.ln10) + len(str(len(finite)))


def _exact(values):
    return [mpmath.mpf(a) for a in values] if hasattr(values, "__len__") else mpmath.mpf(values)


class _Vanished(ArithmeticError):
    """A number to be divided by has lost all its digits."""


class _Exponentials(Expr):
    """All exp(x[k]) of a softmax and their sum: a key under which the evaluator remembers them."""

    vec = property(lambda self: self.args[0])


class _RowEvaluator(Evaluator):
    """Evaluates one row, each subexpression once for given indices, and 0 times anything as 0.

    The latter is the limit that the losses mean by 0 log 0, for a class whose logit is -inf.
    exact: whether a 0 is exact, and not a number whose digits were too few.
    """

    def __init__(self, exact: bool):
        super().__init__(step=None)
        self.exact = exact
        self._values: dict[tuple, Any] = {}
        self._indices: dict[Expr, tuple[Expr, ...]] = {}

    def value(self, e: Expr, point: Point):
        """The value of an expression, remembered together with the indices it depends on."""
        if e.is_Atom or isinstance(e, Indexed):
            return super().value(e, point)
        if e not in self._indices:
            bound = bound_indices(e)
            self._indices[e] = tuple(s for s in e.free_symbols if s.is_integer and s not in bound)
        key = (e, *(point.get(s) for s in self._indices[e]))
        if key not in self._values:
            self._values[key] = super().value(e, point)
        return self._values[key]

    def _product(self, e, point):
        factors = [self.value(a, point) for a in e.args]
        return mpmath.mpf(0) if any(f == 0 for f in factors) else mpmath.fprod(factors)

    def _softmax(self, e, point):
        *powers, total = self.value(_Exponentials(e.vec), point)
        return powers[point[e.index] - 1] / total

    def _exponentials(self, e, point):
        powers = [mpmath.exp(x) for x in self.components(e.vec, point)]
        return [*powers, mpmath.fsum(powers)]

    def _power(self, e, point):
        if self.value(e.base, point) != 0:
            return Evaluator._power(self, e, point)
        power = self.value(e.exp, point)
        if power < 0 and not self.exact:
            raise _Vanished
        return mpmath.inf if power < 0 else mpmath.mpf(power == 0)

    RULES: ClassVar = {
        **Evaluator.RULES,
        Mul: _product,
        softmax: _softmax,
        Pow: _power,
        _Exponentials: _exponentials,
    }
