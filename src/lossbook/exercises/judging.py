"""Judging an answer: right with a proof, wrong with a counterexample, or a known mistake."""

from __future__ import annotations

from collections.abc import Iterable

import mpmath
from sympy import Expr, IndexedBase, Symbol

from ..calculus.prove import Counterexample, Evidence, NotEqualError, prove_equal
from ..expr.hypotheses import Hypothesis, OneHot
from ..expr.importing import import_sympy
from ..expr.nodes import Diff, Sum, softmax
from ..notation import K
from ..reading import Letters, ParseError, UnknownNameError, parse, text
from .mistakes import Mistake
from .points import Plain, cases
from .proof_cost import too_large
from .verdict import Verdict, at_point

SEEDS = range(6)  # of the points among which the most readable counterexample is chosen
DIGITS = 6
NAMES: dict[type, str] = {Diff: "derivative", Sum: "sum"}


def compare(a: Expr, b: Expr, given: Iterable[Hypothesis], *, points: int = 6) -> Evidence:
    """Return the evidence for a = b, by numbers alone where a proof would take too long.

    The points include some at which free indices coincide: an answer that is wrong only there is
    wrong. Raises as `prove_equal` does.
    """
    given = tuple(given)
    try:
        for case in list(cases(a, b, given=given))[1:]:
            prove_equal(a, b, given=case, points=2, symbolic=False)
        return prove_equal(a, b, given=given, points=points, symbolic=not too_large(a, b))
    except (OverflowError, RecursionError, NotImplementedError) as error:
        raise ValueError(f"{a} and {b} cannot be compared: {error}") from None


def same(a: Expr, b: Expr, given: Iterable[Hypothesis]) -> bool:
    """Return whether a = b, as far as can be told."""
    try:
        # Most pairs differ at the first point.
        prove_equal(a, b, given=given, points=1, digits=20, symbolic=False)
        compare(a, b, given)
    except (ValueError, OverflowError, RecursionError, NotImplementedError):
        return False
    return True


def most_readable(
    error: NotEqualError, a: Expr, b: Expr, given: Iterable[Hypothesis]
) -> Counterexample:
    """Of a few points at which a and b differ, the one that is quickest to read.

    A point with more than one class is preferred, since one class alone says little.
    """
    given = tuple(given)
    found = []
    for case in cases(a, b, given=given):
        for seed in SEEDS:
            try:
                prove_equal(a, b, given=(*case, Plain(given)), points=1, seed=seed, symbolic=False)
            except NotEqualError as other:
                found.append(other.counterexample)
            except (ValueError, OverflowError):
                continue
        if found:  # prefer a point at which no two indices are made to agree
            break
    return min(found, key=_length, default=error.counterexample)


def _length(point: Counterexample) -> tuple[bool, int]:
    return point.values.get(K) == 1, len(at_point(point))


def judge(
    answer: str | Expr,
    right: Expr,
    *,
    given: Iterable[Hypothesis] = (),
    mistakes: Iterable[Mistake] = (),
    letters: Letters = (),
    without: tuple[type, ...] = (Diff,),
) -> Verdict:
    """Judge an answer. Any form that equals the right answer is right.

    Args:
        answer: The answer, as text or as an expression.
        right: The right answer.
        given: Hypotheses that both may use.
        mistakes: Known wrong answers.
        letters: Symbols beyond the notation that the answer may use, as for `parse`.
        without: Kinds of nodes that an answer must not contain, such as a derivative that is not
            carried out.

    Returns:
        The verdict. A text that is not a formula gets a verdict too, and raises nothing.

    Example:
        >>> from lossbook.notation import p, y, j
        >>> judge("p_j", p(j) - y[j]).kind
        'wrong'
    """
    given = tuple(given)
    try:
        expr = parse(answer, letters) if isinstance(answer, str) else import_sympy(answer)
    except ParseError as error:
        return unparsed(error, right, given)
    return judge_expr(expr, right, given=given, mistakes=mistakes, without=without)


def unparsed(error: ParseError, right: Expr, given: tuple[Hypothesis, ...]) -> Verdict:
    """The verdict on a text that is not a formula."""
    unknown = isinstance(error, UnknownNameError)
    message = f"Column {error.column}: {error.reason}."
    if unknown:
        message += f" {vocabulary(right, given)}"
    return Verdict("unknown" if unknown else "malformed", message, error=error)


def judge_expr(
    expr: Expr,
    right: Expr,
    *,
    given: Iterable[Hypothesis] = (),
    mistakes: Iterable[Mistake] = (),
    without: tuple[type, ...] = (Diff,),
    sides: tuple[str, str] = ("your answer", "right"),
) -> Verdict:
    """Judge an answer that has been read. `sides` names it and the right answer in messages."""
    try:
        evidence = compare(right, expr, given)
    except NotEqualError as error:
        return _wrong(expr, right, error, given, mistakes, sides)
    except ValueError:
        message = (
            "No values were found at which your answer is defined, so nothing can be said of it."
        )
        return Verdict("undecided", message, expr)
    left = next((NAMES.get(kind, kind.__name__) for kind in without if expr.has(kind)), None)
    if left is not None:
        return Verdict(
            "unfinished",
            f"Your answer is equal to what is asked for, but it still holds a {left}.",
            expr,
            evidence,
        )
    if evidence.proved:
        return Verdict("right", f"{str(evidence).replace('proved', 'Proved')}.", expr, evidence)
    message = (
        f"Your answer agrees with the right one at {evidence.points} points, to "
        f"{evidence.digits} digits. "
    )
    return Verdict(
        "undecided", message + "That is strong evidence, but no proof was found.", expr, evidence
    )


def _wrong(
    expr: Expr,
    right: Expr,
    error: NotEqualError,
    given: Iterable[Hypothesis],
    mistakes: Iterable[Mistake],
    sides: tuple[str, str],
) -> Verdict:
    point = most_readable(error, right, expr, given)
    numbers = (
        f"{at_point(point)}, {sides[0]} is {_number(point.right)}; {sides[1]} is "
        f"{_number(point.left)}."
    )
    foreign = _foreign_names(expr, right, given)
    for mistake in mistakes:
        if same(mistake.expr, expr, given) and not same(mistake.expr, right, given):
            return Verdict(
                "mistake", f"{mistake.explanation} {numbers}", expr, None, point, mistake
            )
    if foreign:
        verb = "do" if len(foreign) > 1 else "does"
        message = (
            f"{', '.join(foreign)} {verb} not belong to this exercise. {vocabulary(right, given)}"
        )
        return Verdict("unknown", message, expr, None, point)
    return Verdict("wrong", numbers, expr, None, point)


def _number(value: mpmath.mpf) -> str:
    return mpmath.nstr(value, DIGITS)


def _foreign_names(expr: Expr, right: Expr, given: Iterable[Hypothesis]) -> list[str]:
    """The names in an answer that the exercise does not use; also a vector without its index."""
    known = _letters(right, given)
    found = []
    for key, name in _letters(expr).items():
        if key not in known:
            kind = (
                "The vector "
                if isinstance(key, IndexedBase)
                else "The index "
                if key.is_integer
                else ""
            )
            found.append(f"{kind}{name}{' without an index' if name in known.values() else ''}")
    return found


def _letters(e: Expr, given: Iterable[Hypothesis] = ()) -> dict[Expr, str]:
    """The symbols and vectors in an expression and its hypotheses, with their typed names."""
    bases = e.atoms(IndexedBase) | {g.vector for g in given if hasattr(g, "vector")}
    sizes = {s for base in bases for n in base.shape or () for s in n.free_symbols}
    symbols = (
        {s for s in e.free_symbols if isinstance(s, Symbol)}
        - {base.label for base in bases}
        - sizes
    )
    symbols |= {g.index for g in given if isinstance(g, OneHot)}
    return {key: text(key) for key in (*sorted(bases, key=str), *sorted(symbols, key=str))}


def vocabulary(right: Expr, given: Iterable[Hypothesis] = ()) -> str:
    """Return the names that an exercise uses, as a sentence."""
    probabilities = any(s.vec.base is not None for s in right.atoms(softmax))
    names = [*(["p"] if probabilities else []), *_letters(right, given).values()]
    return f"This exercise uses {', '.join(names)}." if names else ""
