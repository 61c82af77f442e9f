"""How claims and verdicts are shown on a page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ...calculus.latex import to_latex
from ...calculus.prove import NotEqualError
from ..show import Html, Theorem, _math, _row, table, titled
from .judging import Claim, Finding


def verdicts(claims: Iterable[Claim]) -> Html:
    """The table of verdicts, one row per claim."""
    rows = [(_link(c), _kind(c), words(c.statement), words(c.verdict().evidence)) for c in claims]
    return table(("id", "verdict", "the claim, in our words", "what was found"), rows)


def claim_html(claim: Claim) -> Html:
    """One claim: what it says, the verdict, and every finding."""
    found = claim.verdict()
    parts = [
        f'<p id="claim-{claim.id.lower()}"><strong>{claim.id}</strong> · {words(claim.statement).html}</p>',
        *(_finding(f).html for f in found.findings),
        f"<p><strong>{found.kind.capitalize()}.</strong> {words(found.evidence).html}</p>",
    ]
    text = [f"{claim.id}: {claim.statement}", *(_finding(f).text for f in found.findings)]
    return Html("".join(parts), "\n".join([*text, f"{found.kind}: {found.evidence}"]))


def words(text: str) -> Html:
    """Text with mathematics between dollar signs."""
    pieces = text.split("$")
    return Html("".join(_math(s) if n % 2 else escape(s) for n, s in enumerate(pieces)), text)


def _link(claim: Claim) -> Html:
    return Html(f'<a href="#claim-{claim.id.lower()}">{claim.id}</a>', claim.id)


def _kind(claim: Claim) -> Html:
    kind = claim.verdict().kind
    return Html(f"<strong>{kind}</strong>", kind)


def _finding(finding: Finding) -> Html:
    shown = finding.exhibit
    if isinstance(shown, Theorem):
        return titled(shown)
    if isinstance(shown, NotEqualError):
        return _counterexample(shown, finding.text)
    caption = (
        f"<p>{words(finding.text).html}: {'yes' if finding.holds else 'no'}.</p>"
        if finding.text
        else ""
    )
    text = f"{finding.text}: {'yes' if finding.holds else 'no'}" if finding.text else ""
    return Html(
        caption + (shown.html if shown else ""),
        "\n".join(filter(None, (text, shown.text if shown else ""))),
    )


def _counterexample(error: NotEqualError, rule: str) -> Html:
    unequal = rf"{to_latex(error.left)} \neq {to_latex(error.right)}"
    where = f'<p class="lb-hypotheses">Counterexample {escape(str(error.counterexample))}.</p>'
    title = f'<p class="lb-rule">{escape(rule)}:</p>' if rule else ""
    body = f'{title}<div class="lb-derivation">{_row(unequal, "", None)}{where}</div>'
    return Html(body, f"{error.left} is not {error.right}: {error.counterexample}")
