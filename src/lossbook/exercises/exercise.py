"""What an exercise is: data, from which question, answer, hints and verdicts follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

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
    """One exercise of a chapter. It knows its answer by deriving it; nobody types it.

    name: its label. chapter: the file name of the page. question: Markdown, formulas between dollar
    signs. asks: what is asked for, such as `Diff(loss, z[j])`. solution: the answer where deriving
    `asks` does not give it. Either is an expression, or a function that returns one where it has to
    be derived first. given: hypotheses. hints: from vague to plain. mistakes: wrong answers of this
    exercise, told before the common ones. letters: names beyond the notation. without: what an
    answer must not hold any more, such as a derivative or a sum. by_steps: whether the reader hands
    in a derivation, line by line, instead of a result.
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
        """What is asked for: the first line of a derivation."""
        return _made(self.asks)

    @cached_property
    def answer(self) -> Expr:
        """The right answer: the last line of the derivation, or the solution."""
        if self.solution is None:
            return derive_expr(self.start, self.given).result
        return _made(self.solution)

    @cached_property
    def all_mistakes(self) -> tuple[Mistake, ...]:
        """The mistakes of this exercise, then those that are made from its answer."""
        return (*self.mistakes, *common_mistakes(self.answer, self.start))

    @property
    def uses(self) -> str:
        """Which names an answer is made of, in a sentence."""
        return vocabulary(self.answer, self.given)

    def preview(self, typed: str) -> dict:
        """What a text is read as, without a judgement: `latex`, or the `error` and its `column`."""
        try:
            read = (
                parse_chain(typed, self.letters) if self.by_steps else [parse(typed, self.letters)]
            )
        except ParseError as error:
            return {"error": error.reason, "column": error.column}
        return {"latex": " = ".join(map(to_latex, read))}

    def judge(self, answer: str | Expr) -> Verdict:
        """The verdict on an answer, as text or as an expression: any equal form is right."""
        return judge(
            answer,
            self.answer,
            given=self.given,
            mistakes=self.all_mistakes,
            letters=self.letters,
            without=self.without,
        )

    def judge_steps(self, lines: str | Iterable[str | Expr]) -> StepsVerdict:
        """The verdict on a derivation that starts from what is asked for: its first wrong line, and whether it ends."""
        return judge_steps(
            lines,
            start=self.start,
            goal=self.answer,
            given=self.given,
            mistakes=self.all_mistakes,
            letters=self.letters,
            without=self.without,
        )
