"""How claims and verdicts are shown on a page."""

from __future__ import annotations

from collections.abc import Iterable

from ...calculus import html
from ...calculus.latex import to_latex
from ...calculus.markup import element, join
from ...calculus.prove import NotEqualError
from ..show import Html, ProvedEquality, below, table, titled
from .claim import Check, Claim


def verdicts(claims: Iterable[Claim]) -> Html:
    """The table of verdicts, one row per claim."""
    rows = [(_link(c), _kind(c), words(c.statement), words(c.verdict().evidence)) for c in claims]
    return table(("id", "verdict", "the claim, in our words", "what was found"), rows)


def claim_html(claim: Claim) -> Html:
    """One claim: what it says, the verdict, and every check that led to it."""
    found = claim.verdict()
    title = element(
        "p",
        *(element("strong", claim.id), " · ", words(claim.statement)),
        id=f"claim-{claim.id.lower()}",
    )
    reason = element(
        "p", element("strong", f"{found.kind.capitalize()}."), " ", words(found.evidence)
    )
    return below(
        [
            Html(title, f"{claim.id}: {claim.statement}"),
            *map(_shown, found.checks),
            Html(reason, f"{found.kind}: {found.evidence}"),
        ]
    )


def words(text: str) -> Html:
    """A text whose formulas stand between dollar signs."""
    return Html(html.with_math(text, html.math), text)


def _link(claim: Claim) -> Html:
    return Html(element("a", claim.id, href=f"#claim-{claim.id.lower()}"), claim.id)


def _kind(claim: Claim) -> Html:
    kind = claim.verdict().kind
    return Html(element("strong", kind), kind)


def _shown(check: Check) -> Html:
    if isinstance(check.exhibit, ProvedEquality):
        return titled(check.exhibit)
    if isinstance(check.exhibit, NotEqualError):
        return _counterexample(check.exhibit, check.text)
    parts = []
    if check.text:
        answer = "yes" if check.holds else "no"
        caption = element("p", words(check.text), f": {answer}.")
        parts.append(Html(caption, f"{check.text}: {answer}"))
    if check.exhibit:
        parts.append(check.exhibit)
    return below(parts)


def _counterexample(error: NotEqualError, rule: str) -> Html:
    unequal = html.row(rf"{to_latex(error.left)} \neq {to_latex(error.right)}", "", None)
    where = html.remark(f"Counterexample {error.counterexample}.")
    title = html.rule_title(f"{rule}:") if rule else None
    text = f"{error.left} is not {error.right}: {error.counterexample}"
    return Html(join(title, html.lines(unequal, where)), text)
