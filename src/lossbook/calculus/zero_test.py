"""The zero test: is an expression identically zero, for every number of classes?

An expression is unfolded to exponentials, logarithms and sums, differentiated by the table below, and written as a
rational function of atoms (an exponential, a logarithm, a symbolic power, a sum over classes, ...). If that rational
function is zero as a polynomial in the atoms, the expression is zero wherever it is defined: the test never needs the
atoms to be independent, so it can miss a true identity but cannot prove a false one. The rules that write a
derivation (`rules.py`) are not used here: this is the second, independent path that judges them.
"""

from __future__ import annotations

from collections.abc import Iterable

from sympy import (
    Abs,
    Add,
    Expr,
    Indexed,
    KroneckerDelta,
    Mul,
    Not,
    Piecewise,
    Pow,
    Rational,
    S,
    Symbol,
    cosh,
    exp,
    log,
    sign,
    sinh,
    tanh,
)
from sympy import Max as PairMax
from sympy import Min as PairMin
from sympy.polys.domains import QQ
from sympy.polys.fields import field

from ..expr.hypotheses import Hypothesis, OneHot
from ..expr.nodes import (
    Diff,
    Max,
    Sum,
    Vec,
    bound_indices,
    coordinate,
    depends_on,
    index_ranges,
    nodes_of,
    switches_at_points,
)

EXPANDABLE_SIZE = (
    12  # a sum over more classes than this stays a sum: written out it would be unreadable and slow
)


class Unsupported(Exception):
    """The zero test has no answer here; the numeric check decides alone."""


def is_zero(expr: Expr, given: Iterable[Hypothesis] = ()) -> bool:
    """True only if `expr` is zero for all sizes, indices and values allowed by `given`. False means not proved."""
    try:
        return _is_zero(expr, tuple(given), frozenset())
    except (Unsupported, RecursionError):
        return False


def _is_zero(expr: Expr, given: tuple[Hypothesis, ...], distinct: frozenset) -> bool:
    expr = _carry_out(unfold(expr))  # first: a hypothesis holds at a point, not along a derivative
    for assumption in given:
        expr = assumption.apply(expr)
    value = _Normal(given, distinct).of(expr)
    if value == 0:
        return True
    delta = _first(value, KroneckerDelta)
    if delta is not None:  # both cases: the two indices agree, or they do not
        a, b = delta.args
        if not isinstance(b, Symbol):
            a, b = b, a
        return _is_zero(expr.xreplace({b: a}), given, _renamed(distinct, b, a)) and _is_zero(
            expr, given, distinct | {frozenset((a, b))}
        )
    piecewise = _first(value, Piecewise)
    if piecewise is not None:
        condition = next(c for _, c in piecewise.args if c is not S.true)
        return all(
            _is_zero(_decide(value, condition, truth), given, distinct)
            for truth in (S.true, S.false)
        )
    return False


def _first(expr: Expr, kind):
    """The first free node of a kind, in a fixed order. What mentions a bound index cannot be split into cases."""
    bound = bound_indices(expr)
    found = [a for a in nodes_of(expr, kind) if not a.free_symbols & bound]
    return min(found, key=str, default=None)


def _renamed(distinct: frozenset, old, new) -> frozenset:
    return frozenset(frozenset(new if s == old else s for s in pair) for pair in distinct)


def _decide(expr: Expr, condition, truth) -> Expr:
    opposite = {condition: truth, Not(condition): S.true if truth is S.false else S.false}

    def decide(e):
        branches = []
        for value, c in e.args:
            c = c.xreplace(opposite)
            if c is not S.false:
                branches.append((value, c))
            if c is S.true:
                break
        return Piecewise(*branches) if branches else S.NaN

    return expr.replace(
        lambda e: isinstance(e, Piecewise) and any(c in opposite for _, c in e.args), decide
    )


def unfold(expr: Expr) -> Expr:
    """Every named function written out in exponentials, logarithms, sums and cases."""

    def definition(e):
        if hasattr(e, "unfold"):
            return unfold_small(e)
        if isinstance(e, (tanh, sinh, cosh)):
            return e.rewrite(exp)
        x = e.args[0]
        if isinstance(e, Abs):
            return Piecewise((x, x >= 0), (-x, True)) if x.is_real else e
        if isinstance(e, sign):
            return Piecewise((1, x > 0), (-1, x < 0), (0, True)) if x.is_real else e
        first, rest = e.args[0], e.func(*e.args[1:])
        if first.is_number:  # so that max(x, 0) and |x| split on the same condition
            first, rest = rest, first
        return (
            Piecewise((first, first >= rest), (rest, True))
            if isinstance(e, PairMax)
            else _smaller(first, rest)
        )

    def unfold_small(e):
        return (
            e
            if isinstance(e, Sum) and e.vec.size.is_Integer and e.vec.size > EXPANDABLE_SIZE
            else e.unfold()
        )

    def unfoldable(e):
        return hasattr(e, "unfold") or isinstance(
            e, (tanh, sinh, cosh, Abs, sign, PairMax, PairMin)
        )

    previous = None
    while previous != expr:
        previous = expr
        expr = expr.replace(unfoldable, definition)
    return expr


def _smaller(first: Expr, rest: Expr) -> Expr:
    return Piecewise((rest, first >= rest), (first, True))


def differentiate(e: Expr, by: Expr) -> Expr:
    """The derivative, all at once, by the table of calculus."""
    if not depends_on(e, by):
        return S.Zero
    if isinstance(e, (Indexed, Symbol)):
        return coordinate(e, by)
    if isinstance(e, Add):
        return Add(*(differentiate(a, by) for a in e.args))
    if isinstance(e, Mul):
        return Add(
            *(
                Mul(*e.args[:n], differentiate(a, by), *e.args[n + 1 :])
                for n, a in enumerate(e.args)
            )
        )
    if isinstance(e, exp):
        return e * differentiate(e.args[0], by)
    if isinstance(e, Pow):
        base, power = e.args
        return power * base ** (power - 1) * differentiate(base, by) + e * log(
            base
        ) * differentiate(power, by)
    if isinstance(e, Sum):
        return Sum(e.vec.map(lambda body: differentiate(body, by)))
    if isinstance(e, Diff):
        return differentiate(differentiate(e.expr, e.by), by)
    if isinstance(e, Piecewise):
        if switches_at_points(e, by):
            raise Unsupported(f"the derivative of {e}, which has a value of its own at a point")
        return Piecewise(*((differentiate(value, by), c) for value, c in e.args))
    if isinstance(e, Max):
        raise Unsupported(f"the derivative of {e}")
    if getattr(e, "is_Function", False) and hasattr(e, "fdiff"):
        return Add(*(e.fdiff(n) * differentiate(a, by) for n, a in enumerate(e.args, 1)))
    raise Unsupported(f"the derivative of {type(e).__name__}")


class _Normal:
    """Rewrites an expression into a ratio of polynomials in atoms, atoms included."""

    def __init__(self, given: tuple[Hypothesis, ...], distinct: frozenset):
        self.given = given
        self.distinct = distinct

    def of(self, e: Expr) -> Expr:
        e = unfold(_carry_out(unfold(e)))
        self.free = index_ranges(e)
        for g in self.given:
            if isinstance(g, OneHot):
                self.free[g.index] = [g.vector.shape[0]]
        self.bound = {v.index: v.size for v in nodes_of(e, Vec)}
        return self.ratio(self.visit(e))

    def runs_within(self, index: Expr, size: Expr) -> bool:
        """Whether an index is sure to be one of 1, ..., size: only then does a delta pick out a term of the sum."""
        if index in self.bound:
            return self.bound[index] == size
        if size in self.free.get(index, ()):
            return len(self.free[index]) == 1
        if index.is_Integer and index >= 1:
            return index <= size if size.is_Integer else index == 1 and bool(size.is_positive)
        return False

    def visit(self, e: Expr) -> Expr:
        if e.is_Atom or isinstance(e, Indexed):
            return e
        if isinstance(e, KroneckerDelta):
            return S.Zero if frozenset(e.args) in self.distinct else e
        if isinstance(e, exp):
            return self.exponential(self.ratio(self.visit(e.args[0])))
        if isinstance(e, (Add, Mul)):
            return e.func(*(self.visit(a) for a in e.args))
        if isinstance(e, Pow):
            base, power = _finite(self.visit(e.base)), self.ratio(self.visit(e.exp))
            return base**power if power.is_Integer else self.power(base, power)
        if isinstance(e, log):
            return self.logarithm(_finite(self.visit(e.args[0])))
        if isinstance(e, Sum):
            return self.sum(e)
        if isinstance(e, Vec):
            return e.map(lambda body: self.ratio(self.visit(body)))
        if isinstance(e, Piecewise):
            return Piecewise(*((self.ratio(self.visit(value)), c) for value, c in e.args))
        return e.func(*(self.ratio(self.visit(a)) for a in e.args))

    # -- rational functions of atoms ---------------------------------------------------------------------------

    def fraction(self, e: Expr):
        """Numerator and denominator in a polynomial ring over the atoms, and the atom behind each generator."""
        atoms = sorted(_atoms(_finite(e)), key=lambda a: (str(a), a.sort_key()))
        # SymPy's fields refuse having no generator
        names = [f"g{n}" for n in range(len(atoms))] or ["g0"]
        domain = field(names, QQ)[0]
        generator = dict(zip(atoms, domain.gens, strict=False))
        try:
            value = _in_field(e, domain, generator)
        except ZeroDivisionError:
            raise Unsupported("division by an expression that is identically zero") from None
        back = dict(zip((g.as_expr() for g in domain.ring.gens), atoms, strict=False))
        return value, back

    def ratio(self, e: Expr) -> Expr:
        value, back = self.fraction(e)
        return (value.numer.as_expr() / value.denom.as_expr()).xreplace(back)

    def factors(self, e: Expr) -> list[tuple[Expr, int]]:
        """`e` as a product of powers of irreducible polynomials, a rational constant first."""
        value, back = self.fraction(e)
        if value == 0:
            return [(S.Zero, 1)]
        result: list[tuple[Expr, int]] = []
        constant = S.One
        for poly, direction in ((value.numer, 1), (value.denom, -1)):
            content, parts = poly.factor_list()
            constant *= Rational(content.numerator, content.denominator) ** direction
            for part, multiplicity in parts:
                f = part.as_expr().xreplace(back)
                if part.LC < 0 or (not f.is_positive and (-f).is_positive):
                    f, constant = -f, constant * (-1) ** (multiplicity % 2)
                result.append((f, direction * multiplicity))
        return [(constant, 1), *result]

    # -- exponentials, powers, logarithms ------------------------------------------------------------------------

    def exponential(self, x: Expr) -> Expr:
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
        """base**power for a power that is not an integer: split where the factors are known to be positive."""
        result, rest = S.One, S.One
        for f, multiplicity in self.factors(base):
            if f == 1:
                continue
            if f.is_positive:
                result *= self.atomic_power(f, multiplicity * power)
            else:
                rest *= f**multiplicity
        if rest != 1:
            result *= self.atomic_power(self.ratio(rest), power)
        return result

    def atomic_power(self, base: Expr, power: Expr) -> Expr:
        if isinstance(base, exp):
            return self.exponential(self.ratio(base.args[0] * power))
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
        result, rest = S.Zero, S.One
        for f, multiplicity in self.factors(x):
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
        argument, inverse = self.ratio(rest), self.ratio(1 / rest)
        # of unknown sign, but log x = -log(1/x) whatever x > 0 is made of: one of the two is written
        return result + log(argument) if str(argument) <= str(inverse) else result - log(inverse)

    # -- sums ----------------------------------------------------------------------------------------------------

    def sum(self, e: Sum) -> Expr:
        """Contract the deltas, pull out what does not depend on the index, apply the axioms."""
        k, size = e.vec.index, e.vec.size
        body = e.vec.body
        result = S.Zero
        while (delta := _delta_of(body, k)) is not None:
            # body = delta*body(delta=1) + (1 - delta)*body(delta=0), wherever in the body the delta stands
            other = next(a for a in delta.args if a != k)
            if not self.runs_within(other, size):
                raise Unsupported(f"{other} may be outside 1, ..., {size}")
            without = body.xreplace({delta: S.Zero})
            result += body.xreplace({k: other}) - without.xreplace({k: other})
            body = without
        return self.visit(result) + self.sum_of_terms(self.visit(body), k, size)

    def sum_of_terms(self, body: Expr, k: Symbol, size: Expr) -> Expr:
        if (delta := _delta_of(body, k)) is not None:
            raise Unsupported(f"the delta {delta} under a sum")
        value, back = self.fraction(body)
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

    def monomial(self, term, poly, back) -> Expr:
        powers, coefficient = term
        generators = [g.as_expr().xreplace(back) for g in poly.ring.gens]
        return Rational(coefficient.numerator, coefficient.denominator) * Mul(
            *(g**n for g, n in zip(generators, powers, strict=True))
        )

    def sum_of_monomial(self, monomial: Expr, denominator: Expr, k: Symbol, size: Expr) -> Expr:
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


def _ordered(inside: Expr, k: Symbol, size: Expr) -> Expr:
    """Nested sums commute: of the two orders keep the one that prints first."""
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


def _finite(e: Expr) -> Expr:
    """The expression, if nothing in it is infinite or undefined: SymPy would turn 1/zoo into 0 and go on."""
    if e.has(S.ComplexInfinity, S.NaN, S.Infinity, S.NegativeInfinity):
        raise Unsupported(f"{e} is not finite")
    return e


def _carry_out(e: Expr) -> Expr:
    """Every derivative carried out, innermost first."""
    if not e.has(Diff):
        return e
    args = [_carry_out(a) for a in e.args]
    return differentiate(*args) if isinstance(e, Diff) else e.func(*args)


def _atoms(e: Expr) -> set[Expr]:
    if e.is_Rational:
        return set()
    if isinstance(e, (Add, Mul)):
        return set().union(*(_atoms(a) for a in e.args))
    if isinstance(e, Pow) and not isinstance(e, exp) and e.exp.is_Integer:
        return _atoms(e.base)
    base, _ = _integer_power(e)
    return {base}


def _integer_power(e: Expr) -> tuple[Expr, int]:
    """Split exp(3x) into (exp(x), 3) and b**(-2g) into (b**g, -2): SymPy merges such powers on its own."""
    if isinstance(e, exp):
        coefficient, rest = e.args[0].as_coeff_Mul(rational=True)
        if coefficient.is_Rational and coefficient.p not in (0, 1) and rest != 1:
            return exp(rest / coefficient.q), coefficient.p
    elif isinstance(e, Pow):
        coefficient, rest = e.exp.as_coeff_Mul(rational=True)
        if coefficient.is_Rational and coefficient.p not in (0, 1):
            return Pow(e.base, rest / coefficient.q), coefficient.p
    return e, 1


def _in_field(e: Expr, domain, generator):
    if e.is_Rational:
        return domain(QQ(int(e.p), int(e.q)))
    if isinstance(e, Add):
        total = domain.zero
        for a in e.args:
            total += _in_field(a, domain, generator)
        return total
    if isinstance(e, Mul):
        product = domain.one
        for a in e.args:
            product *= _in_field(a, domain, generator)
        return product
    if isinstance(e, Pow) and not isinstance(e, exp) and e.exp.is_Integer:
        return _in_field(e.base, domain, generator) ** int(e.exp)
    base, n = _integer_power(e)
    return generator[base] ** n
