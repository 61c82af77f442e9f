"""What an exercise is: data. A question, what is asked for, hints, and known mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from sympy import Expr

from ..calculus.derive import derive_expr
from ..calculus.latex import to_latex
from ..expr.hypotheses import Hypothesis
from ..expr.importing import import_sympy
from ..expr.nodes import Diff
from ..reading import ParseError, parse, parse_chain
from .judging import judge, vocabulary
from .mistakes import Mistake, common_mistakes
from .steps import StepsVerdict, judge_steps
from .verdict import Verdict

Lazy: TypeAlias = Expr | Callable[[], Expr]


def _made(lazy: Lazy) -> Expr:
    return import_sympy(lazy if isinstance(lazy, Expr) else lazy())


@dataclass(frozen=True)
class Exercise:
    """An exercise of a chapter. Its answer is derived, not typed.

    Attributes:
        name: Its label, unique in the book.
        chapter: The file name of its chapter.
        question: The question in Markdown, formulas between dollar signs.
        asks: What is asked for, such as `Diff(loss, z[j])`: an expression, or a function that
            returns one where it has to be derived first.
        solution: The answer, in the same form, where deriving `asks` does not give it.
        given: The hypotheses that an answer may use.
        hints: Hints, from vague to plain.
        mistakes: Wrong answers to this exercise, recognised before the common ones.
        letters: Symbols beyond the notation that an answer may use.
        without: Kinds of nodes that an answer must not contain, such as a derivative or a sum.
        by_steps: Whether the reader hands in a derivation, line by line, instead of a result.
    """

    name: str
    chapter: str
    question: str
    asks: Lazy
    solution: Lazy | None = None
    given: tuple[Hypothesis, ...] = ()
    hints: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    letters: tuple[Expr, ...] = ()
    without: tuple[type, ...] = (Diff,)
    by_steps: bool = False

    @cached_property
    def start(self) -> Expr:
        """What is asked for, as the first line of a derivation."""
        return _made(self.asks)

    @cached_property
    def answer(self) -> Expr:
        """The right answer, which is the last line of the derivation, or else the solution."""
        if self.solution is None:
            return derive_expr(self.start, self.given).result
        return _made(self.solution)

    @cached_property
    def all_mistakes(self) -> tuple[Mistake, ...]:
        """The mistakes of this exercise, then those that are made from its answer."""
        return (*self.mistakes, *common_mistakes(self.answer, self.start))

    @property
    def uses(self) -> str:
        """The names that an answer may use, as a sentence."""
        return vocabulary(self.answer, self.given)

    def preview(self, typed: str) -> dict[str, Any]:
        """Say what a text is read as, without a verdict.

        Args:
            typed: The answer as it was typed.

        Returns:
            `latex`, or the `error` and its `column`, counted from 1.
        """
        try:
            read = (
                parse_chain(typed, self.letters) if self.by_steps else [parse(typed, self.letters)]
            )
        except ParseError as error:
            return {"error": error.reason, "column": error.column}
        return {"latex": " = ".join(map(to_latex, read))}

    def judge(self, answer: str | Expr) -> Verdict:
        """Judge an answer. Any form that equals the right answer is right.

        Args:
            answer: The answer, as text or as an expression.

        Returns:
            The verdict. A text that is not a formula gets a verdict too, and raises nothing.
        """
        return judge(
            answer,
            self.answer,
            given=self.given,
            mistakes=self.all_mistakes,
            letters=self.letters,
            without=self.without,
        )

    def judge_steps(self, lines: str | Iterable[str | Expr]) -> StepsVerdict:
        """Judge a derivation that starts from what is asked for.

        Args:
            lines: The lines, as one text or as texts and expressions, as for `judge_steps`.

        Returns:
            The verdict. It holds the first line that does not follow, if there is one.

        Raises:
            ValueError: There are more than 40 lines.
        """
        return judge_steps(
            lines,
            start=self.start,
            goal=self.answer,
            given=self.given,
            mistakes=self.all_mistakes,
            letters=self.letters,
            without=self.without,
        )
