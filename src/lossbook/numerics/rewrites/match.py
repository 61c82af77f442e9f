"""Recognising the patterns of rewrites: what their letters stand for in a given expression.

Each function takes the letters of a pattern and returns a finder. A finder looks at one node, not
inside it, and returns a `Match`: the meanings of the letters, and the terms of a sum that are left
over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sympy import Add, Dummy, Expr, KroneckerDelta, Mul, Pow, S, Symbol, exp, log

from ...calculus.zero_test import is_zero
from ...expr.hypotheses import Hypothesis
from ...expr.nodes import Sum, Vec, bound_index, logsumexp, softmax
from ..nodes import EACH, ArgMax, Component, Grouped, plain


@dataclass(frozen=True)
class Match:
    """A pattern found in an expression.

    letters: what each letter of the pattern stands for. rest: other terms of the sum it was found
    in.
    """

    letters: dict[Expr, object]
    rest: tuple[Expr, ...] = ()


Finder = Callable[[Expr, tuple[Hypothesis, ...]], Match | None]


def node(kind: type[Expr], u: Expr) -> Finder:
    """A function of one argument."""
    return lambda e, given: Match({u: e.args[0]}) if isinstance(e, kind) else None


def softmax_node(x, i, s) -> Finder:
    """A softmax."""
    return lambda e, given: (
        Match({x: e.vec, i: e.index, s: ArgMax(e.vec)}) if isinstance(e, softmax) else None
    )


def log_softmax(x, i, s) -> Finder:
    """The logarithm of a softmax."""
    inner = softmax_node(x, i, s)
    return lambda e, given: inner(e.args[0], given) if isinstance(e, log) else None


def logsumexp_node(x, s) -> Finder:
    """A log-sum-exp."""
    return lambda e, given: (
        Match({x: e.vec, s: ArgMax(e.vec)}) if isinstance(e, logsumexp) else None
    )


def log_of_one_plus(u) -> Finder:
    """The logarithm of 1 plus something."""

    def find(e, given):
        if not (isinstance(e, log) and isinstance(e.args[0], Add)):
            return None
        number, rest = e.args[0].as_coeff_Add()
        return Match({u: rest}) if number == 1 else None

    return find


def factors_of(e: Expr, kind: type[Expr]) -> Iterator[tuple[Expr, Expr, tuple[Expr, ...]]]:
    """Each factor of a kind in a sum, with the other factors of its term and the other terms."""
    terms = Add.make_args(e)
    for n, term in enumerate(terms):
        for factor in Mul.make_args(term):
            if isinstance(factor, kind) and not (kind is exp and factor.args[0].is_number):
                yield factor, term / factor, terms[:n] + terms[n + 1 :]
            elif (
                isinstance(factor, Pow)
                and isinstance(factor.base, kind)
                and factor.exp.is_Integer
                and kind is not exp
            ):
                yield factor.base, term / factor.base, terms[:n] + terms[n + 1 :]


def cancelling(
    e: Expr, kind: type[Expr], scale: Expr
) -> tuple[Expr, Expr, tuple[Expr, ...]] | None:
    """Two terms `a f` and `-scale a` of a sum, f of that kind: f, a, and the other terms."""
    if not isinstance(e, Add):
        return None
    for factor, others, terms in factors_of(e, kind):
        if -scale * others in terms:
            return factor, others, _without(terms, -scale * others)
    return None


def _without(terms: tuple[Expr, ...], term: Expr) -> tuple[Expr, ...]:
    n = terms.index(term)
    return terms[:n] + terms[n + 1 :]


def exp_less_one(r, u) -> Finder:
    """The pattern r exp(u) - r."""

    def find(e, given):
        found = cancelling(e, exp, S.One)
        return Match({r: found[1], u: found[0].args[0]}, found[2]) if found else None

    return find


def complement_of_softmax(r, x, i) -> Finder:
    """The pattern r - r softmax(x, i)."""

    def find(e, given):
        found = cancelling(e, softmax, S.One)
        return (
            Match({r: -found[1], x: found[0].vec, i: found[0].index}, found[2]) if found else None
        )

    return find


def balance(r, x, c, i) -> Finder:
    """The pattern r softmax(x, i) A - r c[i], if it is the whole of a sum.

    A is the sum of c, r is 1 or -1, and i stands for every class.
    """

    def find(e, given):
        if not isinstance(e, Add):
            return None
        for p in sorted({f for f, _, _ in factors_of(e, softmax) if f.index == EACH}, key=str):
            rest, with_p = e.as_independent(p, as_Add=True)
            scale = Add(*(term / p for term in Add.make_args(with_p)))
            if scale.has(EACH) or rest.has(softmax, KroneckerDelta) or not rest.has(EACH):
                continue
            n = bound_index()
            sign = S.One if rest.could_extract_minus_sign() else S.NegativeOne
            vec = Vec((-sign * rest).xreplace({EACH: n}), n, p.vec.size)
            if is_zero(sign * scale - Sum(vec), given):
                return Match({r: sign, x: p.vec, c: vec if vec.base else vec.map(Grouped), i: EACH})
        return None

    return find


def centre(r, x, v, i, s) -> Finder:
    """The pattern r v[i] - r times the mean of v under softmax(x)."""

    def find(e, given):
        if not isinstance(e, Add):
            return None
        for mean, others, terms in factors_of(e, Sum):
            vec = mean.vec
            for p in (
                f
                for f in Mul.make_args(vec.body)
                if isinstance(f, softmax) and f.index == vec.index
            ):
                values = Vec(vec.body / p, vec.index, vec.size)
                if values.body.has(Grouped) or not values.body.has(vec.index):
                    continue
                vector = (
                    Vec(Component(values, vec.index), vec.index, vec.size)
                    if values.body.has(softmax)
                    else values
                )
                for index in sorted((others.free_symbols | _indices(terms)), key=str):
                    own = [-others * part for part in Add.make_args(values.at(index))]
                    if set(own) <= set(terms) and (index == EACH or vector is values):
                        letters = {r: -others, x: p.vec, v: vector, i: index, s: ArgMax(p.vec)}
                        return Match(letters, tuple(a for a in terms if a not in own))
        return None

    return find


def centre_of_nothing(r, x, v, i) -> Finder:
    """The pattern of `centre` for every class at once, where v sums to 0."""
    centred = centre(r, x, v, i, Dummy("s"))

    def find(e, given):
        match = centred(e, given)
        if match is None or match.letters[i] != EACH:
            return None
        values = match.letters[v]
        return match if is_zero(plain(Sum(values)), given) else None

    return find


def _indices(terms: tuple[Expr, ...]) -> set[Symbol]:
    return {
        symbol
        for term in terms
        for symbol in term.free_symbols
        if isinstance(symbol, Symbol) and symbol.is_integer
    }


def all_but_one(c, i, s) -> Finder:
    """The sum of c over all classes but i, where i stands for every class, not for one of a row."""

    def find(e, given):
        if not isinstance(e, Sum):
            return None
        n, body = e.vec.index, e.vec.body
        for delta in body.atoms(KroneckerDelta):
            if n not in delta.args:
                continue
            index = next(a for a in delta.args if a != n)
            if index != EACH:
                continue
            values = body.xreplace({delta: S.Zero})
            if not values.has(EACH) and body.xreplace({n: EACH}) == 0:
                return Match(
                    {
                        c: Vec(values, n, e.vec.size),
                        i: index,
                        s: _largest(values, n, e.vec.size, given),
                    }
                )
        return None

    return find


def _largest(values: Expr, n: Symbol, size: Expr, given: tuple[Hypothesis, ...]) -> Expr:
    known = {g.vector[n]: S.One for g in given if hasattr(g, "vector")}
    return ArgMax(Vec(values if values.xreplace(known).is_nonnegative else abs(values), n, size))


def product_with_log(u, r) -> Finder:
    """A product with the logarithm of a softmax."""

    def find(e, given):
        if not isinstance(e, Mul):
            return None
        for f in e.args:
            if isinstance(f, log) and isinstance(f.args[0], softmax):
                return Match({u: e / f, r: f.args[0]})
        return None

    return find
