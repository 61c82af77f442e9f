"""Which functions are generated for a loss: value, gradient, Hessian-vector product; for an activation its products."""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Expr, Indexed, Symbol

from ..calculus.derive import derivative
from ..expr.indices import free_indices
from ..expr.nodes import Diff, Sum, Vec
from ..losses import Loss
from ..notation import g, v
from ..numerics.nodes import EACH
from .inputs import Inputs, LoweringError, code_name, inputs_of
from .lowering import Lowering
from .program import Program
from .tangent import derivative_by_factors, hessian_along


class _Rows:
    """A loss or an activation of a row of logits: `wrt` is a component such as z[j]."""

    grad_output, tangent = g, v
    result, of_row = "shape of `{x}` without `axis`", "of each row"

    def __init__(self, loss: Loss):
        self.loss = loss
        self.base, self.index = loss.wrt.base, loss.wrt.indices[0]

    def each(self, e: Expr, index: Symbol | None = None) -> Expr:
        """`e` for every class at once."""
        return e.xreplace({index or self.index: EACH})

    def along(self, e: Expr, vector, index: Symbol | None = None) -> Expr:
        """The inner product with a vector, over the index."""
        index = index or self.index
        return Sum(Vec(e * vector[index], index, self.base.shape[0]))

    def kept(self, gradient: Expr) -> Expr | None:
        """The Hessian times the tangent, where it should be made factor by factor."""
        return hessian_along(gradient, self.loss.wrt, self.tangent, self.loss.given)

    @property
    def output(self) -> Symbol:
        """The index of an activation's output."""
        found = sorted(set(free_indices(self.loss.expr)) - {self.index}, key=str)
        if len(found) != 1:
            raise LoweringError(
                f"activation {self.loss.name}: it needs one free index, the output's; it has {found}"
            )
        return found[0]


class _Elements:
    """A loss or an activation of single outputs: `wrt` is a symbol."""

    grad_output, tangent = Symbol(code_name(g), real=True), Symbol(code_name(v), real=True)
    result, of_row = "shape of the arguments, broadcast", "of each element"
    index = output = None

    def __init__(self, loss: Loss):
        self.loss = loss

    def each(self, e: Expr, index=None) -> Expr:
        """`e` itself: there is no class axis."""
        return e

    def along(self, e: Expr, number, index=None) -> Expr:
        """The product with a number."""
        return e * number

    def kept(self, gradient: Expr) -> Expr | None:
        """The second derivative times the tangent, where it should be made factor by factor."""
        return derivative_by_factors(gradient, self.loss.wrt, self.tangent, self.loss.given)


def programs(loss: Loss) -> Iterator[Program]:
    """All functions of a loss or an activation, each derived when it is asked for."""
    shape = _Rows(loss) if isinstance(loss.wrt, Indexed) else _Elements(loss)
    inputs = inputs_of(loss)

    def by_logits(e: Expr) -> Expr:
        return derivative(Diff(e, loss.wrt), loss.given)

    x = inputs.listed[0].name

    def with_(*symbols) -> Inputs:
        return inputs if not symbols else with_(*symbols[:-1]).with_array(symbols[-1])

    def program(name, inputs, e, summary, returns="shape of `{x}`", index=None) -> Program:
        return _lowered(shape, name, inputs, e, summary, returns.format(x=x), index or shape.index)

    if not loss.is_activation:
        yield program("value", inputs, loss.expr, f"The loss {shape.of_row}.", shape.result)
        gradient = by_logits(loss.expr)
        yield program(
            "gradient", inputs, gradient, f"The gradient of the loss {shape.of_row} by `{x}`."
        )
        hessian = shape.kept(gradient) or by_logits(shape.along(gradient, shape.tangent))
        summary = f"The Hessian of the loss {shape.of_row} times `tangent`."
        yield program("hvp", with_(shape.tangent), hessian, summary)
        return
    name, out = loss.title.lower(), shape.output
    yield program("value", inputs, loss.expr, f"The {name} of `{x}`.", index=out)
    vjp = by_logits(shape.along(loss.expr, shape.grad_output, out))
    yield program(
        "vjp", with_(shape.grad_output), vjp, f"`grad_output` times the Jacobian of {name}."
    )
    jvp = derivative(shape.along(loss.derivation().result, shape.tangent), loss.given)
    yield program(
        "jvp", with_(shape.tangent), jvp, f"The Jacobian of {name} times `tangent`.", index=out
    )
    again = by_logits(shape.along(vjp, shape.tangent))
    summary = f"The gradient by `{x}` of the inner product of `tangent` and `vjp`."
    yield program("vjp_vjp", with_(shape.grad_output, shape.tangent), again, summary)


def _lowered(
    shape, name: str, inputs: Inputs, e: Expr, summary: str, returns: str, index: Symbol | None
) -> Program:
    loss = shape.loss
    lowering = Lowering(inputs, loss.given)
    node, make = lowering.lower(shape.each(e, index)), lowering.build.make
    per_row = inputs.size is not None and name == "value" and not loss.is_activation
    if per_row and node.extent != "row":
        raise LoweringError(f"loss {loss.name}: {e} is not one number for each row of logits")
    if per_row:
        node = make("drop_axis", node)
    elif (
        node.extent != "each"
    ):  # a gradient that is the same for every class still has the shape of the logits
        logits = lowering.build.input(lowering.logits, "each")
        node = make("add", make("zeros", logits), node)
    has_axis = inputs.size is not None
    return Program(
        name, summary, returns, inputs.listed, has_axis, node, e, index, tuple(lowering.applied)
    )
