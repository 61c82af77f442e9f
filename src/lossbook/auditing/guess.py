"""An adapter from a signature: what the arguments are called says what they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from ..losses import Loss
from .adapters import Adapter, AdapterError
from .parameters import names_of

LOGITS = (
    "logits logit inputs input x z pred preds predictions prediction y_pred output outputs scores"
).split()
TARGETS = "targets target labels label y y_true true gt ground_truth truth".split()
NAMES = {
    "gamma": "gamma focusing focal_gamma focus".split(),
    "alpha": "alpha balance focal_alpha".split(),
    "class_weights": "weight weights class_weight class_weights".split(),
    "pos_weight": "pos_weight positive_weight".split(),
    "label_smoothing": "label_smoothing smoothing smooth_factor".split(),
}
REDUCTION = "reduction reduce_mode".split()
IGNORE = "ignore_index ignore ignored_index".split()
AXIS = "axis dim class_axis".split()


def guess(function: Callable, loss: Loss, order: tuple[str, str] | None = None) -> Adapter:
    """An adapter for the function by the names in its signature; targets are as the loss's own."""
    constructed = inspect.isclass(function)
    called = _signature(
        _call_of(function) if constructed or not _plain(function) else function, loss
    )
    places = [p for p in called if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    order = order or _order(places, loss)
    options = _signature(function, loss) if constructed else called
    known = names_of(loss)
    parameters = {ours: found for ours, names in NAMES.items() if (found := _named(options, names))}
    parameters = {ours: name for ours, name in parameters.items() if ours in known}
    ignore_index = _named(options, IGNORE)
    default = {p.name: p.default for p in options}
    ignored = default.get(ignore_index)
    return Adapter(
        name="guessed from the signature",
        order=order,
        targets={None: "none", "real": "float"}.get(loss.target, "index"),
        parameters=parameters,
        reduction=_named(options, REDUCTION),
        ignore_index=ignore_index,
        ignored=ignored if isinstance(ignored, int) else None,
        constructed=constructed,
    )


def _plain(function) -> bool:
    return inspect.isroutine(function) or not hasattr(function, "forward")


def _call_of(function):
    for name in ("forward", "call"):
        if callable(getattr(function, name, None)):
            return getattr(function, name)
    return function.__call__


def _signature(function, loss: Loss) -> list[inspect.Parameter]:
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise AdapterError(
            f"the signature of {function!r} cannot be read ({error}); name an adapter, such as "
            "adapter='torch'"
        ) from None
    return [p for p in found if p.name != "self"]


def _named(parameters: list[inspect.Parameter], names: list[str]) -> str | None:
    allowed = {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    return next((n for n in names if n in allowed), None)


def _order(places: list[inspect.Parameter], loss: Loss) -> tuple[str, str]:
    names = [p.name for p in places]
    if loss.is_activation:
        if not names:
            raise AdapterError(
                f"expected a function of logits, its signature has ({', '.join(names)})"
            )
        return ("logits", "targets")
    first = [("logits" if n in LOGITS else "targets" if n in TARGETS else None) for n in names[:2]]
    if len(first) < 2 or None in first or first[0] == first[1]:
        raise AdapterError(
            "cannot tell logits from targets in the signature "
            f"({', '.join(names) or 'no positional arguments'}): "
            f"expected two first arguments with names such as {LOGITS[0]}, {LOGITS[2]} and "
            f"{TARGETS[0]}, {TARGETS[2]}; "
            "give the order, order=('logits', 'targets'), or an adapter"
        )
    return (first[0], first[1])
