"""How an implementation is called: the order, the form and the names of its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

TARGETS = ("index", "one-hot", "float", "none")
OURS = ("gamma", "alpha", "class_weights", "pos_weight", "label_smoothing")


class AdapterError(ValueError):
    """The call cannot be adapted. The message says what was seen and what to write."""


@dataclass(frozen=True)
class Adapter:
    """How to call an implementation.

    Attributes:
        name: The name of the adapter.
        order: "logits" and "targets", in the order of the arguments.
        keywords: The keywords of the same two, where they are passed by keyword.
        targets: "index" (class indices, without the class axis), "one-hot" (the shape of the
            logits), "float" (numbers of the shape of the logits, for losses of single outputs) or
            "none" (an activation).
        class_axis: The class axis, in logits of more than one axis.
        columns: Whether N single outputs are passed as an array of shape (N, 1).
        parameters: From our name of a parameter to theirs. Our names are "gamma", "alpha" (a
            number), "class_weights" (one for each class), "pos_weight" and "label_smoothing".
        neutral: What to pass, under their names, so that a parameter has no effect, where leaving
            it out is not enough.
        reduction: Their name of the reduction, or None.
        reductions: From "none", "mean" and "sum" to what they call them; what is missing is left
            out.
        ignore_index: Their name of the ignored class index, or None.
        fixed: Keywords that are the same in every call.
        constructed: Whether options go to the constructor of a class, whose instance is then called
            with logits and targets.
        ignored: The class index that is ignored when `ignore_index` is not passed, or None.

    Raises:
        AdapterError: A field has no known value.
    """

    name: str = "custom"
    order: tuple[str, str] = ("logits", "targets")
    keywords: tuple[str, str] | None = None
    targets: str = "index"
    class_axis: int = 1
    columns: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    neutral: Mapping[str, object] = field(default_factory=dict)
    reduction: str | None = None
    reductions: Mapping[str, object] = field(
        default_factory=lambda: {"none": "none", "mean": "mean", "sum": "sum"}
    )
    ignore_index: str | None = None
    fixed: Mapping[str, object] = field(default_factory=dict)
    constructed: bool = False
    ignored: int | None = None

    def __post_init__(self) -> None:
        if sorted(self.order) != ["logits", "targets"]:
            raise AdapterError(
                f"order is {self.order!r}; expected 'logits' and 'targets', in either order"
            )
        if self.targets not in TARGETS:
            raise AdapterError(f"targets is {self.targets!r}; expected one of {', '.join(TARGETS)}")
        unknown = set(self.parameters) - set(OURS)
        if unknown:
            raise AdapterError(
                f"parameters has {sorted(unknown)[0]!r}; expected names among {', '.join(OURS)}"
            )

    def with_(self, **changes: Any) -> Adapter:
        """Return a copy with some fields changed. Mappings are merged.

        Args:
            **changes: New values of fields, by name.
        """
        for key in ("parameters", "neutral", "fixed"):
            if key in changes:
                changes[key] = {**getattr(self, key), **changes[key]}
        return replace(self, **changes)

    def __str__(self) -> str:
        """The call as one would write it."""
        words = {
            "logits": "logits",
            "targets": {"none": "", "float": "targets"}.get(self.targets, self.targets),
        }
        inner = ", ".join(filter(None, (words[o] for o in self.order)))
        names = [*self.parameters.values(), *filter(None, (self.reduction, self.ignore_index))]
        options = [f"{n}=…" for n in dict.fromkeys(names) if n not in self.fixed]
        options += [
            f"{k}={v!r}"
            for k, v in {**self.neutral, **self.fixed}.items()
            if f"{k}=…" not in options
        ]
        axis = (
            "" if self.targets in ("float", "none") else f", classes along axis {self.class_axis}"
        )
        if self.constructed:
            return f"F({', '.join(options)})({inner}){axis}"
        return f"f({', '.join([inner, *options])}){axis}"


ADAPTERS: dict[str, Adapter] = {
    a.name: a
    for a in (
        Adapter("index"),
        Adapter("one-hot", targets="one-hot"),
        Adapter("elements", targets="float"),
        Adapter("activation", targets="none"),
        Adapter(
            "torch",  # torch.nn.functional.cross_entropy
            parameters={"class_weights": "weight", "label_smoothing": "label_smoothing"},
            ignore_index="ignore_index",
            ignored=-100,
            reduction="reduction",
        ),
        Adapter(
            "torch-elements",
            targets="float",
            parameters={"pos_weight": "pos_weight"},
            reduction="reduction",
        ),
        Adapter(
            "torchvision",  # and fvcore
            targets="float",
            parameters={"gamma": "gamma", "alpha": "alpha"},
            reduction="reduction",
        ),
        Adapter(
            "lossbook",
            parameters={"gamma": "gamma", "class_weights": "alpha", "alpha": "alpha"},
            ignore_index="ignore_index",
            ignored=-100,
            reduction="reduction",
        ),
        Adapter(
            "kornia",
            parameters={"gamma": "gamma", "alpha": "alpha", "class_weights": "weight"},
            neutral={"alpha": None},
            ignore_index="ignore_index",
            ignored=-100,
            reduction="reduction",
        ),
        Adapter(
            "monai",
            targets="one-hot",
            constructed=True,
            parameters={"gamma": "gamma", "alpha": "alpha", "class_weights": "weight"},
            fixed={"use_softmax": True},
            reduction="reduction",
        ),
        Adapter(
            "keras",
            order=("targets", "logits"),
            targets="one-hot",
            class_axis=-1,
            constructed=True,
            parameters={"gamma": "gamma", "alpha": "alpha"},
            neutral={"alpha": 1.0},
            fixed={"from_logits": True},
            reductions={"none": "none", "mean": "sum_over_batch_size", "sum": "sum"},
            reduction="reduction",
        ),
        Adapter("optax", class_axis=-1),
        Adapter("optax-elements", targets="float", parameters={"gamma": "gamma", "alpha": "alpha"}),
        Adapter(
            "keras-elements",
            order=("targets", "logits"),
            targets="float",
            constructed=True,
            parameters={"gamma": "gamma", "alpha": "alpha"},
            fixed={"from_logits": True, "apply_class_balancing": True},
            reductions={"none": "none", "mean": "sum_over_batch_size", "sum": "sum"},
            reduction="reduction",
        ),
        Adapter(
            "smp",
            targets="float",
            constructed=True,
            parameters={"gamma": "gamma", "alpha": "alpha"},
            fixed={"mode": "binary"},
            reduction="reduction",
        ),
    )
}


def adapter(name: str) -> Adapter:
    """Return the ready-made adapter of a name."""
    if name not in ADAPTERS:
        raise AdapterError(
            f"no adapter is called {name!r}; there are {', '.join(ADAPTERS)}, or leave it out to "
            "guess"
        )
    return ADAPTERS[name]
