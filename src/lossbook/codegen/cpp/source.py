"""The source of the kernels of a loss, in one file for all layouts, dtypes and precisions."""

from __future__ import annotations

from textwrap import indent

from ...losses import Loss
from ..python.module import about
from .kernels import BUILDERS
from .layouts import Layout
from .passes import keep_across_loops, name_reductions
from .printer import printed
from .program import Fused, fused, has_bounded
from .statements import KernelFunction
from .values import storage

NAMESPACES = {False: "general", True: "bounded"}


def cpp_text(loss: Loss) -> str:
    """The source of the kernels of a loss.

    Raises:
        LoweringError: The loss cannot be fused, or a node has no vectorised code; the message names
            both.
    """
    where = f"loss {loss.name}, target cpp"
    kinds = (False, True) if has_bounded(loss) else (False,)
    programs = {
        bounded: [fused(loss, grad, bounded) for grad in (False, True)] for bounded in kinds
    }
    comment = indent(about(loss), " * ", lambda line: True).replace(" \n", "\n")
    parts = [f"/*\n{comment}\n */", "\n".join([*_facts(programs), '#include "kernel.h"'])]
    for bounded in kinds:
        name = NAMESPACES[bounded]
        functions = [
            printed(kernel_of(program, layout, where), layout)
            for program in programs[bounded]
            for layout in BUILDERS
            if layout.bounded == bounded and (layout.class_major or program.by_class)
        ]
        text = "\n\n".join([f"namespace {name} {{", *functions, f"}} // namespace {name}"])
        parts.append(f"#if BOUNDED\n{text}\n#endif" if bounded else text)
    return "\n\n".join([*parts, '#include "driver.h"']) + "\n"


def kernel_of(program: Fused, layout: Layout, where: str = "") -> KernelFunction:
    """The kernel of one program for one layout, after all passes."""
    name = f"{'class' if layout.class_major else 'row'}_major_value"
    name += "_and_grad" if program.gradient is not None else ""
    body = BUILDERS[layout](program, layout, where).statements()
    kernel = KernelFunction(name, _arguments(program, layout), _declared(program, layout), body)
    return name_reductions(keep_across_loops(kernel))


def _arguments(program: Fused, layout: Layout) -> tuple[str, ...]:
    """What the driver passes."""
    grad = program.gradient is not None
    block = layout.class_major and not layout.bounded
    found = {
        "const Inputs *in": True,
        "int64_t classes": True,
        "int64_t rows": layout.rows,
        "int64_t stride": layout.class_major,
        "const unsigned char *counts": block,
        "real *gradient": grad,
        "double factor": grad,
        "const double *factors": grad and block,
        "double *values": block,
        "Each *values": layout.bounded,
        "Each *scratch": True,
    }
    return tuple(argument for argument, is_passed in found.items() if is_passed)


def _declared(program: Fused, layout: Layout) -> tuple[str, ...]:
    """Names for what the driver passes in `in`, and room for what is stored."""
    has_gradient = program.gradient is not None
    listed = sorted(program.inputs.listed, key=lambda a: a.role != "logits")
    names = [(a.role, a.name) for a in listed if a.role != "class index"]
    names += [("class index", "index")] * program.by_class
    names += [("of row", "factors"), ("stream", "")] * has_gradient
    names += [("of row", "counted"), ("group", "")] * program.by_class
    names += [("vectors", ""), *(("storage", name) for name in storage(program).values())]
    counts: dict[str, int] = {}
    found = []
    for role, name in names:
        at = counts[role] = counts.get(role, -1) + 1
        if role in layout.driver:
            found.append(f"{layout.driver[role].format(name, at)};")
    return tuple(found)


def _facts(programs: dict[bool, list[Fused]]) -> list[str]:
    """What the driver has to know about a loss."""
    program = programs[False][1]
    listed = program.inputs.listed
    roles = [a.role for a in listed]
    scalars = [a.name for a in listed if a.role == "scalar"]
    powers = [
        n.args[1].value for n in program.nodes() if n.op == "power" and n.args[1].op == "input"
    ]
    exponential = any(n.op == "exp" for n in program.nodes())
    inputs = ",".join(f"{a.name}:{a.role}" for a in listed)
    facts = {
        "BY_CLASS": int(program.by_class),
        "BY_INDEX": roles.count("class index"),
        "ARRAYS": roles.count("array"),
        "WEIGHTS": roles.count("per class"),
        "NUMBERS": roles.count("scalar"),
        "STORED": max(len(p.stored) for _, p in programs.values()),
        "EXPONENT": scalars.index(powers[0]) if powers else -1,
        "HARD": int(not program.by_class and exponential),
        "BOUNDED": ("1" if program.by_class else "FAST") if True in programs else "0",
        "INPUTS": f'"{inputs}"',
    }
    if not (program.by_class and facts["ARRAYS"]):
        return _defined(facts)
    one_hot = {
        "BY_INDEX": 1,
        "ARRAYS": 0,
        "INPUTS": facts["INPUTS"].replace(":array", ":class index"),
    }
    shares = {name: facts.pop(name) for name in one_hot}
    return [
        *_defined(facts),
        "#if ONE_HOT",
        *_defined(one_hot),
        "#else",
        *_defined(shares),
        "#endif",
    ]


def _defined(facts: dict) -> list[str]:
    return [f"#define {name} {value}" for name, value in facts.items()]
