"""Derivatives of softmax, log-sum-exp, sigmoid and softplus, derived from their definitions.

Each is then used as a rule of longer derivations. No formula is typed here: the right-hand side of
such a rule is the last line of its derivation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sympy import Dummy, Expr, Indexed, exp

from ..expr.hypotheses import Hypothesis
from ..expr.nodes import Diff, Sum, Vec, bound_index, logsumexp, sigmoid, softmax, softplus
from ..expr.rebuild import product
from ..notation import i, j, logit, z
from .derivation import Derivation
from .factor import cancel
from .rules import ELEMENTARY, FACTOR, SIMPLIFICATION, TIDY, Rule

MAX_LINES = 60  # a longer derivation would be no use to a reader


@dataclass(frozen=True)
class Theorem:
    """The derivative of `node` by `by`, derived before it is used."""

    name: str
    node: Expr
    by: Expr

    @property
    def derivation(self) -> Derivation:
        """The derivation from the definition; a copy, which may be continued."""
        return theorem(self.node, self.by).copy()

    def instance(self, node: Expr, by: Expr) -> Expr:
        """The right-hand side for another node of the same kind, chain rule included."""
        result = self.derivation.result
        if not isinstance(self.by, Indexed):
            return product(result.xreplace({self.by: node.args[0]}), Diff(node.args[0], by))
        vec = node.vec

        def at(j) -> Expr:
            names = {self.by.indices[0]: j}
            if isinstance(node, softmax):
                names[self.node.index] = node.index
            own = result.xreplace(names)
            return own.replace(lambda e: isinstance(e, softmax), lambda e: softmax(vec, e.index))

        if (
            vec.base is not None
            and isinstance(by, Indexed)
            and by.base == vec.base
            and len(by.indices) == 1
        ):
            return at(by.indices[0])
        m = bound_index()
        return Sum(Vec(product(at(m), Diff(vec.at(m), by)), m, vec.size))


THEOREMS: dict[type, Theorem] = {
    softmax: Theorem("softmax Jacobian", softmax(z, i), z[j]),
    logsumexp: Theorem("log-sum-exp gradient", logsumexp(z), z[j]),
    sigmoid: Theorem("sigmoid derivative", sigmoid(logit), logit),
    softplus: Theorem("softplus derivative", softplus(logit), logit),
}


def _as_rule(kind: type, theorem: Theorem) -> Rule:
    """The rule that replaces the derivative of a function by an instance of its theorem."""

    def rewrite(node: Expr, given: tuple[Hypothesis, ...]) -> Expr | None:
        applies = isinstance(node, Diff) and isinstance(node.expr, kind)
        return theorem.instance(node.expr, node.by) if applies else None

    return Rule(theorem.name, rewrite)


SOFTMAX, LOGSUMEXP, SIGMOID, SOFTPLUS = (
    _as_rule(kind, theorem) for kind, theorem in THEOREMS.items()
)
# Theorems come before the last three elementary rules, of which the chain rule would differentiate
# a named function by its definition.
DIFFERENTIATION = (*ELEMENTARY[:-3], SOFTMAX, LOGSUMEXP, SIGMOID, SOFTPLUS, *ELEMENTARY[-3:])


def definition_of(node: Expr) -> Rule:
    """The rule that writes a named function out."""

    def rewrite(e: Expr, given: tuple[Hypothesis, ...]) -> Expr | None:
        return e.unfold() if e == node else None

    return Rule("definition", rewrite)


def recognise(node: Expr) -> Rule:
    """The rule that writes exponentials as the named function they make up, such as softmax."""

    def rewrite(line: Expr, given: tuple[Hypothesis, ...]) -> Expr | None:
        if isinstance(node, (softmax, logsumexp)):
            scale = Dummy("S", positive=True)
            named = line.xreplace({Sum(node.vec.map(exp)): scale}).replace(
                lambda e: isinstance(e, exp) and isinstance(e.args[0], Indexed),
                lambda e: softmax(node.vec, e.args[0].indices[0]) * scale,
            )
        else:
            scale = exp
            s = sigmoid(node.args[0])
            named = line.xreplace({exp(-node.args[0]): (1 - s) / s, exp(node.args[0]): s / (1 - s)})
        named = cancel(named)
        return None if named.has(exp, scale) or named == line else named

    kind = {softmax: "softmax", logsumexp: "softmax", sigmoid: "sigmoid", softplus: "sigmoid"}[
        type(node)
    ]

    return Rule(f"recognise the {kind}", rewrite, whole_line=True)


def finish(derivation: Derivation, differentiation: Sequence[Rule] = DIFFERENTIATION) -> None:
    """Append lines until every derivative is carried out and no sum can be simplified.

    Which rule comes first is a matter of style only, since the prover judges every line.
    """
    while len(derivation) < MAX_LINES:
        if derivation.result.has(Diff):
            if not any(derivation.apply(rule) for rule in differentiation):
                raise NotImplementedError(f"no rule differentiates {derivation.result}")
        elif not any(derivation.apply(rule) for rule in SIMPLIFICATION):
            return
    raise RuntimeError(
        f"the derivation did not end within {MAX_LINES} lines; it reached {derivation.result}"
    )


@cache
def theorem(node: Expr, by: Expr) -> Derivation:
    """The derivation of a named function's derivative, from its definition, by elementary rules."""
    derivation = Derivation(Diff(node, by))
    derivation.apply(definition_of(node))
    finish(derivation, ELEMENTARY)
    derivation.apply(recognise(node))
    derivation.apply(TIDY)
    derivation.apply(FACTOR)
    return derivation
