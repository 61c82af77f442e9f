"""How claims and verdicts are shown on a page."""

from __future__ import annotations

from collections.abc import Iterable

from ...calculus import html
from ...calculus.latex import latex_together
from ...calculus.markup import element, join
from ...calculus.prove import NotEqualError
from ..show import Html, ProvedEquality, below, table
from .claim import Check, Claim


def verdicts(claims: Iterable[Claim]) -> Html:
    """The table of verdicts, one row per claim."""
    rows = [(_link(c), _kind(c), words(c.statement), words(c.verdict().evidence)) for c in claims]
    return table(("claim", "verdict", "in our words", "what was found"), rows)


def claim_html(claim: Claim) -> Html:
    """One claim, folded: what it says and the verdict; inside, every check that led to it."""
    found = claim.verdict()
    title = element(
        "summary",
        *(element("strong", claim.id), " · ", words(claim.statement), " "),
        element("strong", f"{found.kind.capitalize()}."),
    )
    reason = Html(element("p", words(found.evidence)), f"{found.kind}: {found.evidence}")
    inside = below([*map(_shown, found.checks), reason])
    # A link to what is inside unfolds it.
    body = element("div", inside, id=f"claim-{claim.id.lower()}")
    shown = element("details", title, body)
    return Html(shown, f"{claim.id}: {claim.statement}\n{inside.text}")


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
        return _equality(check.exhibit)
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


def _equality(found: ProvedEquality) -> Html:
    """The two sides on two lines: beside each other, many are wider than a page."""
    left, right = latex_together(found.left, found.right)
    rows = (
        html.row(left, "", None),
        html.row(r"{}= " + right, "", found.evidence, quiet=True),
        html.hypotheses_html(found.evidence.hypotheses),
    )
    return Html(join(_title(found.rule), html.lines(*rows)), repr(found))


def _counterexample(error: NotEqualError, rule: str) -> Html:
    left, right = latex_together(error.left, error.right)
    rows = html.row(left, "", None), html.row(r"{}\neq " + right, "", None)
    where = html.remark(f"Counterexample {error.counterexample}.")
    text = f"{error.left} is not {error.right}: {error.counterexample}"
    return Html(join(_title(rule), html.lines(*rows, where)), text)


def _title(rule: str) -> object:
    return html.rule_title(f"{rule}:") if rule else None
