"""Rational functions over atoms: SymPy's polynomial fields, with any expression as a generator."""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, Mul, Pow, Rational, S, exp
from sympy.polys.domains import QQ
from sympy.polys.fields import field

from .definitions import Unsupported


def fraction(e: Expr) -> tuple[Any, dict[Expr, Expr]]:
    """An expression as an element of the field of rational functions over its atoms.

    Returns that element and, for each generator of the field, the atom it stands for.
    """
    atoms = sorted(_atoms(finite(e)), key=lambda a: (str(a), a.sort_key()))
    # A field of SymPy needs at least one generator.
    names = [f"g{n}" for n in range(len(atoms))] or ["g0"]
    domain = field(names, QQ)[0]
    generator = dict(zip(atoms, domain.gens, strict=False))
    try:
        value = _in_field(e, domain, generator)
    except ZeroDivisionError:
        raise Unsupported("division by an expression that is identically zero") from None
    back = dict(zip((g.as_expr() for g in domain.ring.gens), atoms, strict=False))
    return value, back


def ratio(e: Expr) -> Expr:
    """An expression as one fraction, numerator and denominator multiplied out."""
    value, back = fraction(e)
    return (value.numer.as_expr() / value.denom.as_expr()).xreplace(back)


def factors(e: Expr) -> list[tuple[Expr, int]]:
    """`e` as a product of powers of irreducible polynomials, a rational constant first."""
    value, back = fraction(e)
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


def finite(e: Expr) -> Expr:
    """The expression, if nothing in it is infinite or undefined. SymPy would turn 1/zoo into 0."""
    if e.has(S.ComplexInfinity, S.NaN, S.Infinity, S.NegativeInfinity):
        raise Unsupported(f"{e} is not finite")
    return e


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
    """Split exp(3x) into (exp(x), 3) and b**(-2g) into (b**g, -2).

    Without this, powers that SymPy has merged would count as different atoms.
    """
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
