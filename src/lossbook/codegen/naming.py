"""What intermediate values are called in generated code: after what they mean."""

from __future__ import annotations

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
from ..notation import entry_of, i, logit, p, t
from ..numerics.nodes import EACH, ArgMax, Closed, Component, Grouped, log1p, log_ratio, nonzero
from .inputs import Inputs

PROBS = entry_of(p(i)).code
PROB_TARGET = entry_of(p(t)).code
PROB_ONE = entry_of(sigmoid(logit)).code


def name_of(e: Expr, inputs: Inputs) -> tuple[str, bool] | None:
    """The name of an expression over `EACH`, and whether it is worth a line of its own; None if it has none."""
    if isinstance(e, softmax):
        return _at(e.index, PROBS, PROB_TARGET, inputs), True
    if isinstance(e, log) and isinstance(e.args[0], softmax):
        return _at(e.args[0].index, f"log_{PROBS}", f"log_{PROB_TARGET}", inputs), True
    if isinstance(e, sigmoid):
        return (PROB_ONE if e.args[0] in inputs.by_symbol else "complement"), True
    if isinstance(e, Component):
        return ("errors", True) if e.index == EACH else ("error_top", False)
    if isinstance(e, log_ratio):
        return "log_ratio", True
    if isinstance(e, nonzero):
        return "divisor", False
    if isinstance(e, softplus):
        return (
            "neg_log_complement" if e.args[0] in inputs.by_symbol else f"neg_log_{PROB_ONE}"
        ), True
    if isinstance(e, (Pow, Mul, Relational)) and (named := _focal(e, inputs)):
        return named
    if isinstance(e, Max):
        return "shift", True
    if isinstance(e, ArgMax):
        return ("top" if _is_logits(e, inputs) else "largest"), False
    if isinstance(e, exp):
        if isinstance(e.args[0], Grouped) and e.has(EACH):
            return "exps", True
        if isinstance(-e.args[0], Abs):
            return "tail", True
    if isinstance(e, Grouped) and isinstance(e.args[0], Add) and (named := _difference(e, inputs)):
        return named
    if isinstance(e, Add) and any(
        isinstance(a, exp) and isinstance(-a.args[0], Abs) for a in e.args
    ):
        return "total", False
    if isinstance(e, log1p):
        return "log_total", False
    if isinstance(e, Sum) and e.has(EACH):
        return _others(e, inputs)
    if isinstance(e, Sum):
        return _sum(e.vec.at(EACH), inputs)
    if isinstance(e, Indexed) and e.base in inputs.by_symbol and e.indices[0] != EACH:
        return _at(e.indices[0], "", f"{inputs.by_symbol[e.base].name}_target", inputs), False
    arrays = {inputs.by_symbol[b].name for b in inputs.by_symbol if e.has(b)}
    if e.has(KroneckerDelta, Sum):
        return None
    if (
        e.has(EACH)
        and "targets" in arrays
        and inputs.listed[0].name not in arrays
        and not isinstance(e, Indexed)
    ):
        return "weighted_targets", False
    return None


def _focal(e: Expr, inputs: Inputs) -> tuple[str, bool] | None:
    """The parts of a focal loss, and of any loss that adds up a positive and a negative class."""
    if isinstance(e, Relational):
        return ("is_certain", False) if e.has(Closed) else None
    parameters = {s for s, a in inputs.by_symbol.items() if a.keyword}
    if isinstance(e, Pow):
        side = (
            {sigmoid: "_negative", Add: "_positive"}.get(type(e.base), "") if e.has(sigmoid) else ""
        )
        return (f"modulation{side}", True) if e.exp.free_symbols & parameters else None
    targets = next(
        (s for s, a in inputs.by_symbol.items() if a.name == "targets" and isinstance(s, Symbol)),
        None,
    )
    if targets is not None and not targets.is_integer and e.has(sigmoid, softplus, log):
        if 1 - targets in e.args:
            return "negative_part", False
        return ("positive_part", False) if targets in e.args else None
    powers = any(isinstance(f, Pow) and f.exp.free_symbols & parameters for f in e.args)
    return ("scale", False) if powers and not e.has(EACH) else None


def mask_name(index: Expr, inputs: Inputs) -> str:
    """What the mask of one class is called."""
    if isinstance(index, ArgMax):
        return "is_top" if _is_logits(index, inputs) else "is_largest"
    return "is_target"


def _is_logits(e: ArgMax, inputs: Inputs) -> bool:
    return any(e.vec.has(s) for s, a in inputs.by_symbol.items() if a.role == "logits")


def _at(index: Expr, each: str, target: str, inputs: Inputs) -> str:
    if index == EACH:
        return each
    return target if index in inputs.by_symbol else target.replace("target", "top")


def _difference(e: Grouped, inputs: Inputs) -> tuple[str, bool] | None:
    terms = [-a if a.could_extract_minus_sign() else a for a in e.args[0].args]
    if any(isinstance(a, Max) for a in terms):
        return ("shifted" if e.has(EACH) else "shifted_target"), False
    bases = {a.base for a in terms if isinstance(a, Indexed)}
    if (
        e.has(EACH)
        and len(terms) == 2
        and len(bases) == 1
        and all(isinstance(a, Indexed) for a in terms)
    ):
        return f"centred_{inputs.by_symbol[bases.pop()].name}", True
    return None


def _others(e: Sum, inputs: Inputs) -> tuple[str, bool] | None:
    """A sum over all classes but each one."""
    values = e.vec.body.xreplace(dict.fromkeys(e.vec.body.atoms(KroneckerDelta), S.Zero))
    if isinstance(values, softmax):
        return f"other_{PROBS}", True
    array = _only_array(values, inputs)
    return (f"other_{array}", True) if array else None


def _only_array(e: Expr, inputs: Inputs) -> str | None:
    arrays = {inputs.by_symbol[b].name for b in e.atoms(IndexedBase) if b in inputs.by_symbol}
    arrays -= {a.name for a in inputs.by_symbol.values() if a.keyword}
    return arrays.pop() if len(arrays) == 1 else None


def _sum(body: Expr, inputs: Inputs) -> tuple[str, bool] | None:
    factors = Mul.make_args(body)
    exps = any(isinstance(f, exp) for f in factors)
    probs = [f for f in factors if isinstance(f, softmax)]
    left_out = [a for d in body.atoms(KroneckerDelta) for a in d.args if a != EACH]
    if exps and not left_out:
        return "total", True
    if exps:
        return "rest", True
    if probs and left_out and left_out[0] in inputs.by_symbol:
        return "prob_others", True
    if left_out:
        array = (
            PROBS
            if len(probs) == 1
            else _only_array(body.xreplace(dict.fromkeys(left_out, S.One)), inputs)
        )
        return (f"rest_{array}", True) if array else None
    values = [f for f in factors if f not in probs]
    if probs and len(values) == 1 and isinstance(values[0], Indexed):
        return f"mean_{inputs.by_symbol[values[0].base].name}", False
    return None
