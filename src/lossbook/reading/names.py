"""The names a formula may use: those of the notation, and the letters of an exercise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sympy import Abs, E, Expr, IndexedBase, Symbol, exp, log, sqrt, tanh

from .. import notation as n
from ..expr.nodes import BOUND_LETTERS, sigmoid, softplus

FUNCTIONS = {
    "log": log,
    "ln": log,
    "exp": exp,
    "sqrt": sqrt,
    "sigmoid": sigmoid,
    "sigma": sigmoid,
    "softplus": softplus,
    "tanh": tanh,
    "abs": Abs,
    "Abs": Abs,
}
SPECIAL = {
    "softmax": "softmax",
    "logsumexp": "logsumexp",
    "LSE": "logsumexp",
    "sum": "sum",
    "Sum": "sum",
    "max": "max",
    "Max": "max",
    "delta": "delta",
    "KroneckerDelta": "delta",
    "diff": "diff",
    "Diff": "diff",
    "frac": "frac",
}
# A name may stand for a number and for a vector, as in y and y[k]; the index shows which is meant.
SCALARS = {
    "z": n.logit,
    "logit": n.logit,
    "y": n.target,
    "target": n.target,
    "x": n.prediction,
    "prediction": n.prediction,
    "gamma": n.gamma,
    "alpha": n.alpha,
    "beta": n.beta,
    "epsilon": n.epsilon,
    "K": n.K,
    "e": E,
}
VECTORS = {"z": n.z, "y": n.y, "w": n.w, "g": n.g, "v": n.v, "alpha": n.alphas, "alphas": n.alphas}
INDICES = {
    name: Symbol(name, integer=True, positive=True) for name in ("i", "j", "t", "s", *BOUND_LETTERS)
}


class Names:
    """The names that a formula may use: those of the notation, and `letters`, which come first.

    letters: symbols and indexed bases, known by their own names, or a mapping from names to
    expressions.
    """

    def __init__(self, letters: Iterable[Expr] | Mapping[str, Expr] = ()):
        added = dict(letters) if isinstance(letters, Mapping) else {_name(e): e for e in letters}
        self.scalars, self.vectors, self.indices = dict(SCALARS), dict(VECTORS), dict(INDICES)
        for name, meaning in added.items():
            self.indices.pop(name, None)
            if isinstance(meaning, IndexedBase):
                self.vectors[name] = meaning
                self.scalars.pop(name, None)
            elif (
                isinstance(meaning, Symbol) and meaning.is_integer and not name.isupper()
            ):  # a capital letter is a size, not an index
                self.indices[name] = meaning
            else:
                self.scalars[name] = meaning
                self.vectors.pop(name, None)

    def knows(self, name: str) -> bool:
        """Whether a name means anything at all."""
        tables = (self.scalars, self.vectors, self.indices, FUNCTIONS, SPECIAL)
        return name == "p" or any(name in table for table in tables)

    def advice(self, name: str) -> str:
        """A hint at what an unknown name may have been meant for; may be empty."""
        if len(name) > 1 and all(self.knows(c) for c in name):
            return f"; for a product write {'*'.join(name)}"
        letter = name.rstrip("0123456789")
        if letter != name and (letter in self.vectors or letter == "p"):
            return f"; for a component write {letter}_{name[len(letter) :]}"
        return ""


def _name(e: Expr) -> str:
    return str(e.label) if isinstance(e, IndexedBase) else str(e)
