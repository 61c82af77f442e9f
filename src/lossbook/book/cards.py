"""Summary cards: a loss on one card, with its special cases proved."""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Expr, Rational, S, Symbol, limit, oo

from .. import losses
from ..calculus.derivation import Derivation
from ..calculus.html import summary
from ..calculus.latex import latex_together
from ..calculus.markup import Markup, element
from ..losses import Loss
from ..notation import alpha, gamma, logit, sigmoid, target
from . import show
from .show import Html, ProvedEquality, theorem


def code_names(loss: Loss) -> tuple[str, ...]:
    """The public functions that compute a loss, as `module.function`."""
    if loss.function is None:
        return ()
    with_grad = () if loss.is_activation else (f"lossbook.numpy.{loss.function}_with_grad",)
    return (f"lossbook.numpy.{loss.function}", *with_grad, f"lossbook.torch.{loss.function}")


def evidence(derivation: Derivation) -> str:
    """How well a derivation is backed."""
    return summary(step.evidence for step in derivation.steps[1:])


def limits(loss: Loss) -> list[tuple[str, Expr]]:
    """Limits of the loss of a single logit and of its gradient where the logit is large."""
    if loss.wrt != logit:
        return []
    x = Symbol("x", positive=True)  # exp(-z): SymPy knows no limit of the sigmoid
    chosen = {gamma: S(2), alpha: Rational(1, 4), sigmoid(logit): 1 / (1 + x)}
    rows = []
    for what, expr in (
        ("value" if loss.is_activation else "loss", loss.plain),
        ("gradient", loss.derivation().result),
    ):
        for at in (S.Zero, S.One) if expr.has(target) else (None,):
            one = expr.xreplace(chosen if at is None else chosen | {target: at})
            given = "" if at is None else f" at y = {at}"
            rows.append((f"{what}{given}, z → −∞", limit(one, x, oo)))
            rows.append((f"{what}{given}, z → ∞", limit(one, x, 0, "+")))
    return rows


def special_cases(loss: Loss) -> tuple[ProvedEquality, ...]:
    """The special cases of a loss, proved now. Raises `NotEqualError` for one that is false."""
    cases = loss.special_cases() if loss.special_cases else ()
    return tuple(theorem(c.left, c.right, given=c.given, rule=c.name) for c in cases)


def card(loss: Loss) -> Html:
    """A loss on one card: conventions, gradient, second derivative, special cases, limits, code."""
    first, second = loss.derivation(), loss.derivation(order=2)
    latex_together(loss.expr, loss.wrt, first.result, second.result)  # refuses one letter for two
    derived = show.table(
        ("derivative", "result", "evidence"),
        [("first", first.result, evidence(first)), ("second", second.result, evidence(second))],
    )
    parts = [show.card(loss), derived]
    cases = special_cases(loss)
    parts.append(show.below(map(show.titled, cases)))
    rows = limits(loss)
    if rows:
        parts.append(
            show.table(
                (f"limit{' for γ = 2, α = 1/4' if loss.expr.has(gamma) else ''}", "value"), rows
            )
        )
    names = code_names(loss)
    code = Markup(", ".join(element("code", name) for name in names))
    shown = element("p", "Code: ", code or "no public function of its own")
    parts.append(Html(shown, "code: " + (", ".join(names) or "none")))
    return show.below(parts)


def overview(names: Iterable[str]) -> Html:
    """Equation and gradient of each loss, with a link to its card."""
    rows = []
    for loss in map(losses.get, names):
        link = element("a", loss.title, href=f"#card-{loss.name.replace('_', '-')}")
        rows.append((Html(link, loss.title), loss.plain, loss.wrt, loss.derivation().result))
    return show.table(("", "equation", "with respect to", "gradient"), rows)
