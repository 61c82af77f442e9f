"""What intermediate values are called in generated code: named for what they mean.

`NAMES` is one flat table. Its rows are tried in order, and the first that fits an expression gives
the name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sympy import (
    Abs,
    Add,
    Expr,
    Indexed,
    IndexedBase,
    KroneckerDelta,
    Mul,
    Pow,
    S,
    Symbol,
    exp,
    log,
)
from sympy.core.relational import Relational

from ..expr.nodes import Max, Sum, sigmoid, softmax, softplus
from ..notation import code_name, i, logit, p, t
from ..numerics.nodes import EACH, ArgMax, Closed, Component, Grouped, log1p, log_ratio, nonzero
from .inputs import Inputs

PROBS = code_name(p(i))
PROB_TARGET = code_name(p(t))
PROB_ONE = code_name(sigmoid(logit))


class Name(NamedTuple):
    """A row of `NAMES`: which expressions it is for, their name, whether that gets a line.

    node: the type of the expression. fits: a further condition. name: the name, or a function that
    makes it and may return None. own_line: whether the value is assigned even if it is used only
    once.
    """

    node: type
    fits: Callable[[Expr, Inputs], object]
    name: str | Callable[[Expr, Inputs], str | None]
    own_line: bool


def name_of(e: Expr, inputs: Inputs) -> tuple[str, bool] | None:
    """The name of an expression over `EACH`, and whether it gets a line; None if it has no name."""
    for row in NAMES:
        if isinstance(e, row.node) and row.fits(e, inputs):
            name = row.name if isinstance(row.name, str) else row.name(e, inputs)
            if name is not None:
                return name, row.own_line
    return None


def mask_name(index: Expr, inputs: Inputs) -> str:
    """The name of the mask of one class."""
    if isinstance(index, ArgMax):
        return "is_top" if _is_about_logits(index, inputs) else "is_largest"
    return "is_target"


# -- conditions ------------------------------------------------------------------------------------


def _always(e: Expr, inputs: Inputs) -> bool:
    return True


def _for_each_class(e: Expr, inputs: Inputs) -> bool:
    return e.has(EACH)


def _is_of_each_class(e: Component, inputs: Inputs) -> bool:
    return e.index == EACH


def _is_of_softmax(e: log, inputs: Inputs) -> bool:
    return isinstance(e.args[0], softmax)


def _is_of_input(e: Expr, inputs: Inputs) -> bool:
    return e.args[0] in inputs.by_symbol


def _is_about_logits(e: ArgMax, inputs: Inputs) -> bool:
    return any(e.vec.has(s) for s, a in inputs.by_symbol.items() if a.role == "logits")


def _is_of_negative_absolute(e: exp, inputs: Inputs) -> bool:
    return isinstance(-e.args[0], Abs)


def _is_of_bracket(e: exp, inputs: Inputs) -> bool:
    return isinstance(e.args[0], Grouped) and e.has(EACH)


def _adds_tail(e: Add, inputs: Inputs) -> bool:
    return any(isinstance(a, exp) and _is_of_negative_absolute(a, inputs) for a in e.args)


def _is_component_of_input(e: Indexed, inputs: Inputs) -> bool:
    return e.base in inputs.by_symbol and e.indices[0] != EACH


def _has_parameter_exponent(e: Pow, inputs: Inputs) -> bool:
    parameters = {s for s, a in inputs.by_symbol.items() if a.keyword}
    return bool(e.exp.free_symbols & parameters)


def _guards_certainty(e: Relational, inputs: Inputs) -> bool:
    return e.has(Closed)


def _target_of_classes(e: Mul, inputs: Inputs) -> Symbol | None:
    """The target, if `e` may be the part of one of two classes in a loss."""
    targets = next(
        (s for s, a in inputs.by_symbol.items() if a.name == "targets" and isinstance(s, Symbol)),
        None,
    )
    two_classes = targets is not None and not targets.is_integer
    return targets if two_classes and e.has(sigmoid, softplus, log) else None


def _is_of_negative_class(e: Mul, inputs: Inputs) -> bool:
    targets = _target_of_classes(e, inputs)
    return targets is not None and 1 - targets in e.args


def _is_of_positive_class(e: Mul, inputs: Inputs) -> bool:
    targets = _target_of_classes(e, inputs)
    return targets is not None and targets in e.args


def _scales_rows(e: Mul, inputs: Inputs) -> bool:
    powers = (f for f in e.args if isinstance(f, Pow))
    return (
        _target_of_classes(e, inputs) is None
        and any(_has_parameter_exponent(f, inputs) for f in powers)
        and not e.has(EACH)
    )


def _weighs_targets(e: Expr, inputs: Inputs) -> bool:
    arrays = {inputs.by_symbol[b].name for b in inputs.by_symbol if e.has(b)}
    return (
        e.has(EACH)
        and not e.has(KroneckerDelta, Sum)
        and not isinstance(e, Indexed)
        and "targets" in arrays
        and inputs.listed[0].name not in arrays
    )


# -- names that depend on the expression -----------------------------------------------------------


def _by_class(index: Expr, each: str, target: str, inputs: Inputs) -> str:
    """The name for every class, for the target, or for the largest class."""
    if index == EACH:
        return each
    return target if index in inputs.by_symbol else target.replace("target", "top")


def _probability(e: softmax, inputs: Inputs) -> str:
    return _by_class(e.index, PROBS, PROB_TARGET, inputs)


def _log_probability(e: log, inputs: Inputs) -> str:
    return _by_class(e.args[0].index, f"log_{PROBS}", f"log_{PROB_TARGET}", inputs)


def _component(e: Indexed, inputs: Inputs) -> str:
    return _by_class(e.indices[0], "", f"{inputs.by_symbol[e.base].name}_target", inputs)


def _modulation(e: Pow, inputs: Inputs) -> str:
    """The power that weighs an example of a focal loss, and of which class it is."""
    side = {sigmoid: "_negative", Add: "_positive"}.get(type(e.base), "") if e.has(sigmoid) else ""
    return f"modulation{side}"


def _terms_of_bracket(e: Grouped) -> list[Expr]:
    inside = e.args[0]
    if not isinstance(inside, Add):
        return []
    return [-a if a.could_extract_minus_sign() else a for a in inside.args]


def _shifted(e: Grouped, inputs: Inputs) -> str | None:
    if not any(isinstance(a, Max) for a in _terms_of_bracket(e)):
        return None
    return "shifted" if e.has(EACH) else "shifted_target"


def _centred(e: Grouped, inputs: Inputs) -> str | None:
    terms = _terms_of_bracket(e)
    bases = {a.base for a in terms if isinstance(a, Indexed)}
    if any(isinstance(a, Max) for a in terms):
        return None
    if len(terms) == 2 and len(bases) == 1 and all(isinstance(a, Indexed) for a in terms):
        return f"centred_{inputs.by_symbol[bases.pop()].name}"
    return None


def _only_array(e: Expr, inputs: Inputs) -> str | None:
    """The name of the only array in an expression that is not a parameter."""
    arrays = {inputs.by_symbol[b].name for b in e.atoms(IndexedBase) if b in inputs.by_symbol}
    arrays -= {a.name for a in inputs.by_symbol.values() if a.keyword}
    return arrays.pop() if len(arrays) == 1 else None


def _all_but_each(e: Sum, inputs: Inputs) -> str | None:
    """A sum over all classes but each one."""
    values = e.vec.body.xreplace(dict.fromkeys(e.vec.body.atoms(KroneckerDelta), S.Zero))
    array = PROBS if isinstance(values, softmax) else _only_array(values, inputs)
    return f"other_{array}" if array else None


class _Summand(NamedTuple):
    """The body of a sum over the classes: its factors, and the classes that it leaves out."""

    body: Expr
    factors: tuple[Expr, ...]
    left_out: list[Expr]

    @classmethod
    def of(cls, e: Sum) -> _Summand:
        body = e.vec.at(EACH)
        left_out = [a for d in body.atoms(KroneckerDelta) for a in d.args if a != EACH]
        return cls(body, Mul.make_args(body), left_out)

    @property
    def probs(self) -> list[Expr]:
        return [f for f in self.factors if isinstance(f, softmax)]

    @property
    def has_exponential(self) -> bool:
        return any(isinstance(f, exp) for f in self.factors)


def _sums_exponentials(e: Sum, inputs: Inputs) -> bool:
    return not e.has(EACH) and _Summand.of(e).has_exponential


def _sums_values(e: Sum, inputs: Inputs) -> bool:
    return not e.has(EACH) and not _Summand.of(e).has_exponential


def _sum_of_exponentials(e: Sum, inputs: Inputs) -> str:
    return "rest" if _Summand.of(e).left_out else "total"


def _sum_of_others(e: Sum, inputs: Inputs) -> str | None:
    """A sum over all classes but one."""
    summand = _Summand.of(e)
    body, left_out = summand.body, summand.left_out
    if not left_out:
        return None
    if summand.probs and left_out[0] in inputs.by_symbol:
        return "prob_others"
    if len(summand.probs) == 1:
        return f"rest_{PROBS}"
    array = _only_array(body.xreplace(dict.fromkeys(left_out, S.One)), inputs)
    return f"rest_{array}" if array else None


def _mean(e: Sum, inputs: Inputs) -> str | None:
    """The mean of a vector under the probabilities."""
    summand = _Summand.of(e)
    values = [f for f in summand.factors if f not in summand.probs]
    if summand.left_out or not summand.probs or len(values) != 1:
        return None
    value = values[0]
    return f"mean_{inputs.by_symbol[value.base].name}" if isinstance(value, Indexed) else None


NAMES = (
    Name(softmax, _always, _probability, True),
    Name(log, _is_of_softmax, _log_probability, True),
    Name(sigmoid, _is_of_input, PROB_ONE, True),
    Name(sigmoid, _always, "complement", True),
    Name(Component, _is_of_each_class, "errors", True),
    Name(Component, _always, "error_top", False),
    Name(log_ratio, _always, "log_ratio", True),
    Name(nonzero, _always, "divisor", False),
    Name(softplus, _is_of_input, "neg_log_complement", True),
    Name(softplus, _always, f"neg_log_{PROB_ONE}", True),
    Name(Relational, _guards_certainty, "is_certain", False),
    Name(Pow, _has_parameter_exponent, _modulation, True),
    Name(Mul, _is_of_negative_class, "negative_part", False),
    Name(Mul, _is_of_positive_class, "positive_part", False),
    Name(Mul, _scales_rows, "scale", False),
    Name(Max, _always, "shift", True),
    Name(ArgMax, _is_about_logits, "top", False),
    Name(ArgMax, _always, "largest", False),
    Name(exp, _is_of_bracket, "exps", True),
    Name(exp, _is_of_negative_absolute, "tail", True),
    Name(Grouped, _always, _shifted, False),
    Name(Grouped, _for_each_class, _centred, True),
    Name(Add, _adds_tail, "total", False),
    Name(log1p, _always, "log_total", False),
    Name(Sum, _for_each_class, _all_but_each, True),
    Name(Sum, _sums_exponentials, _sum_of_exponentials, True),
    Name(Sum, _sums_values, _sum_of_others, True),
    Name(Sum, _sums_values, _mean, False),
    Name(Indexed, _is_component_of_input, _component, False),
    Name(Expr, _weighs_targets, "weighted_targets", False),
)
