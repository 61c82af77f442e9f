"""What is measured where: not every pair makes sense, and the whole has to end in ten minutes on two cores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .workloads import LOSSES

SWEEPS = ("classes", "rows")
LARGE = ("detection", "segmentation", "classification", "vocabulary")
SOFTMAX = ("softmax_focal", "cross_entropy_index", "cross_entropy", "softmax_mse")
SIGMOID = ("sigmoid_focal", "binary_cross_entropy", "sigmoid_mse", "mse")
FIRST = ("softmax_focal", "cross_entropy_index", "sigmoid_focal", "binary_cross_entropy")
EVERYWHERE = FIRST[:3]  # the losses that are measured in every setting
WORKLOADS = {  # the cheap ones first, for time may run out
    "tiny": LOSSES,
    "classes": SOFTMAX[:2],
    "rows": SOFTMAX[:2],
    "segmentation": SOFTMAX,
    "vocabulary": SOFTMAX[:2],
    "classification": SOFTMAX,
    "detection": SIGMOID,
}

# loss: who has it. Whoever lacks it is not asked.
PEERS = {
    "softmax_focal": ("torch", "torch compiled", "kornia", "MONAI"),
    "cross_entropy_index": ("torch", "torch compiled", "optax"),
    "cross_entropy": ("torch", "optax"),
    "softmax_mse": ("torch",),
    "sigmoid_focal": ("torchvision", "torchvision compiled", "kornia", "MONAI", "fvcore", "optax"),
    "binary_cross_entropy": ("torch", "torch compiled", "optax"),
    "sigmoid_mse": ("torch",),
    "mse": ("torch", "optax"),
}
# A hundred copies of the logits and more: seconds for each call. Measured in one setting only, on their own ground.
SLOW = dict.fromkeys(("MONAI", "fvcore", "kornia"), ("detection", "segmentation", "tiny"))
GENERATED = ("ours torch", "ours NumPy", "ours compiled")
# Tens of copies: not where one copy takes a tenth of a second.
GENERATED_ON = {"ours NumPy": ("detection", "tiny"), "ours torch": (*LARGE[:3], "tiny")}


@dataclass(frozen=True)
class Setting:
    """How a process runs. kernels: whether ours are compiled kernels, or the generated code. seconds: after which it
    begins nothing new.
    """

    threads: int
    allocator: str = "default"
    kernels: bool = True
    seconds: float = 60

    @property
    def usual(self) -> bool:
        """The one in which everything is measured."""
        return self.threads == 2 and self.allocator == "default"


SETTINGS = (
    Setting(2, seconds=270),
    Setting(2, "reuse", seconds=70),
    Setting(1, seconds=80),
    Setting(1, "reuse", seconds=45),
    Setting(2, kernels=False, seconds=45),
)
SMOKE_SETTINGS = (Setting(2, seconds=40), Setting(2, kernels=False, seconds=10))


@dataclass(frozen=True)
class Group:
    """One loss in one workload: what is measured in the same rounds, for so many seconds beyond the warm-up."""

    workload: str
    loss: str
    implementations: tuple[str, ...]
    rounds: int
    seconds: float


def groups(setting: Setting, smoke: bool) -> Iterator[Group]:
    """All that a process in this setting measures, what matters most first."""
    pairs = [(workload, loss) for workload, losses in WORKLOADS.items() for loss in losses]
    for workload, loss in sorted(pairs, key=lambda pair: pair[1] not in FIRST):
        if found := _implementations(workload, loss, setting, smoke):
            sweep = workload in SWEEPS
            rounds = 3 if smoke else 9
            seconds = (
                (0.3 if smoke else 0.7) if sweep or workload == "tiny" else (0.5 if smoke else 1.5)
            )
            yield Group(workload, loss, found, rounds, seconds)


def _implementations(workload: str, loss: str, setting: Setting, smoke: bool) -> tuple[str, ...]:
    if smoke and not (loss in FIRST[1:3] or (workload == "tiny" and setting.kernels)):
        return ()
    if not setting.kernels:
        if workload in SWEEPS or not (loss in FIRST or workload == "tiny"):
            return ()
        if smoke and workload not in ("segmentation", "tiny"):
            return ()
        found = [name for name in GENERATED if workload in GENERATED_ON.get(name, WORKLOADS)]
        return tuple(name for name in found if _compiles(name, workload, loss, smoke))
    if workload in SWEEPS:
        if setting.allocator != "default" or (
            setting.threads == 1 and (workload, loss) != ("classes", "cross_entropy_index")
        ):
            return ()
        return ("ours native", "torch") if loss == "cross_entropy_index" else ("ours native",)
    if not setting.usual and (
        loss not in EVERYWHERE or (workload, loss) == ("vocabulary", "softmax_focal")
    ):
        return ()
    found = [n for n in PEERS[loss] if n not in SLOW or (setting.usual and workload in SLOW[n])]
    once = (
        workload == "segmentation" and loss == "cross_entropy_index"
    )  # XLA takes many seconds to compile it
    if setting.threads == 1 or (once and (smoke or not setting.usual)):
        found = [n for n in found if n != "optax"]
    if smoke:
        found = [n for n in found if n not in ("MONAI", "fvcore")]
    return ("ours native", *(n for n in found if _compiles(n, workload, loss, smoke)))


def _compiles(name: str, workload: str, loss: str, smoke: bool) -> bool:
    """Whether torch.compile's seconds are spent on it."""
    if not name.endswith("compiled"):
        return True
    if smoke:
        return workload == "segmentation" and not name.startswith("ours")
    return loss in FIRST and (workload != "tiny" or loss == "cross_entropy_index")
