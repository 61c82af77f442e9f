"""The truth about a registered loss at a point, in 50 digits: value, gradient and Hessian-vector product.

Computed by mpmath from the symbolic expression alone, sums by adding and probabilities by exponentials, in so many
digits that what cancels leaves enough. No rewrite of `stabilise.py` and nothing of the code generators takes part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import mpmath
from sympy import Add, Expr, Indexed, IndexedBase, Integer, Mul, Pow, exp, log

from ..calculus.derive import derivative, derive
from ..calculus.evaluate import Evaluator
from ..expr.nodes import Diff, Sum, Vec, free_indices, softmax
from ..losses import Loss, get
from ..notation import entry_of, g, v

DIGITS = 50
# A result smaller than this is below the smallest float64 by far, and may come out as 0.
LEAST_EXPONENT = 400


class OracleError(ValueError):
    """The oracle cannot be asked this. The message restates the argument."""


@cache
def oracle(loss: Loss | str) -> Oracle:
    """The oracle of a loss or an activation, or of the registered one of that name."""
    return Oracle(get(loss) if isinstance(loss, str) else loss)


class Oracle:
    """Truth about one loss.

    Each method takes one row: `logits`, K numbers, with `targets` an int (a class, from 0) or K numbers; or, for a
    loss of single outputs, one number each. Numbers are taken exactly; logits may be -inf. Parameters go by their
    names in code; those left out take their neutral value. Results are right to `DIGITS` digits, unless smaller in
    magnitude than 10**-LEAST_EXPONENT. An activation has no targets; `vjp` takes what is multiplied from the left.
    """

    def __init__(self, loss: Loss):
        self.loss = loss
        self.of_rows = isinstance(loss.wrt, Indexed)
        self.wrt = loss.wrt.base if self.of_rows else loss.wrt
        self.index = loss.wrt.indices[0] if self.of_rows else None
        indices = set(free_indices(loss.expr)) - {self.index}
        bases = loss.expr.atoms(IndexedBase)
        self.parameters = {_code(q.symbol): q for q in loss.parameters}
        symbols = (
            {q.symbol for q in loss.parameters}
            | {self.wrt}
            | {base.label for base in bases}
            | indices
        )
        symbols |= self.wrt.shape[0].free_symbols if self.of_rows else set()
        bound = {vec.index for vec in loss.expr.atoms(Vec)}
        others = [*(bases - symbols), *(loss.expr.free_symbols - symbols - bases - bound)]
        self.output = next(iter(indices)) if loss.is_activation and indices else None
        targets = (
            list(indices)
            if loss.target == "class index"
            else [a for a in others if not isinstance(a, Indexed)]
        )
        self.target = targets[0] if targets and not loss.is_activation else None

    @property
    @cache  # noqa: B019 - an oracle is kept for good
    def _gradient(self) -> Expr:
        return derive(self.loss, full=True).result

    @property
    @cache  # noqa: B019
    def _hvp(self) -> Expr:
        return self._derivative_along(self._gradient, v)

    @property
    @cache  # noqa: B019
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
        return self._at(self.loss.expr, self.output, 1, logits, targets, parameters)

    def gradient(self, logits, targets=None, **parameters):
        """The gradient by the logits, of their shape."""
        if self.loss.is_activation and self.of_rows:
            raise OracleError(
                f"{self.loss.name} is an activation of K logits: it has a Jacobian; ask for vjp"
            )
        return self._at(self._gradient, self.index, 1, logits, targets, parameters)

    def hvp(self, logits, targets, tangent, **parameters):
        """The Hessian times `tangent`, of the shape of the logits."""
        if self.loss.is_activation:
            raise OracleError(f"{self.loss.name} is an activation: it has no Hessian")
        return self._at(self._hvp, self.index, 2, logits, targets, parameters, (v, tangent))

    def vjp(self, logits, grad_output, **parameters):
        """`grad_output` times the Jacobian of an activation, of the shape of the logits."""
        if not self.loss.is_activation:
            raise OracleError(f"{self.loss.name} is a loss: ask for its gradient")
        return self._at(self._vjp, self.index, 1, logits, None, parameters, (g, grad_output))

    def _at(self, e: Expr, each, order: int, logits, targets, parameters: dict, direction=None):
        point, scalars = self._point(logits, targets, parameters)
        if direction is not None:
            vector, values = direction
            self._check_length(vector.label, values, logits)
            point[vector] = [mpmath.mpf(a) for a in (values if self.of_rows else [values])]
        try:
            return self._in_digits(
                order * self._lost_digits(e, logits, scalars), e, each, point, exact=False
            )
        except _Vanished:
            return self._in_digits(order * self._all_digits(logits), e, each, point, exact=True)

    def _in_digits(self, more: int, e: Expr, each, point: dict, *, exact: bool):
        with mpmath.workdps(DIGITS + 20 + more):
            row = _Row(exact)
            if each is None:
                return +row.of(e, point)
            return [row.of(e, {**point, each: n}) for n in range(1, point[self.wrt.shape[0]] + 1)]

    def _point(self, logits, targets, parameters: dict):
        unknown = set(parameters) - set(self.parameters)
        if unknown:
            raise OracleError(
                f"{self.loss.name} has no parameter {sorted(unknown)[0]!r}; it has {', '.join(self.parameters) or 'none'}"
            )
        if (targets is None) != (self.target is None):
            raise OracleError(
                f"{self.loss.name}: targets={targets!r}, expected {self.loss.target or 'none'}"
            )
        size = len(logits) if self.of_rows else None
        point = {self.wrt: [mpmath.mpf(a) for a in logits] if self.of_rows else mpmath.mpf(logits)}
        if self.of_rows:
            point[self.wrt.shape[0]] = size
        if self.loss.target == "class index":
            if not 0 <= targets < size:
                raise OracleError(
                    f"{self.loss.name}: targets={targets!r}, expected a class from 0 to {size - 1}"
                )
            point[self.target] = int(targets) + 1
        elif self.target is not None:
            if isinstance(self.target, IndexedBase):
                self._check_length("targets", targets, logits)
            point[self.target] = _exact(targets)
        scalars = []
        for name, q in self.parameters.items():
            given = parameters.get(name, q.neutral)
            if given is None:
                raise OracleError(f"{self.loss.name} needs {name}: {q.meaning}; {q.domain}")
            if isinstance(q.symbol, IndexedBase):
                given = (
                    given
                    if isinstance(given, Sequence) or hasattr(given, "__len__")
                    else [given] * size
                )
                self._check_length(name, given, logits)
            else:
                scalars.append(float(given))
            point[q.symbol] = _exact(given)
        return point, scalars

    def _check_length(self, name, values, logits) -> None:
        if self.of_rows and len(values) != len(logits):
            raise OracleError(
                f"{self.loss.name}: {name} has length {len(values)}, expected {len(logits)} as the logits"
            )

    def _lost_digits(self, e: Expr, logits, scalars: list[float]) -> int:
        """How many digits 1 - p may lose: those of the largest ratio of probabilities, as far as any result shows it."""
        # q**γ with γ < 1 brings a tiny q back into sight
        visible = LEAST_EXPONENT / min([1.0, *(a for a in scalars if 0 < a < 1)])
        if any(isinstance(a.args[0], Add) for a in e.atoms(log)):  # log(1 - p) shows the smallest q
            visible = math.inf
        return int(min(self._all_digits(logits), visible))

    def _all_digits(self, logits) -> int:
        finite = [
            float(a) for a in (logits if self.of_rows else [logits, 0]) if mpmath.isfinite(a)
        ] or [0.0]
        return int((max(finite) - min(finite)) / mpmath.ln10) + len(str(len(finite)))


def _exact(values):
    return [mpmath.mpf(a) for a in values] if hasattr(values, "__len__") else mpmath.mpf(values)


def _code(symbol: Expr) -> str:
    entry = entry_of(symbol)
    return entry.code if entry else str(symbol)


class _Vanished(ArithmeticError):
    """A number to be divided by has lost all its digits."""


class _Row(Evaluator):
    """Evaluates one row: what does not depend on an index is computed once, and 0 times anything is 0.

    The latter is the limit that the losses mean by 0 log 0, for a class whose logit is -inf.
    """

    def __init__(self, exact: bool):
        super().__init__(step=None)
        self.exact = exact  # whether a 0 is one, and not a number with too few digits
        self.known: dict = {}
        self.indices: dict[Expr, tuple] = {}

    def of(self, e: Expr, point: dict):
        if e.is_Atom or isinstance(e, Indexed):
            return super().of(e, point)
        if e not in self.indices:
            inside = {vec.index for vec in e.atoms(Vec)}
            self.indices[e] = tuple(s for s in e.free_symbols if s.is_integer and s not in inside)
        key = (e, *(point.get(s) for s in self.indices[e]))
        if key not in self.known:
            self.known[key] = self._compute(e, point)
        return self.known[key]

    def _compute(self, e: Expr, point: dict):
        if isinstance(e, Mul):
            factors = [self.of(a, point) for a in e.args]
            return mpmath.mpf(0) if any(f == 0 for f in factors) else mpmath.fprod(factors)
        if isinstance(e, softmax):
            powers = self.of(Powers(e.vec), point)
            return powers[point[e.index] - 1] / powers[-1]
        if isinstance(e, Powers):
            powers = [mpmath.exp(x) for x in self.components(e.vec, point)]
            return [*powers, mpmath.fsum(powers)]
        if isinstance(e, Pow) and not isinstance(e, exp) and self.of(e.base, point) == 0:
            power = self.of(e.exp, point)
            if power < 0 and not self.exact:
                raise _Vanished
            return mpmath.inf if power < 0 else mpmath.mpf(power == 0)
        return super().of(e, point)


class Powers(Expr):
    """All exp(x[k]) of a softmax, and their sum: a key under which they are kept."""

    vec = property(lambda self: self.args[0])
