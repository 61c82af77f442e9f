"""Finding the form of an expression that reads best: cancelled, factored, signs absorbed.

This decides how a line looks, never whether it is true: the prover judges the line afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sympy import Add, Dummy, Expr, Mul, Pow, S, exp, log, together
from sympy import cancel as sympy_cancel
from sympy import factor as sympy_factor
from sympy.core import random

from ..expr.nodes import Sum, Vec
from ..expr.rebuild import undistributed


def _atomised(expr: Expr) -> tuple[Expr, dict[Expr, Expr]]:
    """The expression with a plain symbol for each atom, as SymPy's polynomials need it.

    Powers such as (1-p)**(gamma-1) and (1-p)**gamma share one symbol.
    """
    names: dict[Expr, Expr] = {}
    lowest: dict[tuple[Expr, Expr], Expr] = {}

    def name(atom: Expr) -> Expr:
        if atom not in names:
            names[atom] = Dummy(f"a{len(names)}", positive=True)
        return names[atom]

    def parts(power: Expr) -> tuple[Expr, Expr]:
        integer = sum((t for t in Add.make_args(power) if t.is_Integer), S.Zero)
        return power - integer, integer

    def survey(e: Expr) -> None:
        if isinstance(e, Pow) and not isinstance(e, exp) and not e.exp.is_Integer:
            rest, integer = parts(e.exp)
            key = (e.base, rest)
            lowest[key] = min(lowest.get(key, integer), integer)
            survey(e.base)
        elif isinstance(e, (Add, Mul, Pow)) and not isinstance(e, exp):
            for a in e.args:
                survey(a)

    def visit(e: Expr) -> Expr:
        if e.is_Rational:
            return e
        if isinstance(e, (Add, Mul)):
            return e.func(*(visit(a) for a in e.args))
        if isinstance(e, Pow) and not isinstance(e, exp):
            if e.exp.is_Integer:
                return visit(e.base) ** e.exp
            rest, integer = parts(e.exp)
            least = lowest[e.base, rest]
            return name(Pow(e.base, rest + least)) * visit(e.base) ** (integer - least)
        return name(e)

    survey(expr)
    return visit(expr), {symbol: atom for atom, symbol in names.items()}


def cancel(expr: Expr) -> Expr:
    """The expression without common factors of numerator and denominator."""
    over_atoms, names = _atomised(expr)
    return sympy_cancel(over_atoms).xreplace(names)


def factored(expr: Expr) -> Expr:
    """The form of an expression that is shortest to read.

    Candidates are the expression itself, factored, factored over a common denominator, with a
    common factor taken out, and factored term by term. In each, signs are absorbed into brackets.
    Of equally long forms the first is taken.
    """
    with _same_random_points():
        return _factored(expr)


@contextmanager
def _same_random_points() -> Iterator[None]:
    """Let SymPy's factorisation draw the same random points every time, and restore its generator.

    It factors polynomials at random points, and needs one second for some and forty for others. Its
    public functions take no seed.
    """
    state = random.rng.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.rng.setstate(state)


def _factored(expr: Expr) -> Expr:
    expr = _inside_sums(expr)
    over_atoms, names = _atomised(expr)
    candidates = [over_atoms, sympy_factor(over_atoms), sympy_factor(together(over_atoms))]
    if isinstance(over_atoms, Add) and len(over_atoms.args) > 2:
        candidates.append(_common_factor(over_atoms))
    if isinstance(over_atoms, Add):
        candidates.append(Add(*(sympy_factor(term) for term in over_atoms.args)))
    forms = [_polished(e) for e in (expr, *(c.xreplace(names) for c in candidates))]
    return min(forms, key=_weight)


def _polished(e: Expr) -> Expr:
    if isinstance(e, Add):
        return Add(*(_polished(a) for a in e.args))
    return _absorb_sign(_merged(_absorb_sign(e)))


def _merged(e: Expr) -> Expr:
    """A product with one power for each base, such as (1 - p)**2 (1 - p)**(gamma - 1) as one power.

    SymPy keeps them apart where the base is a bracket.
    """
    if not e.args:
        return e
    if isinstance(e, (Add, Pow)):
        e = e.func(*(_merged(a) for a in e.args))
    if not isinstance(e, Mul):
        return e
    powers: dict[Expr, Expr] = {}
    for f in e.args:
        base, power = f.as_base_exp() if not isinstance(f, exp) else (f, S.One)
        powers[base] = powers.get(base, S.Zero) + power
    return undistributed(*(base**power for base, power in powers.items()))


def _common_factor(expr: Add) -> Expr:
    """The terms collected by powers of the symbol that shortens the expression most."""
    grouped = [
        expr.collect(s, sympy_factor) for s in sorted(expr.free_symbols, key=lambda s: s.name)
    ]
    return min([expr, *grouped], key=_leaves)


def _inside_sums(expr: Expr) -> Expr:
    if not expr.args or isinstance(expr, Vec):
        return expr
    if isinstance(expr, Sum):
        return Sum(expr.vec.map(_factored)) if expr.vec.base is None else expr
    args = [_inside_sums(a) for a in expr.args]
    return undistributed(*args) if isinstance(expr, Mul) else expr.func(*args)


def _weight(e: Expr) -> float:
    """The length of a form: its symbols and numbers, and half a symbol more for a sum."""
    return _leaves(e) + 0.5 * isinstance(e, Add)


def _leaves(e: Expr) -> int:
    if isinstance(e, (Add, Mul)):
        return sum(_leaves(a) for a in e.args if not (a == -1 and isinstance(e, Mul)))
    if isinstance(e, Pow) and not isinstance(e, exp):
        return _leaves(e.base) + (e.exp != -1) * _leaves(e.exp)
    if isinstance(e, (Sum, log)):
        return 1 + _leaves(e.vec.body if isinstance(e, Sum) else e.args[0])
    return 1


def _absorb_sign(e: Expr) -> Expr:
    """A product whose sign is moved into a bracket where that reads better: -(a - b) as (b - a).

    A bracket should have a positive number, or else mostly positive terms.
    """
    if not isinstance(e, Mul):
        return e
    sign, numbers, parts = S.One, S.One, []
    for f in e.args:
        if isinstance(f, Add) and _reads_negative(f):
            sign, f = -sign, -f
        if f.is_Rational:
            numbers *= f
        else:
            parts.append(f)
    if (numbers * sign).is_negative:
        free = [f for f in parts if isinstance(f, Add) and _number(f) == 0 and _negatives(f)]
        if free:
            most = max(free, key=lambda f: (_negatives(f) / len(f.args), str(f)))
            parts[parts.index(most)] = -most
            sign = -sign
    return undistributed(numbers * sign, *parts)


def _number(e: Add) -> Expr:
    return sum((t for t in e.args if t.is_Rational), S.Zero)


def _reads_negative(e: Add) -> bool:
    return _number(e).is_negative or (_number(e) == 0 and _negatives(e) * 2 > len(e.args))


def _negatives(e: Add) -> int:
    return sum(term.as_coeff_Mul()[0].is_negative for term in e.args)
