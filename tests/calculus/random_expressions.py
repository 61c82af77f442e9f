"""Random expressions, rewritings that keep their value, and mutations that should not."""

from __future__ import annotations

import random

from sympy import (
    Add,
    Expr,
    IndexedBase,
    Integer,
    KroneckerDelta,
    Mul,
    Pow,
    Rational,
    exp,
    expand,
    log,
    together,
)

from lossbook.calculus.definitions import unfold
from lossbook.calculus.theorems import DIFFERENTIATION
from lossbook.expr.nodes import Diff, Sum, Vec, logsumexp, sigmoid, softmax, softplus
from lossbook.notation import K, alpha, gamma, i, j, k, p, t, y, z

INDICES = (i, j, t)


def component(rng: random.Random, index) -> Expr:
    """Something that depends on one index."""
    return rng.choice(
        [
            z[index],
            p(index),
            p(index),
            y[index],
            sigmoid(z[index]),
            exp(z[index]),
            log(p(index)),
            softplus(z[index]),
            KroneckerDelta(index, rng.choice(INDICES)),
            softmax(Vec(2 * z[k], k, K), index),
        ]
    )


def scalar(rng: random.Random, depth: int) -> Expr:
    """A random expression with free indices."""
    if depth == 0:
        return rng.choice(
            [
                component(rng, rng.choice(INDICES)),
                gamma,
                alpha,
                Rational(rng.choice([-3, -2, -1, 1, 2, 3]), rng.randint(1, 3)),
                logsumexp(z),
                (1 - p(t)) ** gamma,
                p(t) ** (gamma + 1),
                Sum(component(rng, k), (k, 1, K)),
            ]
        )
    kind = rng.randrange(7)
    if kind < 2:
        return Add(*(scalar(rng, depth - 1) for _ in range(rng.randint(2, 3))))
    if kind < 4:
        return Mul(*(scalar(rng, depth - 1) for _ in range(2)))
    if kind == 4:
        return Sum(component(rng, k) * (component(rng, k) + scalar(rng, depth - 1)), (k, 1, K))
    if kind == 5:
        return Diff(scalar(rng, depth - 1), z[rng.choice((i, j))])
    return Pow(scalar(rng, depth - 1), rng.choice([2, 2, 3]))


def _differentiated(e: Expr) -> Expr:
    for _ in range(40):
        for rule in DIFFERENTIATION:
            line = rule.apply(e)
            if line is not None and line != e:
                e = line
                break
        else:
            return e
    return e


def _one(rng: random.Random, e: Expr) -> Expr:
    return e * Sum(p(k), (k, 1, K))


def _zero(rng: random.Random, e: Expr) -> Expr:
    a, b = rng.choice(INDICES), rng.choice(INDICES)
    return e + Sum(p(k) * KroneckerDelta(k, a) * z[b], (k, 1, K)) - p(a) * z[b]


def _anywhere(kind, new):
    return lambda rng, e: e.replace(lambda a: isinstance(a, kind), new)


REWRITINGS = (
    lambda rng, e: unfold(e),
    lambda rng, e: expand(e),
    lambda rng, e: together(e) if not e.has(Sum) else expand(e),
    lambda rng, e: _differentiated(e),
    _one,
    _zero,
    _anywhere(sigmoid, lambda a: 1 - sigmoid(-a.args[0])),
    _anywhere(softplus, lambda a: a.args[0] + softplus(-a.args[0])),
    _anywhere(softplus, lambda a: -log(sigmoid(-a.args[0]))),
    _anywhere(logsumexp, lambda a: z[t] - log(p(t))),
    _anywhere(softmax, lambda a: exp(log(a.vec.at(a.index) * 0 + a))),
    _anywhere(softmax, lambda a: softmax(a.vec.map(lambda b: b - z[t]), a.index)),
    lambda rng, e: e.xreplace({(1 - p(t)) ** gamma: exp(gamma * log(1 - p(t)))}),
    lambda rng, e: e.xreplace({p(t) ** (gamma + 1): p(t) * p(t) ** gamma}),
)


def rewritten(rng: random.Random, e: Expr) -> Expr:
    """An expression of the same value."""
    for _ in range(rng.randint(1, 3)):
        e = rng.choice(REWRITINGS)(rng, e)
    return e


def mutated(rng: random.Random, e: Expr) -> Expr:
    """The expression with one small thing changed: a sign, a number, an index, an exponent, a term, a factor."""
    nodes = []

    def collect(a: Expr, path: tuple[int, ...]) -> None:
        if not isinstance(a, Vec):
            nodes.append((a, path))
        for n, b in enumerate(a.args):
            if (
                (isinstance(a, Vec) and n > 0)
                or isinstance(b, IndexedBase)
                or (isinstance(a, Diff) and n > 0)
            ):
                continue  # what is bound, what is a name, what it is differentiated by
            collect(b, (*path, n))

    collect(e, ())
    target, path = rng.choice(nodes)
    return _replaced(e, path, _changed(rng, target))


def _changed(rng: random.Random, a: Expr) -> Expr:
    choices: list[Expr] = [-a, a + 1, 2 * a] if not a.is_integer or a.is_number else [a]
    if a in INDICES:
        return rng.choice([b for b in INDICES if b != a])
    if isinstance(a, (Add, Mul)) and len(a.args) > 1:
        drop = rng.randrange(len(a.args))
        choices.append(a.func(*(b for n, b in enumerate(a.args) if n != drop)))
    if isinstance(a, Pow) and not isinstance(a, exp):
        choices.append(a.base ** (a.exp + 1))
    if isinstance(a, KroneckerDelta):
        choices.append(Integer(1) - a)
    if isinstance(a, softmax):
        choices.append(y[a.index])
    return rng.choice(choices)


def _replaced(e: Expr, path: tuple[int, ...], new: Expr) -> Expr:
    if not path:
        return new
    head, *rest = path
    args = list(e.args)
    args[head] = _replaced(args[head], tuple(rest), new)
    return e.func(*args)
