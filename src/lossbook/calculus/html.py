"""Formulas and derivations as HTML; the formulas stay LaTeX, which MathJax typesets in the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .latex import to_latex
from .markup import Markup, element, join
from .prove import Evidence

if TYPE_CHECKING:
    from .derivation import Derivation

MATH = re.compile(r"\$([^$]+)\$")  # LaTeX within a text


def inline_math(latex: str) -> Markup:
    """A formula within a line of text."""
    return element("span", rf"\({latex}\)", class_="math notranslate")


def math(latex: str) -> Markup:
    """A formula in display style, on a line of its own or in a cell of a table."""
    return element("span", rf"\(\displaystyle {latex}\)", class_="lb-math math notranslate")


def math_block(latex: str) -> Markup:
    """A formula as a block, centred on the page."""
    return element("div", rf"\[{latex}\]", class_="math notranslate")


def with_math(text: str, formula: Callable[[str], Markup] = inline_math) -> Markup:
    """A text whose formulas stand between dollar signs, each of them shown by `formula`."""
    pieces = MATH.split(text)
    return join(*(formula(piece) if n % 2 else piece for n, piece in enumerate(pieces)))


def badge(evidence: Evidence) -> Markup:
    """The evidence for an equality, as it stands behind the line that it is for."""
    return element("span", str(evidence), class_=f"lb-evidence lb-{evidence.kind}")


def row(latex: str, rule: str, evidence: Evidence | None) -> Markup:
    """One line of a derivation: the formula, the rule that led to it, and the evidence if any."""
    return element(
        "div",
        math(latex),
        element("span", rule, class_="lb-rule"),
        badge(evidence) if evidence else element("span"),
        class_="lb-step",
    )


def lines(*rows: object) -> Markup:
    """Lines of a derivation, and what stands between and below them."""
    return element("div", *rows, class_="lb-derivation")


def rule_title(*content: object) -> Markup:
    """A rule's name above the lines that it is about."""
    return element("p", *content, class_="lb-rule")


def remark(*content: object) -> Markup:
    """A remark below the lines of a derivation, such as what they suppose."""
    return element("p", *content, class_="lb-hypotheses")


def hypotheses_html(found: Sequence[str]) -> Markup:
    """The hypotheses of a proof as a remark; nothing where there are none."""
    return remark(f"Given: {'; '.join(found)}.") if found else Markup()


def derivation_html(derivation: Derivation) -> Markup:
    """A derivation, a row per line: what it says, by which rule, and the evidence."""
    first, *rest = derivation.steps
    return lines(
        row(to_latex(first.expr), "", None),
        *(row(r"{}= " + to_latex(s.expr), s.rule, s.evidence) for s in rest),
        hypotheses_html(derivation.hypotheses),
    )
