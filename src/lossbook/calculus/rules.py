"""The elementary rules of a derivation, one named object each.

A rule rewrites a line; the prover judges the new line, so a wrong rule cannot give a wrong
derivation. Rules about named functions such as softmax are in `theorems.py`, where they are derived
with the rules of this file before they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sympy import (
    Add,
    Expr,
    Function,
    Indexed,
    KroneckerDelta,
    Mul,
    Piecewise,
    Pow,
    S,
    Symbol,
    exp,
    log,
)
from sympy import Max as PairMax
from sympy import Min as PairMin
from sympy.core.function import AppliedUndef

from ..expr.hypotheses import Hypothesis
from ..expr.nodes import Diff, Sum, Vec, sigmoid, softmax, softplus
from ..expr.rebuild import product, rewrite_outermost, tidy, total
from ..expr.variables import coordinate, depends_on, switches_at_points
from .factor import factored


@dataclass(frozen=True)
class Rule:
    """One named rewriting of a line.

    Attributes:
        name: What the rule is called in a derivation.
        rewrite: A function of a node and the hypotheses. It returns the new node, or None where the
            rule does not apply.
        whole_line: Whether `rewrite` is given the line as a whole, once, and not each of its nodes.
    """

    name: str
    rewrite: Callable[[Expr, tuple[Hypothesis, ...]], Expr | None]
    whole_line: bool = False

    def apply(self, expr: Expr, given: Iterable[Hypothesis] = ()) -> Expr | None:
        """Apply the rule wherever it applies.

        Args:
            expr: The line.
            given: The hypotheses that the rule may use.

        Returns:
            The new line, or None if the rule applies nowhere.
        """
        given = tuple(given)
        if self.whole_line:
            result = self.rewrite(expr, given)
            return None if result == expr else result
        result, previous = expr, None
        while previous is not result:
            previous = result
            result = rewrite_outermost(previous, lambda e: self.rewrite(e, given))
            if result == previous:
                break
        return None if result is expr else result


def _on_derivative(rewrite: Callable[[Expr, Expr], Expr | None]):
    """A rewriting of `Diff(body, by)` given as a function of body and by."""

    def on_node(node: Expr, given: tuple[Hypothesis, ...]) -> Expr | None:
        return rewrite(node.expr, node.by) if isinstance(node, Diff) else None

    return on_node


# -- differentiation -------------------------------------------------------------------------------


def _linearity(e: Expr, by: Expr) -> Expr | None:
    if not depends_on(e, by):
        return S.Zero
    if isinstance(e, Add):
        return total(*(Diff(a, by) for a in e.args if depends_on(a, by)))
    if isinstance(e, Mul):
        constant = [f for f in e.args if not depends_on(f, by)]
        varying = [f for f in e.args if depends_on(f, by)]
        return (
            product(*constant, Diff(Mul(*varying, evaluate=len(varying) < 2), by))
            if constant
            else None
        )
    if isinstance(e, Sum):
        return Sum(e.vec.map(lambda body: Diff(body, by)))
    if isinstance(e, Piecewise) and not switches_at_points(e, by):
        return Piecewise(*((Diff(value, by), c) for value, c in e.args))
    return None


def _largest(e: Expr, by: Expr) -> Expr | None:
    if not isinstance(e, (PairMax, PairMin)):
        return None
    first, rest = e.args[0], e.func(*e.args[1:])
    if first.is_number:  # let the condition be about the argument that varies
        first, rest = rest, first
    cases = (first, rest) if isinstance(e, PairMax) else (rest, first)
    return Piecewise((Diff(cases[0], by), first >= rest), (Diff(cases[1], by), True))


def _split(e: Expr) -> tuple[Expr, Expr]:
    above = [f for f in Mul.make_args(e) if not _reciprocal(f)]
    below = [Pow(f.base, -f.exp) for f in Mul.make_args(e) if _reciprocal(f)]
    return Mul(*above), Mul(*below)


def _reciprocal(f: Expr) -> bool:
    return isinstance(f, Pow) and not isinstance(f, exp) and f.exp.is_Integer and f.exp.is_negative


def _quotient(e: Expr, by: Expr) -> Expr | None:
    if not isinstance(e, Mul):
        return None
    above, below = _split(e)
    if not (depends_on(above, by) and depends_on(below, by)):
        return None
    return product(
        total(product(Diff(above, by), below), product(S.NegativeOne, above, Diff(below, by))),
        Pow(below, -2),
    )


def _product(e: Expr, by: Expr) -> Expr | None:
    if not isinstance(e, Mul) or any(_reciprocal(f) and depends_on(f, by) for f in e.args):
        return None
    if sum(depends_on(f, by) for f in e.args) < 2:
        return None
    terms = []
    for n, f in enumerate(e.args):
        if depends_on(f, by):
            terms.append(product(*e.args[:n], *e.args[n + 1 :], Diff(f, by)))
    return total(*terms)


def _power(e: Expr, by: Expr) -> Expr | None:
    if not isinstance(e, Pow) or isinstance(e, exp) or depends_on(e.exp, by):
        return None
    return product(e.exp, Pow(e.base, e.exp - 1), Diff(e.base, by))


def _exponential(e: Expr, by: Expr) -> Expr | None:
    if isinstance(e, exp):
        return product(e, Diff(e.args[0], by))
    if isinstance(e, Pow) and depends_on(e.exp, by) and not depends_on(e.base, by):
        return product(e, log(e.base), Diff(e.exp, by))
    return None


def _variable_power(e: Expr, by: Expr) -> Expr | None:
    if isinstance(e, Pow) and depends_on(e.exp, by) and depends_on(e.base, by):
        return Diff(exp(product(e.exp, log(e.base)), evaluate=False), by)
    return None


def _logarithm(e: Expr, by: Expr) -> Expr | None:
    return product(1 / e.args[0], Diff(e.args[0], by)) if isinstance(e, log) else None


# These have derivative rules or theorems of their own; an undefined function has no derivative.
_WITH_OWN_RULE = (exp, log, sigmoid, softplus, Piecewise, KroneckerDelta, AppliedUndef)


def _chain(e: Expr, by: Expr) -> Expr | None:
    if not isinstance(e, Function) or isinstance(e, _WITH_OWN_RULE):
        return None
    return total(
        *(product(e.fdiff(n), Diff(a, by)) for n, a in enumerate(e.args, 1) if depends_on(a, by))
    )


def _coordinate(e: Expr, by: Expr) -> Expr | None:
    return coordinate(e, by) if isinstance(e, (Symbol, Indexed)) else None


LINEARITY = Rule("linearity", _on_derivative(_linearity))
QUOTIENT = Rule("quotient rule", _on_derivative(_quotient))
PRODUCT = Rule("product rule", _on_derivative(_product))
POWER = Rule("power rule, chain rule", _on_derivative(_power))
EXPONENTIAL = Rule("derivative of exp, chain rule", _on_derivative(_exponential))
VARIABLE_POWER = Rule("power as exp of log", _on_derivative(_variable_power))
LOGARITHM = Rule("derivative of log, chain rule", _on_derivative(_logarithm))
CHAIN = Rule("chain rule", _on_derivative(_chain))
LARGEST = Rule("maximum by cases", _on_derivative(_largest))
COORDINATE = Rule("coordinate derivative", _on_derivative(_coordinate))


# -- sums and deltas -------------------------------------------------------------------------------


def _distribute(e: Expr, given: tuple[Hypothesis, ...]) -> Expr | None:
    """Split the sum of a bracket, or multiply out a bracket under the sum and split that.

    This is done where the sum of some term is then known; see `_closes`.
    """
    if not isinstance(e, Sum):
        return None
    k, body, size = e.vec.index, e.vec.body, e.vec.size
    if isinstance(body, Add):
        if not any(_closes(term, k, size, given) for term in body.args):
            return None
        return total(*(_summed(term, k, e.vec.size) for term in body.args))
    factors = Mul.make_args(body)
    for n, f in enumerate(factors):
        if (
            isinstance(f, Add)
            and f.has(k)
            and _worth_splitting(f, factors[:n] + factors[n + 1 :], e.vec, given)
        ):
            rest = factors[:n] + factors[n + 1 :]
            return total(*(_summed(product(*rest, term), k, e.vec.size) for term in f.args))
    return None


def _summed(term: Expr, k: Symbol, size: Expr) -> Expr:
    number = Mul(*(f for f in Mul.make_args(term) if f.is_Rational))
    return product(
        number, Sum(Vec(product(*(f for f in Mul.make_args(term) if not f.is_Rational)), k, size))
    )


def _worth_splitting(bracket: Add, rest: tuple[Expr, ...], vec: Vec, given) -> bool:
    k, size = vec.index, vec.size
    if any(isinstance(f, KroneckerDelta) and k in f.args for f in rest):
        return False  # contracting the delta comes first
    if any(k in d.args for d in bracket.atoms(KroneckerDelta)):
        return True
    return all(_closes(Mul(*rest, term), k, size, given) for term in bracket.args)


def _closes(term: Expr, k: Symbol, size: Expr, given: tuple[Hypothesis, ...]) -> bool:
    """Whether the sum of a term over k is known, by a delta, an axiom or the absence of k."""
    inside = term.as_independent(k, as_Add=False)[1]
    if any(isinstance(f, KroneckerDelta) and k in f.args for f in Mul.make_args(inside)):
        return True
    return inside == 1 or _known_sum(Vec(inside, k, size), given) is not None


def _contract(e: Expr, given: tuple[Hypothesis, ...]) -> Expr | None:
    if not isinstance(e, Sum):
        return None
    k = e.vec.index
    for delta in Mul.make_args(e.vec.body):
        if isinstance(delta, KroneckerDelta) and k in delta.args:
            other = next(a for a in delta.args if a != k)
            rest = product(*(f for f in Mul.make_args(e.vec.body) if f is not delta))
            return rest.xreplace({k: other})
    return None


def _pull_out(e: Expr, given: tuple[Hypothesis, ...]) -> Expr | None:
    if not isinstance(e, Sum):
        return None
    k = e.vec.index
    factors = Mul.make_args(e.vec.body)
    outside = [f for f in factors if not f.has(k)]
    inside = [f for f in factors if f.has(k)]
    if not outside:
        return None
    return product(*outside, Sum(Vec(product(*inside), k, e.vec.size)) if inside else e.vec.size)


def _known_sum(vec: Vec, given: tuple[Hypothesis, ...]) -> Expr | None:
    complete = (
        isinstance(vec.body, softmax)
        and vec.body.index == vec.index
        and vec.size == vec.body.vec.size
    )
    if complete and not vec.body.vec.has(vec.index):
        return S.One
    return next((known for g in given if (known := g.sum_of(vec)) is not None), None)


def _normalise(e: Expr, given: tuple[Hypothesis, ...]) -> Expr | None:
    return _known_sum(e.vec, given) if isinstance(e, Sum) else None


TIDY = Rule("cancel and collect", lambda line, given: tidy(line), whole_line=True)
DISTRIBUTE = Rule("distribute the sum", _distribute)
CONTRACT = Rule("contract the delta", _contract)
PULL_OUT = Rule("pull out of the sum", _pull_out)
NORMALISE = Rule("probabilities sum to 1", _normalise)
FACTOR = Rule("factor", lambda line, given: factored(line), whole_line=True)

ELEMENTARY = (
    LINEARITY,
    QUOTIENT,
    PRODUCT,
    POWER,
    VARIABLE_POWER,
    EXPONENTIAL,
    LOGARITHM,
    LARGEST,
    CHAIN,
    COORDINATE,
)
SIMPLIFICATION = (TIDY, CONTRACT, DISTRIBUTE, PULL_OUT, NORMALISE)
