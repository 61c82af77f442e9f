"""What a page shows: theorems, cards and tables, as HTML with text for terminals and tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isinf

from mpmath import nstr
from sympy import Expr, IndexedBase, Piecewise

from ..calculus import html
from ..calculus.html import derivation_html
from ..calculus.latex import latex_together, to_latex
from ..calculus.markup import Markup, element, join
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
    "ProvedEquality",
    "below",
    "card",
    "derivation_html",
    "equation",
    "failures",
    "folded",
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

    def __html__(self) -> str:
        return self.html

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def below(parts: Iterable[Html]) -> Html:
    """Pieces of a page, one below the other."""
    parts = tuple(parts)
    return Html(join(*parts), "\n".join(part.text for part in parts))


def folded(title: str, part: Html) -> Html:
    """A piece of a page behind its title: a click unfolds it."""
    shown = element("details", element("summary", title), part)
    return Html(shown, f"{title}\n{part.text}")


@dataclass(frozen=True)
class ProvedEquality:
    """An equality that was judged when it was made. `left`, `right` and the `evidence`.

    Raises `AmbiguityError` if two of its symbols are printed alike.
    """

    left: Expr
    right: Expr
    evidence: Evidence
    rule: str = ""

    def __post_init__(self) -> None:
        self.to_latex()

    def to_latex(self) -> str:
        """The equality as LaTeX."""
        return _equality(self.left, self.right)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()} \\quad\\text{{({self.evidence})}}$"

    def _repr_html_(self) -> str:
        line = html.row(self.to_latex(), self.rule, self.evidence, quiet=True)
        return html.lines(line, html.hypotheses_html(self.evidence.hypotheses))

    def __repr__(self) -> str:
        return f"{self.left} = {self.right}    [{self.evidence}]"


def theorem(left, right, *, given: Iterable[Hypothesis] = (), rule: str = "") -> ProvedEquality:
    """Judge left = right and show it with its evidence. Raises `NotEqualError` if it is false."""
    return ProvedEquality(
        _as_written(left), _as_written(right), prove_equal(left, right, given=given), rule
    )


def titled(found: ProvedEquality) -> Html:
    """A theorem with its rule as a title above it, so that a long equation has the whole width."""
    title = html.rule_title(f"{found.rule}:") if found.rule else None
    line = Markup(replace(found, rule="")._repr_html_())
    return Html(join(title, line), repr(found))


def _as_written(expr) -> Expr:
    """The expression as it is shown: cases stay cases, which the prover reads as deltas."""
    expr = import_sums(expr)
    return expr if expr.has(Piecewise) else import_sympy(expr)


def _equality(left: Expr, right: Expr) -> str:
    return " = ".join(latex_together(left, right))


@dataclass(frozen=True)
class Equation:
    """An expression, displayed. It claims nothing, so it carries no evidence.

    Raises `AmbiguityError` if two of its symbols are printed alike.
    """

    expr: Expr
    name: str = ""

    def __post_init__(self) -> None:
        latex_together(self.expr)

    def _repr_latex_(self) -> str:
        left = f"{self.name} = " if self.name else ""
        return f"$\\displaystyle {left}{to_latex(self.expr)}$"

    def __repr__(self) -> str:
        return f"{self.name + ' = ' if self.name else ''}{self.expr}"


def equation(expr, name: str = "") -> Equation:
    """Display an expression, as `name = expr` where a LaTeX name is given: a definition."""
    return Equation(import_sympy(expr), name)


def table(header: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> Html:
    """A table whose cells are text, numbers, SymPy expressions, proved equalities or `Html`."""
    rows = [list(row) for row in rows]
    # An empty heading is a plain cell: a screen reader would announce it otherwise.
    head = (element("th", h, scope="col") if h else element("td") for h in header)
    body = (element("tr", *(element("td", _cell(c)) for c in row)) for row in rows)
    shown = element(
        "table",
        element("caption", caption) if caption else None,
        element("thead", element("tr", *head)),
        element("tbody", *body),
    )
    text = "\n".join(" | ".join(str(c) for c in row) for row in [list(header), *rows])
    return Html(shown, text)


def _cell(value: object) -> object:
    if isinstance(value, ProvedEquality):
        return join(html.formula(value.to_latex()), " ", html.badge(value.evidence))
    if isinstance(value, (Expr, IndexedBase)):
        return html.formula(*latex_together(value))
    return value if hasattr(value, "__html__") else str(value)


def notation() -> Html:
    """The table of all symbols, each row with the id that index and search lead to."""
    rows = [
        (
            Html(element("span", html.math(e.latex), id=anchor(e)), e.latex),
            Html(element("code", e.code) if e.code else "", e.code),
            e.shape,
            e.domain,
            e.meaning,
        )
        for e in (*NOTATION, *OPERATORS)
    ]
    return table(("symbol", "in code", "shape", "domain", "meaning"), rows)


def card(loss: Loss) -> Html:
    """The conventions of a loss: equation, by what it is differentiated, target, parameters.

    Raises `AmbiguityError` if two symbols of the loss are printed alike.
    """
    latex_together(loss.expr, loss.plain, loss.wrt, *(q.symbol for q in loss.parameters))
    rows: list[tuple[str, object]] = [("equation", loss.plain)]
    if loss.is_activation and hasattr(loss.plain, "unfold"):
        rows.append(("by definition", loss.plain.unfold()))
    if loss.expr != loss.plain:
        rows.append(("with all parameters", loss.expr))
    rows.append(("differentiated with respect to", loss.wrt))
    rows.append(
        ("target", {None: "none: this maps logits to outputs"}.get(loss.target, loss.target))
    )
    for q in loss.parameters:
        entry = entry_of(q.symbol)
        name = html.math(entry.latex) if entry else str(q.symbol)
        neutral = "" if q.neutral is None else f"; no effect at {q.neutral}"
        about = join(name, f" {q.meaning} ({q.domain}{neutral})")
        rows.append(("parameter", Html(about, q.meaning)))
    if loss.given:
        rows.append(("given", "; ".join(g.statement for g in loss.given)))
    body = (element("tr", element("th", k, scope="row"), element("td", _cell(v))) for k, v in rows)
    shown = element(
        "table", element("caption", loss.title), element("tbody", *body), class_="lb-card"
    )
    return Html(shown, "\n".join(f"{k}: {v}" for k, v in rows))


def rewrites(loss: Loss, *functions: str) -> Html:
    """The rewrites between the formulas of a loss and its code: what goes wrong without each.

    Args:
        loss: a registered loss or activation.
        functions: see `lossbook.codegen.rewrite_trace`; value and gradient if none is named, and
            value and vjp for an activation.
    """
    return below(
        _rewrites(loss, f)
        for f in functions or ("value", "vjp" if loss.is_activation else "gradient")
    )


def _rewrites(loss: Loss, function: str) -> Html:
    found = rewrite_trace(loss, function)
    rows = [html.row(*latex_together(found.formula), f"the formula of {function}", None)]
    text = [f"{function}: {found.formula}"]
    for used, steps in found.by_rewrite():
        special = "" if used.kind == "identity" else f" Holds for {used.domain}."
        rows.append(_named(used, special))
        text.append(f"{used.name}: {used.why}")
        for step in steps:
            rows.append(html.row(_equality(step.before, step.after), "", step.evidence))
            text.append(f"  {step.before} = {step.after}    [{step.evidence}]")
    if found.steps:
        rows.append(html.badge_of_all([step.evidence for step in found.steps]))
    else:
        rows.append(html.rule_title("Nothing is rewritten: it is computed as it stands."))
    if found.largest:
        letters = [
            html.math(f"{to_latex(s)} = {to_latex(ArgMax(vec))}")
            for s, vec in found.largest.items()
        ]
        listed = Markup(", ".join(letters))
        rows.append(html.remark("In the code ", listed, "; the equations hold for every class."))
    sides = (plain(side) for step in found.steps for side in (step.before, step.after))
    rows.append(html.hypotheses_html(hypotheses(*sides, given=loss.given) if found.steps else ()))
    return Html(html.lines(*rows), "\n".join(text))


def _named(used: Rewrite, more: str = "") -> Markup:
    return html.rule_title(element("strong", used.name), f": {used.why}.{more}")


def rewrite(shown: Rewrite) -> Html:
    """One rewrite: what goes wrong without it, its proof, and where the left side fails."""
    equality = _equality(shown.pattern, shown.replacement)
    proof, domain = shown.proof, shown.domain
    about = Html(
        html.lines(
            _named(shown),
            html.row(equality, "", proof, quiet=True),
            html.remark(f"Holds for {domain}."),
        ),
        f"{shown.name}: {shown.pattern} = {shown.replacement}    [{proof}] for "
        f"{domain}\n{shown.why}",
    )
    return below([about, failures(shown)]) if shown.fails else about


def failures(shown: Rewrite, dtypes: Sequence[str] = ("float32", "float64")) -> Html:
    """Both sides of a rewrite where the left one fails, with the truth and the errors in ULP."""
    rows = []
    for failure in shown.fails:
        for dtype in dtypes:
            t = trial(shown, failure, dtype)
            # A space that does not break, so that a narrow column breaks between the letters only.
            at = ", ".join(
                f"{'i' if a == EACH else a}\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{failure.text(a)}"
                for a in failure.at
            )
            values = (f"{t.written:.8g}", f"{t.stabilised:.8g}", nstr(t.truth, 8))
            errors = (ulps(got, t.truth, dtype) for got in (t.written, t.stabilised))
            rows.append((at, dtype, *values, *errors))
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
