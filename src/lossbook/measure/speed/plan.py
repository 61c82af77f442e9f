"""What is measured where: not every pair makes sense, and all of it takes ten minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .peers import BUILT_IN, COMPILES_SLOWLY, PEERS, SLOW
from .targets import SMOKE_LOSSES, TARGET_LOSSES
from .workloads import LARGE, SWEEPS, WORKLOADS, losses_of

GENERATED = ("ours torch", "ours NumPy", "ours compiled")
# They take tens of copies, and are left out where one copy takes a tenth of a second.
GENERATED_ON = {"ours NumPy": ("detection", "tiny"), "ours torch": (*LARGE[:3], "tiny")}


@dataclass(frozen=True)
class Setting:
    """How a process runs.

    Attributes:
        threads: of torch, OpenMP and our kernels.
        allocator: "default", or "reuse" where freed memory stays with the process.
        kernels: whether ours are compiled kernels, or the generated code.
        seconds: after which the process begins nothing new.
    """

    threads: int
    allocator: str = "default"
    kernels: bool = True
    seconds: float = 60

    @property
    def usual(self) -> bool:
        """Whether this is the setting in which everything is measured."""
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
    """One loss in one workload: what is measured in the same rounds, for so many seconds."""

    workload: str
    loss: str
    implementations: tuple[str, ...]
    rounds: int
    seconds: float


def peers_of(loss: str) -> tuple[str, ...]:
    """Other people's implementations of a loss."""
    return PEERS.get(loss, ())


def has_compiled_peer(loss: str) -> bool:
    """Whether some peer is compiled: then torch.compile's seconds are spent on a loss."""
    return any(name.endswith("compiled") for name in peers_of(loss))


def groups(setting: Setting, smoke: bool) -> Iterator[Group]:
    """All that a process in this setting measures, what matters most first."""
    pairs = [(workload, loss) for workload in WORKLOADS for loss in losses_of(workload)]
    for workload, loss in sorted(pairs, key=lambda pair: not has_compiled_peer(pair[1])):
        if found := _implementations(workload, loss, setting, smoke):
            quick = workload in SWEEPS or workload == "tiny"
            seconds = (0.3 if quick else 0.5) if smoke else (0.7 if quick else 1.5)
            yield Group(workload, loss, found, 3 if smoke else 9, seconds)


def _implementations(workload: str, loss: str, setting: Setting, smoke: bool) -> tuple[str, ...]:
    if smoke and not (loss in SMOKE_LOSSES or (workload == "tiny" and setting.kernels)):
        return ()
    if not setting.kernels:
        return _generated(workload, loss, smoke)
    if workload in SWEEPS:
        return _in_sweep(workload, loss, setting)
    if not setting.usual and (
        loss not in TARGET_LOSSES or (workload == "vocabulary" and loss != BUILT_IN[0])
    ):
        return ()
    left_out = {n for n in SLOW if not (setting.usual and workload in SLOW[n])}
    if setting.threads == 1:
        left_out.add("optax")
    if smoke or not setting.usual:
        left_out.add(COMPILES_SLOWLY.get((workload, loss), ""))
    if smoke:
        left_out |= {"MONAI", "fvcore"}
    found = [name for name in peers_of(loss) if name not in left_out]
    return ("ours native", *(n for n in found if _is_compiled_here(n, workload, loss, smoke)))


def _in_sweep(workload: str, loss: str, setting: Setting) -> tuple[str, ...]:
    built_in, library = BUILT_IN
    once = setting.threads == 1 and (workload, loss) != ("classes", built_in)
    if setting.allocator != "default" or once:
        return ()
    return ("ours native", library) if loss == built_in else ("ours native",)


def _generated(workload: str, loss: str, smoke: bool) -> tuple[str, ...]:
    if workload in SWEEPS or not (has_compiled_peer(loss) or workload == "tiny"):
        return ()
    if smoke and workload not in ("segmentation", "tiny"):
        return ()
    found = [name for name in GENERATED if workload in GENERATED_ON.get(name, WORKLOADS)]
    return tuple(name for name in found if _is_compiled_here(name, workload, loss, smoke))


def _is_compiled_here(name: str, workload: str, loss: str, smoke: bool) -> bool:
    """Whether torch.compile's seconds are spent on it; true for what is not compiled at all."""
    if not name.endswith("compiled"):
        return True
    if smoke:
        return workload == "segmentation" and not name.startswith("ours")
    return has_compiled_peer(loss) and (workload != "tiny" or loss == BUILT_IN[0])
