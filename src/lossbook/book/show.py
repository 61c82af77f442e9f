"""What a page shows: derivations, theorems, cards and tables, as HTML for the site and LaTeX for print and for tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from math import isinf

from mpmath import nstr
from sympy import Expr, IndexedBase, Piecewise

from ..calculus import html
from ..calculus.html import derivation_html
from ..calculus.latex import to_latex
from ..calculus.prove import Evidence, hypotheses, prove_equal
from ..codegen.rewrite_trace import rewrite_trace
from ..expr.hypotheses import Hypothesis
from ..expr.importing import import_sums, import_sympy
from ..losses import Loss
from ..notation import NOTATION, OPERATORS, anchor, entry_of
from ..numerics.as_written import trial
from ..numerics.nodes import EACH, ArgMax, plain
from ..numerics.rewrites import Rewrite
from ..numerics.ulp import ulp_error

__all__ = [
    "Html",
    "Theorem",
    "card",
    "derivation_html",
    "equation",
    "failures",
    "in_short",
    "notation",
    "rewrite",
    "rewrites",
    "table",
    "theorem",
    "titled",
    "ulps",
]


@dataclass(frozen=True)
class Html:
    """A piece of a page: HTML, with the text that stands for it where HTML is not shown."""

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Theorem:
    """An equality that was judged when it was made. `left`, `right` and the `evidence`."""

    left: Expr
    right: Expr
    evidence: Evidence
    rule: str = ""

    def to_latex(self) -> str:
        """left = right."""
        return f"{to_latex(self.left)} = {to_latex(self.right)}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()} \\quad\\text{{({self.evidence})}}$"

    def _repr_html_(self) -> str:
        body = html.row(self.to_latex(), self.rule, self.evidence)
        return f'<div class="lb-derivation">{body}{html.hypotheses_html(self.evidence.hypotheses)}</div>'

    def __repr__(self) -> str:
        return f"{self.left} = {self.right}    [{self.evidence}]"


def theorem(left, right, *, given: Iterable[Hypothesis] = (), rule: str = "") -> Theorem:
    """Judge left = right and show it with its evidence. Raises `NotEqualError` if it is false."""
    return Theorem(
        _as_written(left), _as_written(right), prove_equal(left, right, given=given), rule
    )


def titled(found: Theorem) -> Html:
    """A theorem with its rule as a title above it, so that a long equation has the whole width."""
    title = f'<p class="lb-rule">{escape(found.rule)}:</p>' if found.rule else ""
    return Html(title + replace(found, rule="")._repr_html_(), repr(found))


def _as_written(expr) -> Expr:
    """The expression as it is shown: cases stay cases, which the prover reads as deltas."""
    expr = import_sums(expr)
    return expr if expr.has(Piecewise) else import_sympy(expr)


@dataclass(frozen=True)
class Equation:
    """An expression, displayed. It claims nothing, so it carries no evidence."""

    expr: Expr
    name: str = ""

    def _repr_latex_(self) -> str:
        left = f"{self.name} = " if self.name else ""
        return f"$\\displaystyle {left}{to_latex(self.expr)}$"

    def __repr__(self) -> str:
        return f"{self.name + ' = ' if self.name else ''}{self.expr}"


def equation(expr, name: str = "") -> Equation:
    """Display an expression, as `name = expr` where a LaTeX name is given: a definition."""
    return Equation(import_sympy(expr), name)


def table(header: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> Html:
    """A table. Cells are text, numbers (as they print), SymPy expressions and theorems (typeset) or `Html`."""
    rows = [list(row) for row in rows]
    # a heading that says nothing is none: a screen reader would announce it
    head = "".join(f'<th scope="col">{escape(h)}</th>' if h else "<td></td>" for h in header)
    body = "".join("<tr>" + "".join(f"<td>{_cell(c)}</td>" for c in row) + "</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    text = "\n".join(" | ".join(str(c) for c in row) for row in [list(header), *rows])
    return Html(f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>", text)


def _cell(value: object) -> str:
    if isinstance(value, Html):
        return value.html
    if isinstance(value, Theorem):
        return f"{html.math(value.to_latex())} {html.badge(value.evidence)}"
    if isinstance(value, (Expr, IndexedBase)):
        return html.math(to_latex(value))
    return escape(str(value))


def notation() -> Html:
    """The table of all symbols, each row with the id that index and search lead to."""
    rows = [
        (
            Html(f'<span id="{anchor(e)}">{html.math(e.latex)}</span>', e.latex),
            Html(f"<code>{escape(e.code)}</code>" if e.code else "", e.code),
            e.shape,
            e.domain,
            e.meaning,
        )
        for e in (*NOTATION, *OPERATORS)
    ]
    return table(("symbol", "in code", "shape", "domain", "meaning"), rows)


def card(loss: Loss) -> Html:
    """The conventions of a loss on one card: equation, what it is differentiated by, target, parameters."""
    rows: list[tuple[str, object]] = [("equation", loss.plain)]
    if loss.is_activation and hasattr(loss.plain, "unfold"):
        rows.append(("by definition", loss.plain.unfold()))
    if loss.expr != loss.plain:
        rows.append(("with all parameters", loss.expr))
    rows.append(("differentiated by", loss.wrt))
    rows.append(
        ("target", {None: "none: this maps logits to outputs"}.get(loss.target, loss.target))
    )
    for q in loss.parameters:
        entry = entry_of(q.symbol)
        name = (
            Html(html.math(entry.latex), entry.latex)
            if entry
            else Html(escape(str(q.symbol)), str(q.symbol))
        )
        neutral = "" if q.neutral is None else f"; no effect at {q.neutral}"
        rows.append(
            (
                "parameter",
                Html(f"{name.html} {escape(q.meaning)} ({escape(q.domain)}{neutral})", q.meaning),
            )
        )
    if loss.given:
        rows.append(("given", "; ".join(g.statement for g in loss.given)))
    body = "".join(f'<tr><th scope="row">{escape(k)}</th><td>{_cell(v)}</td></tr>' for k, v in rows)
    text = "\n".join(f"{k}: {v}" for k, v in rows)
    return Html(
        f'<table class="lb-card"><caption>{escape(loss.title)}</caption><tbody>{body}</tbody></table>',
        text,
    )


def rewrites(loss: Loss, *functions: str) -> Html:
    """The way from the formulas of a loss to its generated code: each rewrite, what it cures, and its steps.

    functions: see `lossbook.codegen.rewrite_trace`; where none is named, value and gradient, of an activation value and vjp.
    """
    parts = [
        _rewrites(loss, f)
        for f in functions or ("value", "vjp" if loss.is_activation else "gradient")
    ]
    return Html("".join(part.html for part in parts), "\n".join(part.text for part in parts))


def _rewrites(loss: Loss, function: str) -> Html:
    found = rewrite_trace(loss, function)
    rows, text = (
        [html.row(to_latex(found.formula), f"the formula of {function}", None)],
        [f"{function}: {found.formula}"],
    )
    for used, steps in found.by_rewrite():
        rows.append(_titled(used))
        text.append(f"{used.name}: {used.why}")
        for step in steps:
            rows.append(
                html.row(f"{to_latex(step.before)} = {to_latex(step.after)}", "", step.evidence)
            )
            text.append(f"  {step.before} = {step.after}    [{step.evidence}]")
    if not found.steps:
        rows.append('<p class="lb-rule">Nothing is rewritten: it is computed as it stands.</p>')
    if found.largest:
        letters = ", ".join(
            html.math(f"{to_latex(s)} = {to_latex(ArgMax(vec))}")
            for s, vec in found.largest.items()
        )
        rows.append(
            f'<p class="lb-hypotheses">In the code {letters}; the equations hold for every class.</p>'
        )
    sides = (plain(side) for step in found.steps for side in (step.before, step.after))
    rows.append(html.hypotheses_html(hypotheses(*sides, given=loss.given) if found.steps else ()))
    return Html(f'<div class="lb-derivation">{"".join(rows)}</div>', "\n".join(text))


def _titled(used: Rewrite) -> str:
    special = "" if used.kind == "identity" else f" Holds for {used.domain}."
    return f'<p class="lb-rule"><strong>{escape(used.name)}</strong>: {escape(used.why)}.{escape(special)}</p>'


def rewrite(shown: Rewrite) -> Html:
    """One rewrite: what it cures, the equality with its evidence, where it holds; and where the left side fails."""
    equality = html.row(
        f"{to_latex(shown.pattern)} = {to_latex(shown.replacement)}", "", shown.proof
    )
    domain = f'<p class="lb-hypotheses">Holds for {escape(shown.domain)}.</p>'
    name = f'<p class="lb-rule"><strong>{escape(shown.name)}</strong>: {escape(shown.why)}.</p>'
    text = f"{shown.name}: {shown.pattern} = {shown.replacement}    [{shown.proof}] for {shown.domain}\n{shown.why}"
    card, tried = (
        Html(f'<div class="lb-derivation">{name}{equality}{domain}</div>', text),
        failures(shown),
    )
    return Html(card.html + tried.html, f"{card.text}\n{tried.text}") if shown.fails else card


def failures(shown: Rewrite, dtypes: Sequence[str] = ("float32", "float64")) -> Html:
    """Both sides of a rewrite at the points where the left one fails, with the truth and the errors in ULP."""
    rows = []
    for failure in shown.fails:
        for dtype in dtypes:
            t = trial(shown, failure, dtype)
            # a space that does not break, so that a narrow column breaks between the letters only
            at = ", ".join(
                f"{'i' if a == EACH else a}\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{failure.text(a)}"
                for a in failure.at
            )
            values = (f"{t.written:.8g}", f"{t.stabilised:.8g}", nstr(t.truth, 8))
            rows.append(
                (
                    at,
                    dtype,
                    *values,
                    *(ulps(got, t.truth, dtype) for got in (t.written, t.stabilised)),
                )
            )
    header = ("at", "format", "left side", "right side", "truth", "ULP, left", "ULP, right")
    return table(header, rows, caption="Errors in ULP, in units in the last place")


def ulps(got, truth, dtype) -> str:
    """An error in units in the last place, in a few characters."""
    return in_short(ulp_error(got, truth, dtype))


def in_short(error: float) -> str:
    """Two decimals where they mean something, else the order of magnitude."""
    if isinf(error):
        return "∞"
    return f"{error:.2f}" if error < 1000 else f"{error:.0e}".replace("e+0", "e").replace("e+", "e")
