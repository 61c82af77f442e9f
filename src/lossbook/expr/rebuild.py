"""Rewriting one node while the rest of the line stays as written.

SymPy cancels and collects whenever it rebuilds a product or a sum. A derivation must show `p/p`
before it vanishes, so a product or a sum whose factors or terms would merge is left unevaluated
here. `tidy` merges them, as a step of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from sympy import Add, Expr, Mul, Pow, S, exp

Rewrite = Callable[[Expr], Expr | None]


def rewrite_outermost(expr: Expr, rewrite: Rewrite) -> Expr:
    """The expression after `rewrite` of each outermost node for which that does not return None."""
    result = rewrite(expr)
    if result is not None:
        return result
    if not expr.args:
        return expr
    args = [rewrite_outermost(a, rewrite) for a in expr.args]
    return (
        expr if all(a is b for a, b in zip(args, expr.args, strict=True)) else rebuild(expr, args)
    )


def rebuild(expr: Expr, args: list[Expr]) -> Expr:
    """The same node with other arguments, nothing merged."""
    if isinstance(expr, Mul):
        return product(*args)
    if isinstance(expr, Add):
        return total(*args)
    if isinstance(expr, Pow) and not isinstance(expr, exp):
        return Pow(*args, evaluate=False) if isinstance(args[0], (Mul, Pow)) else Pow(*args)
    return expr.func(*args)


def product(*factors: Expr) -> Expr:
    """The product; numbers are multiplied, other factors are not merged."""
    number, flat = S.One, []
    for f in factors:
        for part in f.args if isinstance(f, Mul) else (f,):
            if part.is_Rational:
                number *= part
            else:
                flat.append(part)
    if number == 0:
        return S.Zero
    parts = ([] if number == 1 else [number]) + flat
    if number == -1 and len(flat) == 1 and isinstance(flat[0], Add):
        return total(*(product(number, term) for term in flat[0].args))
    merged = undistributed(*parts)
    size = len(merged.args) if isinstance(merged, Mul) else 1
    if size == len(parts) or len(parts) < 2:
        return merged
    return Mul(*parts, evaluate=False)


def total(*terms: Expr) -> Expr:
    """The sum; numbers are added, other terms are not merged."""
    parts = [part for t in terms for part in (t.args if isinstance(t, Add) else (t,))]
    number = sum((q for q in parts if q.is_Rational), S.Zero)
    flat = ([] if number == 0 else [number]) + [q for q in parts if not q.is_Rational]
    merged = Add(*flat)
    size = len(merged.args) if isinstance(merged, Add) else 1
    if size == len(flat) or len(flat) < 2:
        return merged
    return Add(*flat, evaluate=False)


def tidy(expr: Expr) -> Expr:
    """The expression as SymPy builds it: equal factors cancelled, like terms collected."""
    if not expr.args:
        return expr
    args = [tidy(a) for a in expr.args]
    return undistributed(*args) if isinstance(expr, Mul) else expr.func(*args)


def undistributed(*factors: Expr) -> Expr:
    """The product, without multiplying a number into a sum, as SymPy does with 2(a - b)."""
    number = Mul(*(f for f in factors if f.is_Rational))
    rest = Mul(*(f for f in factors if not f.is_Rational))
    coefficient, rest = (
        (number, rest)
        if not isinstance(rest, Mul)
        else (number * rest.as_coeff_Mul()[0], rest.as_coeff_Mul()[1])
    )
    if isinstance(rest, Add) and coefficient not in (0, 1):
        return Mul(coefficient, rest, evaluate=False)
    return coefficient * rest


def substitute(expr: Expr, old: Expr, new: Expr) -> Expr:
    """The expression with `old` replaced by `new`, nothing merged."""
    return rewrite_outermost(expr, lambda e: new if e == old else None)
