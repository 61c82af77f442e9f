"""The docstrings of the public functions, from the definitions of the losses, in Google style."""

from __future__ import annotations

import re
from textwrap import fill

from sympy import Indexed

from ...calculus.latex import to_latex
from ...losses import Loss, Parameter
from ...notation import code_name
from ..inputs import inputs_of

WIDTH = 100
LOGITS = (
    "logits: real numbers of shape (N, K) or (N, K, d1, ...), with the K classes along `axis`, or "
    "(K,) for one row. A class that is not the target may have -inf."
)
REDUCTION = (
    '"none": the loss of each {row}{ignored}. "sum": their sum, 0 where {nothing}. "mean": the sum '
    "divided by {divisor}; nan where {nothing}."
)


def has_rows(loss: Loss) -> bool:
    """Whether a loss or an activation is one of rows of logits, rather than of single outputs."""
    return isinstance(loss.wrt, Indexed)


def input_name(loss: Loss) -> str:
    """What the first argument of a loss is called."""
    return "logits" if has_rows(loss) else "inputs"


def of_activation(loss: Loss, target: str) -> list[str]:
    """The paragraphs of the docstring of an activation."""
    rows = has_rows(loss)
    doc = [_title(loss), _formula(loss)]
    domain = "real numbers, or -inf (not all along the axis)" if rows else "real numbers or ±inf"
    arguments = [f"logits: {domain}, of any float dtype and shape."]
    arguments += ["axis: the axis of the classes."] * rows
    doc += [_section("Args", arguments)]
    doc += [_section("Returns", ["An array of the shape and dtype of the logits."])]
    doc += [_section("Raises", ["ValueError, TypeError: the logits or the axis are wrong."])]
    doc += [_source(loss, target)]
    return doc


def of_loss_with_grad(name: str, main: Loss) -> list[str]:
    """The paragraphs of the docstring of the function that returns a loss and its gradient."""
    x = input_name(main)
    out = (
        f"out: an array of the shape and dtype of the {x} to which the gradient is written; it may "
        f"be the {x} themselves. None for a new array. If a target turns out to be wrong, it holds "
        f"anything, unless it is the {x}: these are overwritten only after all targets were "
        "checked."
    )
    returns = (
        f"(loss, gradient). The gradient has the shape and dtype of the {x}. It is that of the "
        'reduced loss, or for reduction="none" of each row\'s own loss'
    )
    returns += ", and 0 in ignored rows." if has_rows(main) else "."
    return [
        f"`{name}` and its gradient with respect to the {x}.",
        f"The arguments are those of `{name}`.",
        _section("Args", [out]),
        _section("Returns", [returns]),
    ]


def of_loss(group: list[Loss], target: str) -> list[str]:
    """The paragraphs of the docstring of a loss; that for dense targets is first in the group."""
    main = group[0]
    interface = main.interface
    doc = [_title(main), _formula(main)]
    if len(group) > 1:
        doc.append(_wrapped("For class indices it is"))
        doc.append(_math(group[1]))
    if interface.notes:
        doc.append(_wrapped(interface.notes))
    doc.append(_section("Args", _argument_lines(group, target)))
    each = "row" if has_rows(main) else "element"
    returns = f"The loss in the dtype of the {input_name(main)}, a number; "
    returns += f'for reduction="none", one for each {each}.'
    doc.append(_section("Returns", [returns]))
    raises = "ValueError, TypeError: an argument is wrong; the message restates it."
    if target == "torch":
        raises += " Targets and parameters get no gradient: they may not require one."
    doc.append(_section("Raises", [raises]))
    doc.append(_source(group, target))
    return doc


def _title(loss: Loss) -> str:
    like = f", as `{loss.interface.like}`" if loss.interface.like else ""
    return _wrapped(f"{loss.title}{like}.")


def _math(loss: Loss) -> str:
    return f".. math:: {to_latex(loss.expr)}"


def _formula(loss: Loss) -> str:
    symbols = inputs_of(loss).by_symbol
    names = [f":math:`{to_latex(s)}` is `{a.name}`" for s, a in symbols.items()]
    x = input_name(loss) if not loss.is_activation else "logits"
    names[0] = names[0].rpartition(" is ")[0] + f" is `{x}`"
    if has_rows(loss):
        names.append(":math:`p` the softmax of :math:`z`")
    here = (
        f"Here {', '.join(names[:-1])} and {names[-1]}." if len(names) > 1 else f"Here {names[0]}."
    )
    return f"{_math(loss)}\n\n{_wrapped(here)}"


def _argument_lines(group: list[Loss], target: str) -> list[str]:
    main = group[0]
    interface, module = main.interface, f"`lossbook.{target}`"
    if has_rows(main):
        lines = [LOGITS]
        by_index = "class indices (integers from 0) of the shape of the logits without `axis`"
        dense = "probabilities (floats) of the shape of the logits"
        dense += (
            ", which sum to 1 along `axis`" if interface.normalised else ", which need not sum to 1"
        )
        only_index = main.target == "class index"
        lines.append(f"targets: {by_index}{'' if only_index else f', or {dense}'}.")
    else:
        lines = [f"inputs: {'logits' if interface.probabilities else 'predictions'} of any shape."]
        what = "probabilities of class 1, from 0 to 1," if interface.probabilities else "numbers"
        lines.append(f"targets: {what} of the shape of the inputs.")
    if interface.weight:
        lines.append(
            "weight: what the loss of each element is multiplied by; it broadcasts to the inputs."
        )
    lines += [_parameter_line(q) for q in main.parameters]
    if has_rows(main):
        lines.append("ignore_index: rows with this class index do not count.")
    lines.append(f"reduction: {_reduction(main)}")
    if has_rows(main):
        lines.append("axis: the class axis.")
    lines.append(f'precision: "exact" or "fast"; see {module}.')
    if target == "torch":
        lines.append(
            f"inplace: whether the gradient overwrites the {input_name(main)}; see {module}."
        )
    return lines


def _parameter_line(parameter: Parameter) -> str:
    forms = {
        "number": "",
        "per class": " One number for all classes, or an array of shape (K,); None is 1.",
        "per element": " It broadcasts to the inputs; None is 1.",
        "balance": " None or a negative number: both classes weigh 1.",
    }
    text = f"{code_name(parameter.symbol)}: {parameter.meaning} ({parameter.domain})."
    return text + forms[parameter.kind]


def _reduction(loss: Loss) -> str:
    if not has_rows(loss):
        fill_in = {"row": "element", "ignored": "", "nothing": "there are none"}
        return REDUCTION.format(**fill_in, divisor="the number of elements")
    fill_in = {"row": "row", "ignored": ", 0 where ignored", "nothing": "no row counts"}
    divisor = "the number of rows that count"
    if loss.interface.mean_weights is not None:
        name = code_name(loss.interface.mean_weights)
        divisor = (
            f"the sum of the `{name}` of the target classes (class indices) or the number of rows"
        )
    return REDUCTION.format(**fill_in, divisor=divisor)


def _source(group: Loss | list[Loss], target: str) -> str:
    losses = group if isinstance(group, list) else [group]
    calls = " and ".join(f'`lossbook.losses.get("{a.name}").source("{target}")`' for a in losses)
    return _section("Source", [f"The generated code: {calls}."])


def _section(title: str, lines: list[str]) -> str:
    """A section in Google style. Args and Raises list items, which begin with a capital letter."""
    hanging = "    "
    if title in ("Args", "Raises"):
        lines = [
            re.sub(r"^[\w, ]+: [a-z]", lambda m: m[0][:-1] + m[0][-1].upper(), s) for s in lines
        ]
        hanging = "        "
    return f"{title}:\n" + "\n".join(
        fill(line, WIDTH - 4, initial_indent="    ", subsequent_indent=hanging, **_WRAP)
        for line in lines
    )


def _wrapped(text: str) -> str:
    return fill(text, WIDTH - 4, **_WRAP)


_WRAP = {"break_on_hyphens": False, "break_long_words": False}
