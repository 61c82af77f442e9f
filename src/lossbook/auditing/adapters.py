"""How an implementation is called: the order and form of its arguments, and their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

TARGETS = ("index", "one-hot", "float", "none")
OURS = ("gamma", "alpha", "class_weights", "pos_weight", "label_smoothing")


class AdapterError(ValueError):
    """The call cannot be adapted. The message says what was seen and what to write."""


@dataclass(frozen=True)
class Adapter:
    """How to call an implementation.

    Attributes:
        name: of the adapter.
        order: which of "logits" and "targets" comes first.
        keywords: the same two, where they are passed by keyword.
        targets: "index" (class numbers, without the class axis), "one-hot" (the shape of logits),
            "float" (numbers of the shape of logits, for single outputs), "none" (an activation).
        class_axis: where the classes are, in logits of more than one axis.
        columns: whether N single outputs go in as (N, 1).
        parameters: our name of a parameter to theirs. Our names: "gamma", "alpha" (a number),
            "class_weights" (one for each class), "pos_weight", "label_smoothing".
        neutral: what to pass, under their names, so that a parameter has no effect, where leaving
            it out does not do that.
        reduction: their name of it, None where there is none.
        reductions: "none", "mean" and "sum" to what they call them, without those they lack.
        ignore_index: their name of it, None where there is none.
        fixed: more keywords, the same in every call.
        constructed: whether options go to the constructor of a class, whose instance is called.
        ignored: the class number that is ignored by default, None for none.
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

    def __post_init__(self):
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

    def with_(self, **changes) -> Adapter:
        """A copy with some fields changed; mappings are merged."""
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


_REDUCED = {"reduction": "reduction"}
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
            **_REDUCED,
        ),
        Adapter(
            "torch-elements", targets="float", parameters={"pos_weight": "pos_weight"}, **_REDUCED
        ),
        Adapter(
            "torchvision",  # and fvcore
            targets="float",
            parameters={"gamma": "gamma", "alpha": "alpha"},
            **_REDUCED,
        ),
        Adapter(
            "lossbook",
            parameters={"gamma": "gamma", "class_weights": "alpha", "alpha": "alpha"},
            ignore_index="ignore_index",
            ignored=-100,
            **_REDUCED,
        ),
        Adapter(
            "kornia",
            parameters={"gamma": "gamma", "alpha": "alpha", "class_weights": "weight"},
            neutral={"alpha": None},
            ignore_index="ignore_index",
            ignored=-100,
            **_REDUCED,
        ),
        Adapter(
            "monai",
            targets="one-hot",
            constructed=True,
            parameters={"gamma": "gamma", "alpha": "alpha", "class_weights": "weight"},
            fixed={"use_softmax": True},
            **_REDUCED,
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
            **_REDUCED,
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
            **_REDUCED,
        ),
        Adapter(
            "smp",
            targets="float",
            constructed=True,
            parameters={"gamma": "gamma", "alpha": "alpha"},
            fixed={"mode": "binary"},
            **_REDUCED,
        ),
    )
}


def adapter(name: str) -> Adapter:
    """The ready-made adapter of that name."""
    if name not in ADAPTERS:
        raise AdapterError(
            f"no adapter is called {name!r}; there are {', '.join(ADAPTERS)}, or leave it out to "
            "guess"
        )
    return ADAPTERS[name]
