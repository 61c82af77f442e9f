"""How often a loss reads and writes memory, in copies of its logits.

It is counted in generated programs, and in PyTorch as it runs. Only whole arrays count: one number
for each row and class indices do not, and a row that is read again while it is in a cache counts
once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ...codegen.cpp.program import Fused, in_pass
from ...codegen.program import Node
from ...codegen.python.module import programs_of
from ...losses import Loss

FLOAT = 4  # bytes of a logit in float32; True and False take one
CONDITIONS = (
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "and",
    "or",
    "not",
)
NO_ARRAY = (
    "input",
    "number",
    "classes",
    "per_class",
    "along",
    "class_count",
)  # given, or as long as one row at most
PICKED = ("gather", "take")  # one number of each row


@dataclass(frozen=True)
class Traffic:
    """One operation, or several: what it reads and writes, in copies of the logits."""

    name: str
    reads: float
    writes: float

    @property
    def total(self) -> float:
        """Reads and writes together."""
        return self.reads + self.writes


def summed(name: str, steps: list[Traffic]) -> Traffic:
    """All steps as one."""
    return Traffic(name, sum(s.reads for s in steps), sum(s.writes for s in steps))


# -- a generated program in which every operation makes an array -----------------------------------


def in_arrays(loss: Loss, *functions: str) -> list[Traffic]:
    """The operations of generated NumPy functions on whole arrays of float32.

    The functions are named, such as "value" and "gradient".
    """
    wanted = functions or ("value", "gradient")
    programs = [p for p in programs_of(loss, wanted[-1]) if p.name in wanted]
    return [
        _in_arrays(node)
        for program in programs
        for node in _nodes(program.result)
        if _touches(node)
    ]


def _nodes(root: Node) -> Iterator[Node]:
    """Each node once, arguments first."""
    seen: set[int] = set()

    def visit(node: Node) -> Iterator[Node]:
        if id(node) not in seen:
            seen.add(id(node))
            for a in node.args:
                yield from visit(a)
            yield node

    yield from visit(root)


def _touches(node: Node) -> bool:
    return node.op not in (*NO_ARRAY, *PICKED) and (
        _size(node) > 0 or any(_size(a) for a in node.args)
    )


def _size(node: Node) -> float:
    if node.extent != "each" or node.op in ("number", "classes", "per_class"):
        return 0
    return 1 / FLOAT if node.op in CONDITIONS else 1


def _in_arrays(node: Node) -> Traffic:
    return Traffic(node.op, sum(_size(a) for a in node.args), _size(node))


# -- fused loops -----------------------------------


def in_loops(program: Fused) -> Traffic:
    """What a fused kernel asks of memory.

    Each array is read once and the gradient is written once. What one loop stores for the next is
    one row, which stays in a cache.
    """
    arrays = sum(a.role in ("logits", "array") for a in program.inputs.listed)
    return Traffic("fused", arrays, int(program.gradient is not None))


def loops(program: Fused) -> list[tuple[str, str, str]]:
    """For each pass over the classes: what it reads, computes of the row, and writes."""
    told = []
    for n, one in enumerate(program.passes):
        reads: dict[str, None] = {}
        for node in in_pass(program, n):
            if node.op == "input" and node.extent == "each":
                reads[str(node.value)] = None
            elif program.stored.get(node, n) < n:
                reads[f"the kept {node.op}"] = None
        keeps = [f"keeps {node.op}" for node, first in program.stored.items() if first == n]
        writes = ["the gradient"] if program.gradient in one.results else keeps
        told.append((", ".join(reads), ", ".join(r.op for r in one.reductions), ", ".join(writes)))
    return told


# -- PyTorch as it runs -----------------------------------

CREATES = ("zeros_like", "ones_like", "full_like", "new_zeros", "new_full")  # look at a shape only
PICKS = (
    "gather",
    "index",
    "nll_loss_forward",
    "nll_loss2d_forward",
    "scatter",
    "scatter_add",
    "nll_loss_backward",
)


@dataclass(frozen=True)
class Recorded:
    """What a loss in PyTorch did: its steps forward and backward, and what was saved between."""

    forward: tuple[Traffic, ...]
    backward: tuple[Traffic, ...]
    saved: float

    @property
    def total(self) -> float:
        """Reads and writes, forward and backward."""
        return sum(s.total for s in (*self.forward, *self.backward))


def in_torch(function: Callable, logits, *arguments) -> Recorded:
    """Run a loss of PyTorch and its backward pass, and record every operation that is no view.

    Args:
        function: The loss; function(logits, *arguments) is a tensor of one number.
        logits: A tensor that requires a gradient.
        arguments: The other arguments of the loss.
    """
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    whole = logits.untyped_storage().nbytes()
    steps: list[Traffic] = []

    def share(tensor) -> float:
        return (
            min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes()) / whole
        )

    class Recording(TorchDispatchMode):
        def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
            result = operation(*args, **(kwargs or {}))
            name = operation.overloadpacket.__name__
            returned = operation._schema.returns
            if (
                any(r.alias_info and not r.alias_info.is_write for r in returned)
                or name == "detach"
            ):
                return result  # a view
            given = [
                a for a in torch.utils._pytree.tree_leaves(args) if isinstance(a, torch.Tensor)
            ]
            made = [
                a for a in torch.utils._pytree.tree_leaves(result) if isinstance(a, torch.Tensor)
            ]
            picks = name.rstrip("_") in PICKS
            few = min((share(a) for a in (*given, *made)), default=0)
            reads = 0 if name in CREATES else sum(few if picks else share(a) for a in given)
            in_place = any(r.alias_info for r in returned)
            writes = sum(few if picks and in_place else share(a) for a in made)
            steps.append(Traffic(name, reads, writes))
            return result

    logits.grad = None  # or the new gradient would be added to it
    kept: dict[int, float] = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes() / whole
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), Recording():
        value = function(logits, *arguments)
        forward = len(steps)
        value.backward()
    kept.pop(logits.untyped_storage().data_ptr(), None)  # the logits are there anyway
    return Recorded(tuple(steps[:forward]), tuple(steps[forward:]), sum(kept.values()))
