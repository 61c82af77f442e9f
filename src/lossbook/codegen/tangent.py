"""The Hessian times a vector, for a gradient that is a polynomial in the probabilities.

Where a probability tends to 1, the factors of such a gradient tend to 0, and so do their
derivatives. By the product rule alone the result stays small; if it is multiplied out, its terms
cancel.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sympy import Add, Expr, Indexed, IndexedBase, Mul, Symbol

from ..calculus.derive import derivative
from ..calculus.prove import prove_equal
from ..expr.hypotheses import Hypothesis
from ..expr.nodes import Diff, Sum, Vec, bound_index, sigmoid, softmax
from ..numerics.nodes import Component, plain


def hessian_along(
    gradient: Expr, by: Indexed, vector: IndexedBase, given: tuple[Hypothesis, ...]
) -> Expr | None:
    """The derivative along `vector` of a gradient that is free in the index of `by`, proved.

    The tangent of the probabilities, p[k] (v[k] - Σ p v), stays a vector of its own. Returns None
    for another kind of gradient.
    """
    vectors = {e.vec for e in gradient.atoms(softmax)}
    if len(vectors) != 1 or not _is_polynomial(gradient):
        return None
    size, n = by.base.shape[0], bound_index()
    probs, change = (IndexedBase(name, shape=(size,), real=True) for name in ("probs", "change"))
    in_probs = gradient.replace(lambda e: isinstance(e, softmax), lambda e: probs[e.index])
    if not derivative(Diff(in_probs, probs[n])).has(probs):  # linear: there is only one factor
        return None
    factors = Mul.make_args(in_probs)
    derivatives = [derivative(Sum(Vec(Diff(f, probs[n]) * change[n], n, size))) for f in factors]
    total = _product_rule(factors, derivatives)
    p = partial(softmax, next(iter(vectors)))
    tangent = Vec(p(n) * (vector[n] - Sum(Vec(p(n) * vector[n], n, size))), n, size)
    meaning = {probs: p, change: partial(Component, tangent)}
    result = total.replace(
        lambda e: isinstance(e, Indexed) and e.base in meaning,
        lambda e: meaning[e.base](e.indices[0]),
    )
    index = by.indices[0]
    prove_equal(
        Diff(Sum(Vec(gradient * vector[index], index, size)), by), plain(result), given=given
    )
    return result


def derivative_by_factors(
    gradient: Expr, by: Symbol, tangent: Symbol, given: tuple[Hypothesis, ...]
) -> Expr | None:
    """The same for a loss of single outputs, whose gradient is a product with several sigmoids.

    Returns None for another kind of gradient.
    """
    factors = Mul.make_args(gradient)
    if not _is_polynomial(gradient) or sum(f.has(sigmoid) for f in factors) < 2:
        return None
    derivatives = [derivative(Diff(f, by), given) for f in factors]
    total = _product_rule(factors, derivatives)
    prove_equal(Diff(gradient, by), total, given=given)
    return total * tangent


def _product_rule(factors: Sequence[Expr], derivatives: Sequence[Expr]) -> Expr:
    """The derivative of a product, by its factors and their derivatives."""
    return Add(*(Mul(*factors[:n], d, *factors[n + 1 :]) for n, d in enumerate(derivatives)))


def _is_polynomial(e: Expr) -> bool:
    """Whether an expression is made of sums and products of probabilities and symbols alone."""
    kinds = (Add, Mul, Sum, Vec, softmax, Indexed)
    if isinstance(e, (softmax, sigmoid)) or e.is_Atom or isinstance(e, Indexed):
        return True
    positive_power = e.is_Pow and e.exp.is_Integer and e.exp.is_positive
    return (isinstance(e, kinds) or positive_power) and all(map(_is_polynomial, e.args))
