"""Formulas and derivations as HTML; the formulas stay LaTeX, which MathJax typesets in the page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from .latex import latex_together
from .line_breaks import Pieces, pieces
from .markup import Markup, element, join
from .prove import Evidence

if TYPE_CHECKING:
    from .derivation import Derivation

NOTHING_DERIVED = "nothing derived"  # of a derivation of one line
MATH = re.compile(r"\$([^$]+)\$")  # LaTeX within a text


def inline_math(latex: str) -> Markup:
    """A formula within a line of text."""
    return element("span", rf"\({latex}\)", class_="math notranslate")


def math(latex: str) -> Markup:
    """A formula in display style, on a line of its own or in a cell of a table."""
    return element("span", rf"\(\displaystyle {latex}\)", class_="lb-math math notranslate")


def formula(latex: str) -> Markup:
    """A formula in display style that goes on in the next line where it is too long for one."""
    return element("span", _broken(pieces(latex)), class_="lb-math math notranslate")


def _broken(found: Pieces) -> Markup:
    return join(
        *(
            rf"\(\displaystyle {piece}\)"
            if isinstance(piece, str)
            else element("span", _broken(piece), class_="lb-part")
            for piece in found
        )
    )


def math_block(latex: str) -> Markup:
    """A formula as a block, centred on the page."""
    return element("div", rf"\[{latex}\]", class_="math notranslate")


def with_math(text: str, typeset: Callable[[str], Markup] = inline_math) -> Markup:
    """A text whose formulas stand between dollar signs, each of them shown by `typeset`."""
    parts = MATH.split(text)
    return join(*(typeset(part) if n % 2 else part for n, part in enumerate(parts)))


def badge(evidence: Evidence, *, quiet: bool = True) -> Markup:
    """The evidence for an equality, behind it.

    quiet: a proof is a mark only, whose words show under the pointer, with the focus and in print.
    """
    class_ = f"lb-evidence lb-{evidence.kind}"
    if not quiet or not evidence.proved:
        return element("span", str(evidence), class_=class_)
    words = element("span", str(evidence))
    return element("span", words, class_=f"{class_} lb-quiet", role="note", tabindex="0")


def summary(found: Iterable[Evidence]) -> str:
    """The evidence of all steps of a derivation, in a phrase."""
    backed = sorted(found, key=lambda e: not e.proved)
    (first, times), *others = Counter(map(str, backed)).items() or [(NOTHING_DERIVED, 0)]
    if not times:
        return first
    steps = "1 step" if times == 1 else f"{times} steps"
    if not others:
        return f"{steps}, {'each ' if times > 1 else ''}{first}"
    return ", ".join([f"{steps} {first}", *(f"{n} {text}" for text, n in others)])


def badge_of_all(found: Sequence[Evidence]) -> Markup:
    """One badge for a whole derivation; unfolded, it shows the evidence of every line."""
    kind = "proved" if all(e.proved for e in found) else "checked"
    return element(
        "details",
        element("summary", summary(found)),
        element("p", "The evidence of each line now stands beside it."),
        class_=f"lb-badge lb-{kind}",
    )


def row(latex: str, rule: str, evidence: Evidence | None, *, quiet: bool = False) -> Markup:
    """One line of a derivation: the formula, the rule that led to it, and the evidence if any.

    quiet: the line stands alone, without a badge of all lines, and a proof shows as a mark.
    """
    return element(
        "div",
        formula(latex),
        element("span", rule, class_="lb-rule"),
        badge(evidence, quiet=quiet) if evidence else None,
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
    first, *printed = latex_together(*(s.expr for s in derivation))
    rest = list(zip(derivation.steps[1:], printed, strict=True))
    return lines(
        row(first, "", None),
        *(row(r"{}= " + latex, s.rule, s.evidence) for s, latex in rest),
        badge_of_all([s.evidence for s, _ in rest])
        if rest
        else remark(f"{NOTHING_DERIVED.capitalize()}."),
        hypotheses_html(derivation.hypotheses),
    )
