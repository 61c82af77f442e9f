"""Which functions are generated for a loss, and from which formulas.

A loss has a value, a gradient and a Hessian-vector product. An activation has a value and the
products of its Jacobian with vectors.
"""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Expr, Indexed, Symbol

from ..calculus.derive import derivative, derive
from ..expr.indices import free_indices
from ..expr.nodes import Diff, Sum, Vec
from ..losses import Loss
from ..notation import code_name, g, v
from ..numerics.nodes import EACH
from .inputs import Inputs, LoweringError, inputs_of
from .lowering import Lowering
from .program import Program
from .tangent import derivative_by_factors, hessian_along


class _Rows:
    """How a loss or an activation of a row of logits is differentiated: `wrt` is such as z[j]."""

    grad_output, tangent = g, v
    result, of_each = "shape of `{x}` without `axis`", "of each row"

    def __init__(self, loss: Loss):
        self.loss = loss
        self.base, self.index = loss.wrt.base, loss.wrt.indices[0]

    def for_each_class(self, e: Expr, index: Symbol | None = None) -> Expr:
        """The expression for every class at once."""
        return e.xreplace({index or self.index: EACH})

    def inner_product(self, e: Expr, vector, index: Symbol | None = None) -> Expr:
        """The inner product with a vector, over the index."""
        index = index or self.index
        return Sum(Vec(e * vector[index], index, self.base.shape[0]))

    def hvp_by_factors(self, gradient: Expr) -> Expr | None:
        """The Hessian times the tangent by the product rule, where that is more accurate."""
        return hessian_along(gradient, self.loss.wrt, self.tangent, self.loss.given)

    @property
    def output(self) -> Symbol:
        """The index of an activation's output."""
        found = sorted(set(free_indices(self.loss.expr)) - {self.index}, key=str)
        if len(found) != 1:
            raise LoweringError(
                f"activation {self.loss.name}: it needs one free index, the output's; "
                f"it has {found}"
            )
        return found[0]


class _Elements:
    """The same for a loss or an activation of single outputs: `wrt` is a symbol."""

    grad_output, tangent = Symbol(code_name(g), real=True), Symbol(code_name(v), real=True)
    result, of_each = "shape of the arguments, broadcast", "of each element"
    index = output = None

    def __init__(self, loss: Loss):
        self.loss = loss

    def for_each_class(self, e: Expr, index=None) -> Expr:
        """The expression itself, since there is no class axis."""
        return e

    def inner_product(self, e: Expr, number, index=None) -> Expr:
        """The product with a number."""
        return e * number

    def hvp_by_factors(self, gradient: Expr) -> Expr | None:
        """The second derivative times the tangent by the product rule, where more accurate."""
        return derivative_by_factors(gradient, self.loss.wrt, self.tangent, self.loss.given)


def programs(loss: Loss) -> Iterator[Program]:
    """All functions of a loss or an activation, each derived when the iterator gets to it."""
    shape = _Rows(loss) if isinstance(loss.wrt, Indexed) else _Elements(loss)
    return _of_activation(shape) if loss.is_activation else _of_loss(shape)


def _of_loss(shape: _Rows | _Elements) -> Iterator[Program]:
    loss, inputs = shape.loss, inputs_of(shape.loss)
    x, of_each = inputs.listed[0].name, shape.of_each
    returns = shape.result.format(x=x)
    yield _lowered(shape, "value", inputs, loss.expr, f"The loss {of_each}.", returns)
    returns = f"shape of `{x}`"
    gradient = _by_logits(shape, loss.expr)
    summary = f"The gradient of the loss {of_each} with respect to `{x}`."
    yield _lowered(shape, "gradient", inputs, gradient, summary, returns)
    hvp = shape.hvp_by_factors(gradient)
    if hvp is None:
        hvp = _by_logits(shape, shape.inner_product(gradient, shape.tangent))
    summary = f"The Hessian of the loss {of_each} times `tangent`."
    yield _lowered(shape, "hvp", inputs.with_array(shape.tangent), hvp, summary, returns)


def _of_activation(shape: _Rows | _Elements) -> Iterator[Program]:
    loss, inputs, output = shape.loss, inputs_of(shape.loss), shape.output
    x, name = inputs.listed[0].name, loss.title.lower()
    returns = f"shape of `{x}`"
    yield _lowered(
        shape, "value", inputs, loss.expr, f"The {name} of `{x}`.", returns, index=output
    )
    vjp = _by_logits(shape, shape.inner_product(loss.expr, shape.grad_output, output))
    summary = f"`grad_output` times the Jacobian of {name}."
    with_grad = inputs.with_array(shape.grad_output)
    yield _lowered(shape, "vjp", with_grad, vjp, summary, returns)
    jvp = derivative(shape.inner_product(derive(loss).result, shape.tangent), loss.given)
    summary = f"The Jacobian of {name} times `tangent`."
    yield _lowered(
        shape, "jvp", inputs.with_array(shape.tangent), jvp, summary, returns, index=output
    )
    vjp_vjp = _by_logits(shape, shape.inner_product(vjp, shape.tangent))
    summary = f"The gradient of `sum(tangent * vjp)` with respect to `{x}`."
    with_both = with_grad.with_array(shape.tangent)
    yield _lowered(shape, "vjp_vjp", with_both, vjp_vjp, summary, returns)


def _by_logits(shape: _Rows | _Elements, e: Expr) -> Expr:
    return derivative(Diff(e, shape.loss.wrt), shape.loss.given)


def _lowered(
    shape: _Rows | _Elements,
    name: str,
    inputs: Inputs,
    e: Expr,
    summary: str,
    returns: str,
    *,
    index: Symbol | None = None,
) -> Program:
    """The program of one function. index: of its result, if that is not the index of `wrt`."""
    loss, index = shape.loss, index or shape.index
    lowering = Lowering(inputs, loss.given)
    node, make = lowering.lower(shape.for_each_class(e, index)), lowering.build.make
    per_row = inputs.size is not None and name == "value" and not loss.is_activation
    if per_row and node.extent != "row":
        raise LoweringError(f"loss {loss.name}: {e} is not one number for each row of logits")
    if per_row:
        node = make("drop_axis", node)
    elif node.extent != "each":  # the result has the shape of the logits, even if all are equal
        logits = lowering.build.input(lowering.logits, "each")
        node = make("add", make("zeros", logits), node)
    has_axis = inputs.size is not None
    return Program(
        name, summary, returns, inputs.listed, has_axis, node, e, index, tuple(lowering.applied)
    )
