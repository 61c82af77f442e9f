"""Mistakes that many readers make, each with its explanation.

Most of them are made from the right answer by a named change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from sympy import Add, Expr, Indexed, IndexedBase, KroneckerDelta, Mul, Pow, S, Symbol, exp

from ..calculus.definitions import Unsupported, differentiate
from ..calculus.latex import to_latex
from ..expr.indices import free_indices
from ..expr.nodes import Diff, Sum, bound_indices, sigmoid, softmax
from ..expr.rebuild import product, total
from ..expr.variables import depends_on
from ..notation import K


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer.

    Attributes:
        name: The mistake, in a few words.
        expr: The wrong answer.
        explanation: What to tell the reader about it, formulas between dollar signs.
    """

    name: str
    expr: Expr
    explanation: str


def common_mistakes(answer: Expr, asks: Expr | None = None) -> tuple[Mistake, ...]:
    """Return wrong answers that come from the right one by one common mistake, the likeliest first.

    Args:
        answer: The right answer.
        asks: What was to be computed, such as `Diff(loss, z[j])`. It tells which mistakes in
            differentiating are possible.

    Returns:
        The mistakes, without those that give the right answer after all.
    """
    found: dict[Expr, Mistake] = {}
    for mistake in (*_of_differentiating(asks), *_of_writing(answer)):
        if mistake.expr != answer and not mistake.expr.has(S.NaN, S.ComplexInfinity):
            found.setdefault(mistake.expr, mistake)
    return tuple(found.values())


# -- mistakes in differentiating -------------------------------------------------------------------


def _of_differentiating(asks: Expr | None) -> Iterator[Mistake]:
    if not isinstance(asks, Diff):
        return
    body, by = asks.expr, asks.by
    shown = to_latex(by)
    partial = _by_probability(body, by)
    if partial is not None:
        derivative, inner, name = partial
        why = (
            f"This is the derivative with respect to ${name}$, not to the logit ${shown}$: the "
            "factor that the chain rule brings out is missing."
        )
        yield Mistake("with respect to the probability", derivative, why)
        deltas = derivative.atoms(KroneckerDelta)
        if len(deltas) == 1:  # the derivative of log p_t is often written without a delta
            yield Mistake(
                "with respect to the probability", derivative.xreplace({deltas.pop(): S.One}), why
            )
        if inner is not None:
            yield Mistake(
                "only the term of the same index",
                product(derivative, inner),
                f"You kept only the term in which the index agrees. Raising ${shown}$ changes "
                "every probability, "
                "the others too.",
            )
    yield Mistake("not differentiated", body, "This is the function itself, not its derivative.")
    factors = [f for f in Mul.make_args(body) if depends_on(f, by)]
    rest = [f for f in Mul.make_args(body) if not depends_on(f, by)]
    if len(factors) > 1:
        for n, f in enumerate(factors):
            others = factors[:n] + factors[n + 1 :]
            yield Mistake(
                "one term of the product rule",
                product(*rest, *others, Diff(f, by)),
                f"The product rule has a term for each factor. Here only ${to_latex(f)}$ was "
                "differentiated, as if the "
                "rest were constant.",
            )


def _by_probability(body: Expr, by: Expr) -> tuple[Expr, Expr | None, str] | None:
    """The derivative of `body` with respect to the probability of `by`, and that probability's."""
    if isinstance(by, Indexed) and len(by.indices) == 1:
        index = by.indices[0]
        of_logits = [s for s in body.atoms(softmax) if s.vec.base == by.base]
        if not of_logits:
            return None
        vec = of_logits[0].vec
        q = IndexedBase("q_", shape=(vec.size,), positive=True)
        named = body.replace(
            lambda e: isinstance(e, softmax) and e.vec == vec, lambda e: q[e.index]
        )
        own, probability = q[index], softmax(vec, index)

        def back(e: Expr) -> Expr:
            return e.replace(
                lambda a: isinstance(a, Indexed) and a.base == q,
                lambda a: softmax(vec, a.indices[0]),
            )
    else:
        probability = sigmoid(by)
        own = Symbol("q_", positive=True)
        named = body.xreplace({probability: own})

        def back(e: Expr) -> Expr:
            return e.xreplace({own: probability})

    if named == body or depends_on(named, by):
        return None
    try:
        derivative = back(differentiate(named, own))
    except Unsupported:
        return None
    inner = product(probability, 1 - probability) if isinstance(by, Indexed) else None
    return derivative, inner, to_latex(probability)


# -- mistakes in writing ---------------------------------------------------------------------------


def _of_writing(answer: Expr) -> Iterator[Mistake]:
    yield Mistake("sign", -answer, "The sign is the other way round.")
    yield Mistake("a factor 2 too many", 2 * answer, "There is a factor 2 too many.")
    yield Mistake("a missing factor 2", answer / 2, "A factor 2 is missing.")
    yield from _deltas(answer)
    yield from _factors(answer)
    yield from _terms(answer)
    yield from _powers(answer)
    yield from _exchanged(answer)
    if K in answer.free_symbols or any(
        isinstance(b.shape, tuple) for b in answer.atoms(IndexedBase)
    ):
        yield Mistake(
            "a mean over the classes",
            answer / K,
            "You divided by $K$: the book's sums are not means.",
        )


def _deltas(answer: Expr) -> Iterator[Mistake]:
    bound = bound_indices(answer)
    for delta in sorted(answer.atoms(KroneckerDelta), key=str):
        if delta.free_symbols & bound:
            continue
        a, b = sorted(delta.args, key=str)
        equal, unequal = f"${to_latex(a)} = {to_latex(b)}$", rf"${to_latex(a)} \ne {to_latex(b)}$"
        name = f"only the case {a} = {b}"
        why = (
            f"This holds for {equal} only. The other classes, {unequal}, are forgotten: where "
            "is the delta?"
        )
        yield Mistake(name, answer.xreplace({delta: S.One}), why)
        for old, new in ((a, b), (b, a)):
            if isinstance(old, Symbol):
                yield Mistake(name, answer.xreplace({delta: S.One}).xreplace({old: new}), why)
        yield Mistake(
            f"only the case {a} ≠ {b}",
            answer.xreplace({delta: S.Zero}),
            f"This holds for {unequal} only. The class with {equal} has one more term.",
        )
        yield Mistake(
            "sign of the delta",
            answer.xreplace({delta: -delta}),
            f"Look at the sign of ${to_latex(delta)}$.",
        )


def _factors(answer: Expr) -> Iterator[Mistake]:
    factors = [f for f in Mul.make_args(answer) if not f.is_Rational]
    if len(factors) < 2:
        return
    for n, f in enumerate(factors):
        rest = Mul(answer.as_coeff_Mul(rational=True)[0], *factors[:n], *factors[n + 1 :])
        parameter = isinstance(f, (Symbol, Indexed)) and not f.has(softmax)
        yield Mistake(
            f"dropped {f}" if parameter else "a missing factor",
            rest,
            f"The factor ${to_latex(f)}$ is missing."
            + ("" if parameter else " Did you carry the chain rule to its end?"),
        )


def _terms(answer: Expr) -> Iterator[Mistake]:
    """The sign of a term changed, or a term left out, in the answer or in one of its factors."""
    for bracket in (f for f in Mul.make_args(answer) if isinstance(f, Add)):
        rest = [f for f in Mul.make_args(answer) if f is not bracket]
        for n, term in enumerate(bracket.args):
            others = bracket.args[:n] + bracket.args[n + 1 :]
            shown = to_latex(-term if term.could_extract_minus_sign() else term)
            yield Mistake(
                "sign of a term",
                product(*rest, total(-term, *others)),
                f"Look at the sign of ${shown}$.",
            )
            yield Mistake(
                "a missing term",
                product(*rest, total(*others)),
                f"The term with ${shown}$ is missing.",
            )


def _powers(answer: Expr) -> Iterator[Mistake]:
    powers = [e for e in answer.atoms(Pow) if not isinstance(e, exp) and not e.exp.is_number]
    for power in sorted(powers, key=str):
        for change in (1, -1):
            yield Mistake(
                "an exponent off by one",
                answer.xreplace({power: Pow(power.base, power.exp + change)}),
                f"Look at the exponent of ${to_latex(power.base)}$: it is off by one.",
            )


def _exchanged(answer: Expr) -> Iterator[Mistake]:
    bound = bound_indices(answer)
    for node in sorted(answer.atoms(sigmoid) | answer.atoms(softmax), key=str):
        if not node.free_symbols & bound:
            yield Mistake(
                "p and 1 - p exchanged",
                answer.xreplace({node: 1 - node}),
                f"You exchanged ${to_latex(node)}$ and $1 - {to_latex(node)}$.",
            )
    letters: Iterable[Symbol] = sorted(free_indices(answer), key=str)
    for a, b in combinations(letters, 2):
        yield Mistake(
            "indices exchanged",
            answer.xreplace({a: b, b: a}),
            f"You exchanged the indices ${to_latex(a)}$ and ${to_latex(b)}$.",
        )
    sums = sorted(answer.atoms(Sum), key=str)
    for s in sums:
        yield Mistake(
            "a missing sum", answer.xreplace({s: S.Zero}), f"The sum ${to_latex(s)}$ is missing."
        )
