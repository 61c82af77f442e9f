"""The normal form of the zero test: an expression as a ratio of polynomials in atoms.

An atom is an exponential, a logarithm, a symbolic power, a sum over classes, a delta, a symbol or a
component. The arguments of atoms are brought into the same form, so that equal atoms look equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from sympy import (
    Add,
    Atom,
    Expr,
    Indexed,
    KroneckerDelta,
    Mul,
    Piecewise,
    Pow,
    Rational,
    S,
    Symbol,
    exp,
    log,
)

from ..expr.dispatch import entry_for
from ..expr.hypotheses import Hypothesis, OneHot
from ..expr.indices import index_ranges
from ..expr.nodes import Sum, Vec, bound_indices, nodes_of
from .definitions import Unsupported, carry_out, unfold
from .ratios import factors, finite, fraction, ratio


def normal_form(expr: Expr, given: tuple[Hypothesis, ...], distinct: frozenset) -> Expr:
    """A ratio of polynomials in atoms that equals `expr`, 0 only if `expr` is zero everywhere.

    distinct: pairs of indices that are known to differ. Raises `Unsupported` where there is no
    form.
    """
    expr = unfold(carry_out(unfold(expr)))
    normal = _Normal(expr, given, distinct)
    return ratio(normal.visit(expr))


class _Normal:
    """Rewrites the parts of one expression. It knows how far each of its indices runs."""

    def __init__(self, expr: Expr, given: tuple[Hypothesis, ...], distinct: frozenset):
        self.given = given
        self.distinct = distinct
        self.free = index_ranges(expr)
        for g in given:
            if isinstance(g, OneHot):
                self.free[g.index] = [g.vector.shape[0]]
        self.bound = {v.index: v.size for v in nodes_of(expr, Vec)}

    def runs_within(self, index: Expr, size: Expr) -> bool:
        """Whether an index is sure to be one of 1, ..., size.

        Only then does a delta pick out a term of the sum.
        """
        if index in self.bound:
            return self.bound[index] == size
        if size in self.free.get(index, ()):
            return len(self.free[index]) == 1
        if index.is_Integer and index >= 1:
            return index <= size if size.is_Integer else index == 1 and bool(size.is_positive)
        return False

    def visit(self, e: Expr) -> Expr:
        """An expression with the arguments of its atoms in normal form."""
        rule = entry_for(e, self.RULES)
        return e if rule is None else rule(self, e)

    # -- one method for each type of node ----------------------------------------------------------

    def _leaf(self, e):
        return e

    def _delta(self, e):
        return S.Zero if frozenset(e.args) in self.distinct else e

    def _exp(self, e):
        return self.exponential(ratio(self.visit(e.args[0])))

    def _add_or_multiply(self, e):
        return e.func(*(self.visit(a) for a in e.args))

    def _power(self, e):
        base, power = finite(self.visit(e.base)), ratio(self.visit(e.exp))
        return base**power if power.is_Integer else self.power(base, power)

    def _log(self, e):
        return self.logarithm(finite(self.visit(e.args[0])))

    def _vector(self, e):
        return e.map(lambda body: ratio(self.visit(body)))

    def _cases(self, e):
        return Piecewise(*((ratio(self.visit(value)), c) for value, c in e.args))

    def _other(self, e):
        return e.func(*(ratio(self.visit(a)) for a in e.args))

    # -- exponentials, powers, logarithms ----------------------------------------------------------

    def exponential(self, x: Expr) -> Expr:
        """exp(x): exp(c log(b)) as b**c, and the exponential of a sum as a product."""
        result = S.One
        for term in Add.make_args(x.expand()):
            coefficient, rest = term.as_coeff_Mul(rational=True)
            logs = [f for f in Mul.make_args(rest) if isinstance(f, log)]
            if len(logs) == 1:
                result *= self.power(logs[0].args[0], coefficient * rest / logs[0])
            elif coefficient.is_Rational:
                result *= exp(rest / coefficient.q) ** coefficient.p
            else:
                result *= exp(term)
        return result

    def power(self, base: Expr, power: Expr) -> Expr:
        """base**power for a power that is not an integer.

        It is split into the powers of those factors that are known to be positive.
        """
        result, rest = S.One, S.One
        for f, multiplicity in factors(base):
            if f == 1:
                continue
            if f.is_positive:
                result *= self.atomic_power(f, multiplicity * power)
            else:
                rest *= f**multiplicity
        if rest != 1:
            result *= self.atomic_power(ratio(rest), power)
        return result

    def atomic_power(self, base: Expr, power: Expr) -> Expr:
        """base**power for a base that is not split: a product, with one power for each term."""
        if isinstance(base, exp):
            return self.exponential(ratio(base.args[0] * power))
        if isinstance(base, Pow) and base.base.is_positive:
            base, power = base.base, base.exp * power
        result = S.One
        for term in Add.make_args(power.expand()):
            coefficient, rest = term.as_coeff_Mul(rational=True)
            if rest == 1 and coefficient.is_Integer:
                result *= base**coefficient
            elif coefficient.is_Rational:
                result *= Pow(base, rest / coefficient.q) ** coefficient.p
            else:
                result *= Pow(base, term)
        return result

    def logarithm(self, x: Expr) -> Expr:
        """log(x): the logarithms of the factors that are known to be positive, and of the rest."""
        result, rest = S.Zero, S.One
        for f, multiplicity in factors(x):
            if f == 1:
                continue
            if not f.is_positive:
                rest *= f**multiplicity
            elif isinstance(f, exp):
                result += multiplicity * f.args[0]
            elif isinstance(f, Pow):
                result += multiplicity * f.exp * self.logarithm(f.base)
            else:
                result += multiplicity * log(f)
        if rest == 1:
            return result
        argument, inverse = ratio(rest), ratio(1 / rest)
        # The signs of these factors are unknown, but log(x) = -log(1/x) for every x > 0: write the
        # one that prints first.
        return result + log(argument) if str(argument) <= str(inverse) else result - log(inverse)

    # -- sums --------------------------------------------------------------------------------------

    def _sum(self, e: Sum) -> Expr:
        """Contract the deltas, pull out what does not depend on the index, apply the axioms."""
        k, size = e.vec.index, e.vec.size
        body = e.vec.body
        result = S.Zero
        while (delta := _delta_of(body, k)) is not None:
            # body = delta * body(delta=1) + (1 - delta) * body(delta=0), wherever the delta stands
            other = next(a for a in delta.args if a != k)
            if not self.runs_within(other, size):
                raise Unsupported(f"{other} may be outside 1, ..., {size}")
            without = body.xreplace({delta: S.Zero})
            result += body.xreplace({k: other}) - without.xreplace({k: other})
            body = without
        return self.visit(result) + self.sum_of_terms(self.visit(body), k, size)

    def sum_of_terms(self, body: Expr, k: Symbol, size: Expr) -> Expr:
        """The sum of a body without deltas, monomial by monomial."""
        if (delta := _delta_of(body, k)) is not None:
            raise Unsupported(f"the delta {delta} under a sum")
        value, back = fraction(body)
        if value == 0:
            return S.Zero
        free, bound = S.One, value.denom.ring.one
        content, parts = value.denom.factor_list()
        free /= Rational(content.numerator, content.denominator)
        for part, multiplicity in parts:
            f = part.as_expr().xreplace(back)
            if f.has(k):
                bound *= part**multiplicity
            else:
                free /= f**multiplicity
        quotient, remainder = value.numer.div(bound)
        result = S.Zero
        for poly, denominator in ((quotient, S.One), (remainder, bound.as_expr().xreplace(back))):
            for term in poly.terms():
                result += self.sum_of_monomial(
                    self.monomial(term, poly, back), denominator, k, size
                )
        return free * result

    @staticmethod
    def monomial(term, poly, back) -> Expr:
        """A term of a polynomial as an expression."""
        powers, coefficient = term
        generators = [g.as_expr().xreplace(back) for g in poly.ring.gens]
        return Rational(coefficient.numerator, coefficient.denominator) * Mul(
            *(g**n for g, n in zip(generators, powers, strict=True))
        )

    def sum_of_monomial(self, monomial: Expr, denominator: Expr, k: Symbol, size: Expr) -> Expr:
        """The sum of one monomial over a denominator, by an axiom where one is about it."""
        outside, inside = monomial.as_independent(k, as_Add=False)
        inside = inside / denominator
        if inside == 1:
            return outside * size
        vec = Vec(inside, k, size)
        for assumption in self.given:
            known = assumption.sum_of(vec)
            if known is not None:
                return outside * known
        if isinstance(inside, Sum) or inside.has(Sum):
            inside = _ordered(inside, k, size)
            return outside * inside
        return outside * Sum(vec)

    RULES: ClassVar[Mapping[type, Callable]] = {
        Atom: _leaf,
        Indexed: _leaf,
        KroneckerDelta: _delta,
        exp: _exp,
        Add: _add_or_multiply,
        Mul: _add_or_multiply,
        Pow: _power,
        log: _log,
        Sum: _sum,
        Vec: _vector,
        Piecewise: _cases,
        Expr: _other,
    }


def _ordered(inside: Expr, k: Symbol, size: Expr) -> Expr:
    """A sum of sums, in that of the two orders of summation which prints first."""
    here = Sum(Vec(inside, k, size))
    if not isinstance(inside, Sum) or k in inside.vec.size.free_symbols:
        return here
    inner = inside.vec
    swapped = Sum(Vec(Sum(Vec(inner.body, k, size)), inner.index, inner.size))
    return min(here, swapped, key=str)


def _delta_of(body: Expr, k: Symbol) -> KroneckerDelta | None:
    inner = bound_indices(body)
    found = [d for d in body.atoms(KroneckerDelta) if k in d.args and not d.free_symbols & inner]
    return min(found, key=lambda d: (str(d), d.sort_key()), default=None)
