"""Every symbol of the book, once, as data.

An entry says how a symbol is printed, what it is called in code, and its shape, domain and meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, IndexedBase, KroneckerDelta, Symbol

from .expr.nodes import Diff, Sum, logsumexp, sigmoid, softmax, softplus

__all__ = [
    "NOTATION",
    "OPERATORS",
    "A",
    "B",
    "Entry",
    "K",
    "a",
    "alpha",
    "alphas",
    "anchor",
    "beta",
    "code_name",
    "common",
    "entry_of",
    "epsilon",
    "g",
    "gamma",
    "i",
    "j",
    "k",
    "logit",
    "logsumexp",
    "m",
    "maxima",
    "n",
    "others",
    "own",
    "p",
    "parts",
    "prediction",
    "sigmoid",
    "softmax",
    "softplus",
    "sums",
    "t",
    "target",
    "text_of",
    "v",
    "w",
    "y",
    "z",
]


@dataclass(frozen=True)
class Entry:
    """A symbol of the book.

    Attributes:
        symbol: The SymPy expression that stands for it.
        latex: How pages print it.
        code: What generated code calls it; empty if generated code has no such name.
        shape: Its shape in words, such as "(K,)", "scalar" or "index".
        domain: The values that it may take, such as "0 < p < 1, Σ p = 1".
        meaning: What it stands for, in a phrase.
    """

    symbol: Expr
    latex: str
    code: str
    shape: str
    domain: str
    meaning: str

    @property
    def text(self) -> str:
        """The symbol in plain text, as sentences and counterexamples write it."""
        return GREEK.get(self.latex, self.latex)


GREEK = {r"\alpha": "α", r"\beta": "β", r"\gamma": "γ", r"\varepsilon": "ε", r"\sigma(z)": "σ(z)"}
K = Symbol("K", integer=True, positive=True)
i, j, k, t = (Symbol(name, integer=True, positive=True) for name in "ijkt")
z = IndexedBase("z", shape=(K,), real=True)
y = IndexedBase("y", shape=(K,), real=True)
w = IndexedBase("w", shape=(K,), positive=True)
g = IndexedBase("g", shape=(K,), real=True)
v = IndexedBase("v", shape=(K,), real=True)
logit = Symbol("logit", real=True)
target = Symbol("target", real=True)
prediction = Symbol("prediction", real=True)
gamma = Symbol("gamma", nonnegative=True)
alpha = Symbol("alpha", positive=True)
alphas = IndexedBase("alphas", shape=(K,), positive=True)
epsilon = Symbol("epsilon", nonnegative=True)
beta = Symbol("beta", positive=True)
m, n = (Symbol(name, real=True) for name in "mn")
A, B = (Symbol(name, integer=True, positive=True) for name in "AB")
a = Symbol("a", integer=True, positive=True)
parts = IndexedBase("z", shape=(A, B), real=True)
maxima = IndexedBase("m", shape=(A,), real=True)
sums = IndexedBase("s", shape=(A,), positive=True)
others = Symbol("R", positive=True)
own = Symbol("E_t", positive=True)
common = Symbol("F", positive=True)


def p(index: Expr | int) -> Expr:
    """Return the probability of a class: a component of the softmax of the logits `z`.

    Args:
        index: The class, from 1 to K: a symbol such as `i`, or a number.

    Returns:
        The expression softmax(z)[index].
    """
    return softmax(z, index)


NOTATION: tuple[Entry, ...] = (
    Entry(K, "K", "K", "scalar", "integer, K ≥ 1", "number of classes"),
    Entry(i, "i", "i", "index", "1 ≤ i ≤ K", "a class"),
    Entry(j, "j", "j", "index", "1 ≤ j ≤ K", "a class; usually the one whose logit is varied"),
    Entry(k, "k", "k", "index", "1 ≤ k ≤ K", "a class that is summed over"),
    Entry(t, "t", "targets", "index", "1 ≤ t ≤ K", "the true class"),
    Entry(
        z,
        "z",
        "logits",
        "(K,)",
        "real",
        "logits: the scores a model gives the classes, before softmax",
    ),
    Entry(
        p(i),
        "p_i",
        "probs",
        "(K,)",
        "0 < p < 1, Σ p = 1",
        "probability of a class: softmax of the logits",
    ),
    Entry(p(t), "p_t", "prob_target", "scalar", "0 < p_t < 1", "probability of the true class"),
    Entry(
        y,
        "y",
        "targets",
        "(K,)",
        "y ≥ 0, Σ y = 1",
        "target probabilities; one-hot where there is one true class",
    ),
    Entry(w, "w", "weight", "(K,)", "w ≥ 0", "weight of each class"),
    Entry(logit, "z", "logits", "scalar", "real", "the single logit of a two-class model"),
    Entry(
        sigmoid(logit),
        r"\sigma(z)",
        "probs",
        "scalar",
        "0 < σ < 1",
        "sigmoid of the logit: probability of class 1",
    ),
    Entry(
        target,
        "y",
        "targets",
        "scalar",
        "0 ≤ y ≤ 1, or real for a regression",
        "the target of a single output",
    ),
    Entry(prediction, "x", "inputs", "scalar", "real", "a predicted value"),
    Entry(
        epsilon,
        r"\varepsilon",
        "label_smoothing",
        "scalar",
        "0 ≤ ε ≤ 1",
        "label smoothing: share given to all classes",
    ),
    Entry(gamma, r"\gamma", "gamma", "scalar", "γ ≥ 0", "focusing exponent of the focal loss"),
    Entry(
        alpha,
        r"\alpha",
        "alpha",
        "scalar",
        "0 < α < 1",
        "weight of the positive class in the binary focal loss",
    ),
    Entry(
        alphas,
        r"\alpha",
        "alpha",
        "(K,)",
        "α > 0",
        "weight of each class in the focal loss; α_t is the true class's",
    ),
    Entry(
        beta,
        r"\beta",
        "pos_weight",
        "scalar",
        "β > 0",
        "weight of the positive class in binary cross entropy",
    ),
    Entry(
        g,
        "g",
        "grad_output",
        "(K,)",
        "real",
        "gradient that arrives from above, one component per output",
    ),
    Entry(v, "v", "tangent", "(K,)", "real", "direction in which a Jacobian or Hessian is applied"),
    Entry(
        m,
        "m",
        "shift",
        "scalar",
        "real",
        "shift: what is subtracted from logits, such as the largest so far",
    ),
    Entry(
        n,
        "n",
        "",
        "scalar",
        "real",
        "a later shift, or one that several parts of a row have in common",
    ),
    Entry(
        others,
        "R",
        "rest",
        "scalar",
        "R > 0",
        "sum of the exponentials of all classes but the true one",
    ),
    Entry(own, "E_t", "", "scalar", "E > 0", "exponential of the true class's logit"),
    Entry(
        common,
        "F",
        "slope",
        "scalar",
        "F > 0",
        "factor that all components of a row's gradient have in common",
    ),
    Entry(
        A,
        "A",
        "",
        "scalar",
        "integer, A ≥ 1",
        "number of parts of a row, such as one on each machine",
    ),
    Entry(B, "B", "", "scalar", "integer, B ≥ 1", "number of classes in each part"),
    Entry(a, "a", "", "index", "1 ≤ a ≤ A", "a part of a row"),
    Entry(parts[a, k], "z_{ak}", "", "(A, B)", "real", "logit of class k of part a"),
    Entry(maxima, "m", "", "(A,)", "real", "shift of each part, such as its largest logit"),
    Entry(
        sums,
        "s",
        "",
        "(A,)",
        "s > 0",
        "sum of the exponentials of each part, relative to its shift",
    ),
)
"""All symbols, in the order of the chapter *Notation*."""

OPERATORS: tuple[Entry, ...] = (
    Entry(
        KroneckerDelta(i, j),
        r"\delta_{ij}",
        "",
        "(K, K)",
        "0 or 1",
        "Kronecker delta: 1 where i = j, otherwise 0",
    ),
    Entry(
        Diff(z[i], z[j]),
        r"\partial / \partial z_j",
        "",
        "",
        "",
        "partial derivative: z_j varies, the others hold still",
    ),
    Entry(Sum(z[k], (k, 1, K)), r"\sum_k", "", "", "", "sum over all classes"),
)
"""What is done with symbols, and is no symbol itself, such as a sum."""


def anchor(entry: Entry) -> str:
    """Return the id of an entry's row on the notation page.

    Args:
        entry: An entry of `NOTATION` or `OPERATORS`.

    Returns:
        "symbol-" and the entry's name in code, or else in LaTeX; numbered where names repeat.
    """

    def name(e: Entry) -> str:
        return e.code or e.latex.lstrip("\\").split("_")[0].split()[0]

    place = [e for e in (*NOTATION, *OPERATORS) if name(e) == name(entry)].index(entry)
    return f"symbol-{name(entry)}" + (f"-{place + 1}" if place else "")


def entry_of(symbol: Expr) -> Entry | None:
    """Return the entry of a symbol.

    Args:
        symbol: A symbol or an indexed base.

    Returns:
        The entry, or None for a symbol that the book does not use.
    """
    return next((e for e in NOTATION if e.symbol == symbol), None)


def code_name(symbol: Expr) -> str:
    """Return the name of a symbol in code.

    Args:
        symbol: A symbol or an indexed base.

    Returns:
        The name that the notation gives, or else the symbol's own name.
    """
    entry = entry_of(symbol)
    return entry.code if entry else str(symbol.label if isinstance(symbol, IndexedBase) else symbol)


def text_of(symbol: Expr) -> str:
    """Return a symbol as plain text writes it.

    Args:
        symbol: A symbol or an indexed base.

    Returns:
        The text that the notation gives, or else the symbol's own name.
    """
    entry = entry_of(symbol)
    return entry.text if entry is not None else str(symbol)
