"""HTML for the lines of a derivation: each with its formula, its rule and its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from .latex import to_latex
from .prove import Evidence

if TYPE_CHECKING:
    from .derivation import Derivation


def math(latex: str) -> str:
    """A formula for MathJax."""
    return rf'<span class="lb-math math notranslate">\(\displaystyle {escape(latex)}\)</span>'


def badge(evidence: Evidence) -> str:
    """How an equality was checked, as a small label."""
    return f'<span class="lb-evidence lb-{evidence.kind}">{escape(str(evidence))}</span>'


def row(latex: str, rule: str, evidence: Evidence | None) -> str:
    """One line: a formula, the rule that gave it, and its evidence where it has any."""
    return (
        f'<div class="lb-step">{math(latex)}<span class="lb-rule">{escape(rule)}</span>'
        f"{badge(evidence) if evidence else '<span></span>'}</div>"
    )


def hypotheses_html(found: Sequence[str]) -> str:
    """A paragraph with the hypotheses; nothing where there are none."""
    return f'<p class="lb-hypotheses">Given: {escape("; ".join(found))}.</p>' if found else ""


def derivation_html(derivation: Derivation) -> str:
    """A derivation, a row per line, and the hypotheses below."""
    first, *rest = derivation.steps
    rows = [row(to_latex(first.expr), "", None)]
    rows += [row(r"{}= " + to_latex(s.expr), s.rule, s.evidence) for s in rest]
    return (
        f'<div class="lb-derivation">{"".join(rows)}{hypotheses_html(derivation.hypotheses)}</div>'
    )
