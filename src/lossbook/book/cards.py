"""Summary cards: what the registry knows of a loss, on one card, with its special cases as theorems."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import cache
from html import escape
from pathlib import Path

from sympy import Expr, Rational, S, Symbol, exp, limit, log, oo

from .. import losses
from ..calculus.derivation import Derivation
from ..expr.hypotheses import OneHot, Size
from ..expr.nodes import Diff, Sum, Vec
from ..losses import Loss
from ..notation import (
    K,
    alpha,
    gamma,
    i,
    j,
    k,
    logit,
    p,
    prediction,
    sigmoid,
    softmax,
    softplus,
    t,
    target,
    y,
    z,
)
from . import show
from .show import Html, Theorem, theorem

FRONT_SUFFIXES = ("_with_logits", "_loss", "_index")
TWO = [Size(K, 2)]
Cases = Callable[[], tuple[Theorem, ...]]


def stem(name: str) -> str:
    """The name that a loss and its public functions share: mse_loss and mse, cross_entropy_index and cross_entropy."""
    for suffix in ("_with_grad", *FRONT_SUFFIXES):
        name = name.removesuffix(suffix)
    return name


def code_names(loss: Loss) -> tuple[str, ...]:
    """The public functions that compute a loss, as `module.function`."""
    return tuple(
        f"lossbook.{module}.{name}"
        for module in ("numpy", "torch")
        for name in _public(module)
        if name.islower() and stem(name) == stem(loss.name)
    )


@cache
def _public(module: str) -> tuple[str, ...]:
    """`__all__` of a front, read and not imported: torch may not be there."""
    tree = ast.parse((Path(__file__).parents[1] / module / "__init__.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return tuple(ast.literal_eval(node.value))
    raise ValueError(f"lossbook.{module} has no __all__")


def evidence(derivation: Derivation) -> str:
    """How well a derivation is backed."""
    lines = len(derivation) - 1
    return f"{lines} steps, all proved" if derivation.proved else f"{lines} steps, not all proved"


def limits(loss: Loss) -> list[tuple[str, Expr]]:
    """SymPy's limits of the loss of a single logit and of its gradient, where the logit is large."""
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
            rows.append((f"{what}{given}, z → -∞", limit(one, x, oo)))
            rows.append((f"{what}{given}, z → ∞", limit(one, x, 0, "+")))
    return rows


def _sigmoid():
    s = sigmoid(logit)
    return (
        theorem(s + sigmoid(-logit), 1, rule="symmetry"),
        theorem(log(s / (1 - s)), logit, rule="it undoes the log-odds"),
    )


def _softmax():
    return (
        theorem(Sum(p(k), (k, 1, K)), 1, rule="a distribution"),
        theorem(p(2), sigmoid(z[2] - z[1]), given=TWO, rule="two classes"),
        theorem(softmax(Vec(z[k] + logit, k, K), i), p(i), rule="a constant added to all logits"),
    )


def _log_softmax():
    return (theorem(log(p(i)), z[i] - log(Sum(exp(z[k]), (k, 1, K))), rule="log-sum-exp"),)


def _cross_entropy():
    return (
        theorem(
            losses.get("cross_entropy").plain,
            -log(p(t)),
            given=[OneHot(y, t)],
            rule="one true class",
        ),
        theorem(
            Sum(losses.get("cross_entropy_index").derivation().result, (j, 1, K)),
            0,
            rule="the gradient's sum",
        ),
    )


def _cross_entropy_index():
    return (theorem(-log(p(2)), softplus(z[1] - z[2]), given=TWO, rule="two classes, t = 2"),)


def _binary_cross_entropy():
    loss = losses.get("binary_cross_entropy").plain
    return (
        theorem(loss, softplus(logit) - target * logit, rule="by softplus"),
        theorem(
            loss.xreplace({logit: -logit, target: 1 - target}), loss, rule="the classes exchanged"
        ),
        theorem(
            -log(p(2)),
            loss.xreplace({logit: z[2] - z[1], target: S.One}),
            given=TWO,
            rule="two softmax classes",
        ),
    )


def _mse():
    loss = losses.get("mse").plain
    return (
        theorem(loss.xreplace({prediction: target, target: prediction}), loss, rule="symmetry"),
    )


def _sigmoid_mse():
    loss = losses.get("sigmoid_mse")
    return (
        theorem(loss.plain.xreplace({target: S.One}), sigmoid(-logit) ** 2, rule="y = 1"),
        theorem(
            loss.plain.xreplace({logit: -logit, target: 1 - target}),
            loss.plain,
            rule="the classes exchanged",
        ),
    )


def _softmax_mse():
    loss = losses.get("softmax_mse").plain
    squares = Sum(p(k) ** 2, (k, 1, K))
    binary = losses.get("sigmoid_mse").plain.xreplace({logit: z[2] - z[1], target: S.One})
    return (
        theorem(loss, 1 - 2 * p(t) + squares, given=[OneHot(y, t)], rule="one true class"),
        theorem(
            (p(1) - 0) ** 2 + (p(2) - 1) ** 2, 2 * binary, given=TWO, rule="two classes, y = (0, 1)"
        ),
    )


def _sigmoid_focal():
    loss, cross = losses.get("sigmoid_focal").expr, losses.get("binary_cross_entropy").plain
    half = {gamma: S.Zero, alpha: Rational(1, 2)}
    exchanged = {logit: -logit, target: 1 - target, alpha: 1 - alpha}
    return (
        theorem(loss.xreplace(half), cross / 2, rule="γ = 0, α = 1/2: half of cross entropy"),
        theorem(loss.xreplace(exchanged), loss, rule="the classes exchanged"),
    )


def _softmax_focal():
    loss = losses.get("softmax_focal")
    gradient = loss.derivation().result
    cross = losses.get("cross_entropy_index").derivation().result
    binary = losses.get("sigmoid_focal").expr.xreplace(
        {logit: z[2] - z[1], target: S.One, alpha: S.One}
    )
    return (
        theorem(
            Diff(loss.plain.xreplace({gamma: S.Zero}), z[j]),
            cross,
            rule="γ = 0: gradient of cross entropy",
        ),
        theorem(
            -((1 - p(2)) ** gamma) * log(p(2)),
            binary,
            given=TWO,
            rule="two classes, t = 2, no weights",
        ),
        theorem(Sum(gradient, (j, 1, K)), 0, rule="the gradient's sum"),
    )


SPECIAL: dict[str, Cases] = {
    "binary_cross_entropy": _binary_cross_entropy,
    "cross_entropy": _cross_entropy,
    "cross_entropy_index": _cross_entropy_index,
    "log_softmax": _log_softmax,
    "mse": _mse,
    "sigmoid": _sigmoid,
    "sigmoid_focal": _sigmoid_focal,
    "sigmoid_mse": _sigmoid_mse,
    "softmax": _softmax,
    "softmax_focal": _softmax_focal,
    "softmax_mse": _softmax_mse,
}


def special_cases(loss: Loss) -> tuple[Theorem, ...]:
    """The special cases that are on record for a loss, judged now."""
    return SPECIAL[loss.name]() if loss.name in SPECIAL else ()


def card(loss: Loss) -> Html:
    """A loss on one card: conventions, gradient, second derivative, special cases, limits, code."""
    first, second = loss.derivation(), loss.derivation(order=2)
    derived = show.table(
        ("derivative", "result", "evidence"),
        [("first", first.result, evidence(first)), ("second", second.result, evidence(second))],
    )
    parts = [show.card(loss), derived]
    cases = special_cases(loss)
    body = "".join(show.titled(case).html for case in cases)
    parts.append(Html(body, "\n".join(map(repr, cases))))
    rows = limits(loss)
    if rows:
        parts.append(
            show.table(
                (f"limit{' for γ = 2, α = 1/4' if loss.expr.has(gamma) else ''}", "value"), rows
            )
        )
    names = code_names(loss)
    code = ", ".join(f"<code>{escape(n)}</code>" for n in names) or "no public function of its own"
    parts.append(Html(f"<p>Code: {code}</p>", "code: " + (", ".join(names) or "none")))
    return Html("".join(part.html for part in parts), "\n".join(part.text for part in parts))


def overview(names: Iterable[str]) -> Html:
    """Equation and gradient of each loss, with a link to its card."""
    rows = []
    for loss in map(losses.get, names):
        link = f'<a href="#card-{loss.name.replace("_", "-")}">{escape(loss.title)}</a>'
        rows.append((Html(link, loss.title), loss.plain, loss.wrt, loss.derivation().result))
    return show.table(("", "equation", "by", "gradient"), rows)
