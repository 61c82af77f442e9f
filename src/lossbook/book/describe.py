"""What the playground shows of a loss: its sliders, its derivation, its code.

The loss is a registered one, or one that a reader typed.
"""

from __future__ import annotations

from sympy import Expr, Indexed, IndexedBase, Symbol

from ..calculus.html import derivation_html, math_block
from ..calculus.latex import to_latex
from ..codegen import TARGETS, LoweringError, source
from ..codegen.inputs import inputs_of
from ..exercises import ParseError, parse
from ..expr.hypotheses import Simplex
from ..expr.indices import free_indices
from ..expr.nodes import bound_indices
from ..losses import Loss, Parameter
from ..notation import K, entry_of, j, logit, prediction, t, target, text_of, y, z

__all__ = ["curvature", "derive", "describe", "own", "written"]

# The range of a slider: least, largest, step, and where it starts. Of a parameter for each class,
# the slider moves that of the true class.
RANGES = {
    "gamma": (0, 5, 0.1, 2),
    "alpha": (0.05, 0.95, 0.05, 0.25),
    "label_smoothing": (0, 1, 0.05, 0.1),
    "pos_weight": (0.1, 10, 0.1, 1),
}
PER_CLASS = (0.1, 5, 0.1, 1)
OWN = "own"
REFUSALS = (ParseError, LoweringError, NotImplementedError, ValueError)


def describe(loss: Loss) -> dict:
    """What the page's script has to know of a loss: input, target, and parameters with ranges."""
    symbols = inputs_of(loss).by_symbol
    meanings = {p.symbol: p.meaning for p in loss.parameters}
    parameters = []
    for symbol, argument in symbols.items():
        if argument.keyword:
            each, text = argument.role == "per class", text_of(symbol)
            least, most, step, start = PER_CLASS if each else RANGES[argument.name]
            meaning = "weight of the true class; the others weigh 1" if each else meanings[symbol]
            name = {"each": each, "name": argument.name, "symbol": f"{text}ₜ" if each else text}
            parameters.append(
                name | {"meaning": meaning, "range": [least, most, step], "start": start}
            )
    has_targets = any(a.name == "targets" for a in symbols.values())
    return {
        "name": loss.name,
        "title": loss.title,
        "kind": "row"
        if isinstance(loss.wrt, Indexed)
        else "logit"
        if loss.wrt == logit
        else "output",
        "target": loss.target if has_targets else None,
        "parameters": parameters,
    }


def written(loss: Loss) -> dict[str, str]:
    """The equation of a loss and the derivation of its gradient, as HTML."""
    return {
        "equation": math_block(to_latex(loss.expr)),
        "derivation": derivation_html(loss.derivation()),
    }


def own(text: str) -> Loss:
    """The loss that a reader typed.

    Raises:
        ParseError: if the text is no formula.
        ValueError: if the formula is no loss of one row or one output.
    """
    expr = parse(text)
    wrt = _differentiated(expr)
    indices = set(free_indices(expr)) - {K}
    if isinstance(wrt, Indexed) and indices - {t}:
        raise ValueError(
            f"the class {', '.join(sorted(map(str, indices - {t})))} is not said: sum over it, or "
            "write t"
        )
    kind = "real" if isinstance(wrt, Symbol) else "class index" if t in indices else "probabilities"
    if kind == "class index" and expr.has(y):
        raise ValueError("a loss has one target: the class t or the probabilities y")
    found = sorted(_letters(expr) - {z, y, t, K, logit, prediction, target}, key=str)
    for symbol in found:
        if entry_of(symbol) is None or entry_of(symbol).code not in (*RANGES, "weight"):
            raise ValueError(f"{text_of(symbol)} is no parameter here; there are α, β, γ, ε and w")
    parameters = tuple(Parameter(s, entry_of(s).domain, entry_of(s).meaning) for s in found)
    given = (Simplex(y),) if expr.has(y) else ()
    return Loss(
        name=OWN,
        title="Your own loss",
        expr=expr,
        wrt=wrt,
        target=kind,
        reference="",
        parameters=parameters,
        given=given,
    )


def _differentiated(expr: Expr) -> Expr:
    """What a loss is a function of: the one of the three that is in it."""
    found = [s for s in (z, logit, prediction) if expr.has(s)]
    if len(found) != 1:
        problem = "it uses more than one of" if found else "it uses none of"
        raise ValueError(
            f"{problem}: the logits z[k] or probabilities p[k] of a row, one logit z, one "
            "prediction x"
        )
    return z[j] if found == [z] else found[0]


def _letters(expr: Expr) -> set[Expr]:
    """The symbols and indexed bases of an expression, without bound indices."""
    bases = expr.atoms(IndexedBase)
    return bases | (expr.free_symbols & expr.atoms(Symbol)) - {
        b.label for b in bases
    } - bound_indices(expr)


def derive(text: str) -> dict:
    """A reader's loss up to its gradient, for the page.

    Returns:
        {"loss", "equation", "derivation", "code"}, or {"error"}.
    """
    try:
        loss = own(text)
        return {"loss": describe(loss), **written(loss), "code": _code(loss, "gradient")}
    except REFUSALS as error:
        return {"error": str(error)}


def curvature(text: str) -> dict:
    """The code of a reader's loss with the Hessian, which can take a minute.

    Returns:
        {"code"}, or {"error"}.
    """
    try:
        return {"code": _code(own(text), None)}
    except (
        *REFUSALS,
        TypeError,
    ) as error:  # such as the second derivative of |x|, which is unknown
        return {"error": str(error)}


def _code(loss: Loss, last: str | None) -> dict[str, str]:
    return {target: source(loss, target, last) for target in TARGETS}
