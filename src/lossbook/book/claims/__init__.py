"""What the book's three sources claim, claim by claim, each with a function that judges it.

A statement is written in our own words. Its verdict is never written but computed from checks:
equalities that the prover proves or refutes, and numbers that are computed again.
"""

from __future__ import annotations

from . import article, article_segmentation, formulas, tutorial
from .claim import KINDS, Check, Claim, Judgement, equality, fact, verdict
from .display import claim_html, verdicts

__all__ = [
    "CLAIMS",
    "KINDS",
    "Check",
    "Claim",
    "Judgement",
    "claim_html",
    "equality",
    "fact",
    "get",
    "verdict",
    "verdicts",
]

CLAIMS: tuple[Claim, ...] = (
    *formulas.CLAIMS,
    *article.CLAIMS,
    *article_segmentation.CLAIMS,
    *tutorial.CLAIMS,
)


def get(name: str) -> Claim:
    """The claim of that id, such as "A5"."""
    try:
        return next(c for c in CLAIMS if c.id == name)
    except StopIteration:
        raise KeyError(
            f"no claim is called {name!r}; there are {', '.join(c.id for c in CLAIMS)}"
        ) from None
