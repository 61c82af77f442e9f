"""From passes over the classes to the loops of a kernel, with one class for each kind of kernel.

`passes.py` decides later what stays local to a loop.
"""

from __future__ import annotations

from ..program import Node
from .layouts import (
    BOUNDED_CLASS_MAJOR,
    BOUNDED_ROW_MAJOR,
    GENERAL_CLASS_MAJOR,
    GENERAL_ROW_MAJOR,
    Layout,
)
from .program import ClassPass, Fused, put_target_in_place
from .statements import Assign, Do, Let, Loop, Operand, Statement, Variable, call
from .values import Known, Values

EMPTY = {"sum": "0", "max": "-INFINITY", "first": "classes - 1"}


def zero(kind: str) -> str:
    """The zero of a C++ type."""
    return f"{kind}{{}}" if kind in ("Vector", "Sizes", "Mask") else "0"


def start(*variables: Variable) -> list[Statement]:
    """Declares variables that start at zero and are added to later."""
    return [Let(v, zero(v.type), mutable=True) for v in variables]


class Body(Values):
    """What the kernels have in common."""

    def __init__(self, program: Fused, layout: Layout, where: str):
        super().__init__(program, layout, where)
        self.logits = next(name for name, role in self.roles.items() if role == "logits")
        self.classes = "bounded classes" if layout.bounded else "classes"
        self.total = Variable("total", layout.row if layout.bounded else "double")
        self.scale = Variable("scale", layout.row)  # of each component of the gradient

    def statements(self) -> tuple[Statement, ...]:
        """All statements."""
        passes = self.program.passes
        out = start(self.total) if self.layout.rows else []
        for n, one in enumerate(passes):
            self.current = n
            rows = self.row_statements(one.before)
            is_last = self.program.by_class and n == len(passes) - 1
            out += self.last_rows(rows) if is_last else self.over_rows(rows)
            self.rows |= {node: self.variable(node) for node in one.reductions}
            out += self.gradient(one) if one.results else self.reduce(one)
        return (*out, Do(call("return", self.returned())))

    def over_rows(self, body: list[Statement]) -> list[Statement]:
        """A loop over the rows of a block, or the statements themselves in a kernel of one row."""
        if not self.layout.rows or not body:
            return body
        return [Loop(self.layout.rows, tuple(body), not self.layout.vectors)]

    def reductions(self, one: ClassPass, known: Known) -> list[Statement]:
        """The body of a loop over the classes: one step of each reduction, and what is stored."""
        out: list[Statement] = []
        for node in one.reductions:
            total, values = self.accumulator(self.rows[node]), node.args[0]
            is_exact = self.is_exact(node)
            value = self.component(values, "k") if is_exact else self.value(values, "k", out, known)
            if node.op == "first":
                value = call("first", total, value, self.rows[node.args[1]])
            elif node.op == "max":
                value = call("max", total, value)
            out.append(Assign(total, value, "+=" if node.op == "sum" else "="))
        for node, first in self.program.stored.items():
            if first == self.current:
                value = self.value(node, "k", out, known)
                out.append(Assign(call("stored", self.storage[node], "k"), value))
        return out

    def accumulator(self, total: Variable) -> Variable:
        """The variable in which a reduction accumulates."""
        return total

    def gradient(self, one: ClassPass) -> list[Statement]:
        """The last pass: the gradient, and the values of single outputs."""
        out: list[Statement] = []
        known: Known = {}
        found = {node: self.value(node, "k", out, known) for node in one.results}
        gradient = found.pop(self.program.gradient, None)
        for value in found.values():
            out += self.loss(value)
        if gradient is not None:
            scale = self.scale if self.program.by_class else self.scaled("k", out)
            out.append(self.write(call("multiply", scale, gradient)))
        return [Loop(self.classes, tuple(self.over_rows(out)), simd=not self.layout.rows)]

    def scaled(self, at: Operand | None, out: list[Statement]) -> Operand:
        """What a component of the gradient is multiplied by.

        It is the product of a number for all rows, one for the row, and the factor that the
        components of a row have in common.
        """
        scale, own = self.cast("factor", at), self.program.factor
        if own is not None:
            scale = call("multiply", scale, self.value(own, None, out, self.rows))
        return call("multiply", scale, call("of_row", "factors")) if self.layout.rows else scale

    def loss(self, value: Operand) -> list[Statement]:
        """The value of a row, and the sum of all."""
        loss = Variable("loss", self.total.type)
        return [Let(loss, value), Assign(self.total, loss, "+="), Assign(call("values"), loss)]

    def returned(self) -> Operand:
        """The sum of the values of all rows."""
        return self.total


class General(Body):
    """For all logits."""

    def loss(self, value: Operand) -> list[Statement]:
        """Adds up and writes the loss of a row, 0 where it does not count."""
        value = call("double", value)
        counts = call("of_row", "counts")
        return super().loss(call("choose", counts, value, "0") if self.program.by_class else value)

    def write(self, value: Operand) -> Statement:
        """Writes a component of the gradient; rows that do not count have 0."""
        if self.program.by_class and self.layout.rows:
            value = call("where", call("of_row", "counts"), value, self.cast("0.0", "k"))
        return Assign(call("component", "gradient"), call("write", value))

    def reduce(self, one: ClassPass) -> list[Statement]:
        """A pass over the classes, of rows side by side or of one row."""
        if not one.reductions:
            return []
        totals = [Let(self.rows[n], EMPTY[n.op], mutable=True) for n in one.reductions]
        body = self.over_rows(self.reductions(one, {}))
        loop = Loop(self.classes, tuple(body), simd=not self.layout.rows)
        return [*self.over_rows(totals), loop]

    def last_rows(self, rows: list[Statement]) -> list[Statement]:
        """Everything that remains, except the gradient."""
        if self.program.gradient is not None:
            rows.append(Let(self.scale, self.scaled(None, rows)))
        value = self.value(self.program.value, None, rows, self.rows)
        if not self.layout.rows:
            return [*rows, Let(self.total, call("double", value))]
        return [*self.over_rows(rows), *self.over_rows(self.loss(value))]


class Bounded(Body):
    """For logits within a bound.

    The kernel refuses rows with a logit beyond the bound before it writes anything.
    """

    def weight(self, parameter: Node, index: Node) -> Operand:
        """The weight of the target class of a row."""
        return call("of_row", parameter.value)  # the driver has looked it up

    def refuse(self, condition: Operand) -> Statement:
        """Leaves the rows to the general kernel where a condition holds."""
        return Do(call("refuse_if", condition))

    def last_rows(self, rows: list[Statement]) -> list[Statement]:
        """Everything but the gradient.

        The rows are left to the general kernel if a factor lost digits to the range of float.
        """
        has_gradient = self.program.gradient is not None
        any_lost = Variable("any_lost", "Mask" if self.layout.vectors else "int")
        if has_gradient:
            rows.append(Let(self.scale, self.scaled(None, rows)))
            rows.append(Assign(any_lost, call("lost", self.scale, call("of_row", "factors")), "|="))
        value = self.value(self.program.value, None, rows, self.rows)
        loss = self.loss(call("multiply", call("of_row", "counted"), value))
        return [
            *start(any_lost) * has_gradient,
            *self.over_rows(rows),
            *[self.refuse(call("any", any_lost))] * has_gradient,
            *self.over_rows(loss),
        ]


class BoundedRowMajor(Bounded):
    """Rows of many classes, one after the other.

    The numbers of a row are computed for many rows side by side.
    """

    by = Variable("by", "Each")  # the scale of the gradient of a row, in the type of its components

    def target(self, at: Operand | None) -> Operand:
        """The target class of a row."""
        return "target" if at == "k" else super().target(at)

    def row_value(self, node: Node, at: Operand | None) -> Operand:
        """A number of a row that was computed before."""
        return self.rows[node] if at is None else self.cast(self.rows[node], at)

    def accumulator(self, total: Variable) -> Variable:
        """The variable in which a block of classes is added up."""
        return Variable(f"{total.name}_part", "Each")

    def reduce(self, one: ClassPass) -> list[Statement]:
        """A pass over the classes, row by row, in blocks of classes."""
        if not one.reductions:
            return []
        totals = [self.rows[node] for node in one.reductions]
        parts = [self.accumulator(total) for total in totals]
        sums = [Variable(f"{total.name}_sum", "Row") for total in totals]
        most = Variable("most", "int32_t")
        is_first = self.current == 0
        block = [
            *[Assign(most, call("farthest", self.logits, most))] * is_first,
            *start(*parts),
            Loop("block", tuple(self.reductions(one, {})), simd=True),
            *(Assign(whole, part, "+=") for whole, part in zip(sums, parts, strict=True)),
        ]
        row = [
            *start(*sums),
            Loop("blocks", tuple(block)),
            *(Let(total, whole) for total, whole in zip(totals, sums, strict=True)),
        ]
        refusal = self.refuse(call("greater", most, "in->bound"))
        return [*start(most) * is_first, Loop("rows", tuple(row)), *[refusal] * is_first]

    def gradient(self, one: ClassPass) -> list[Statement]:
        """Multiplies what was stored by a number of the row."""
        (gradient,) = one.results
        row: list[Statement] = []
        body: list[Statement] = []
        if placed := put_target_in_place(gradient, self.program.stored):
            gradient, at_target = placed
            value = self.value(at_target, None, row, self.rows)
            row.append(Assign(call("stored", self.storage[gradient], self.target(None)), value))
        row.append(Let(self.by, self.cast(self.scale, "k")))
        value = call("multiply", self.by, self.value(gradient, "k", body, {}))
        body.append(Assign(call("component", "to"), call("write", value)))
        row.append(Loop("written", (Loop("block", tuple(body), simd=True),)))
        return [Loop("rows", tuple(row))]


class BoundedClassMajor(Bounded):
    """Rows side by side, in vectors.

    The values at the target class are picked from all classes in the first pass.
    """

    def write(self, value: Operand) -> Statement:
        """Writes a component of the gradient of each row of a vector."""
        return Do(call("store", "gradient", value, "stream"))

    def reduce(self, one: ClassPass) -> list[Statement]:
        """A pass over the classes; a sum over many classes is the sum of the sums of groups."""
        if not one.reductions:
            return []
        totals = [self.rows[node] for node in one.reductions]
        sums, lost = (
            [Variable(f"{t.name}_{p}", "Vector") for t in totals] for p in ("sum", "lost")
        )
        most, known, is_first = Variable("most", "Sizes"), {}, self.current == 0
        body = self.reductions(one, known)
        picked = [n for n in self.program.nodes() if n.op == "gather"] if is_first else []
        for node in picked:
            value = self.value(node.args[0], "k", body, known)
            self.rows[node] = self.variable(node)
            is_target = call("equal", "k", self.target(None))
            picks = call("where", is_target, value, self.rows[node])
            body.append(Assign(self.rows[node], picks))
        if is_first:
            farther = Assign(most, call("farther", most, self.logits))
            body = [Do(call("fetch", self.logits)), farther, *body]

        def if_many(body: list[Statement]) -> Statement:
            return Loop("many classes", tuple(self.over_rows(body)))

        three = list(zip(totals, sums, lost, strict=True))
        add_up = [
            statement
            for total, whole, rest in three
            for statement in (Do(call("add_up", whole, rest, total)), Assign(total, "Vector{}"))
        ]
        refusal = self.refuse(call("greater", call("largest", most), "in->bound"))
        return [
            *self.over_rows(start(*totals, *(self.rows[node] for node in picked))),
            *start(most) * is_first,
            if_many(start(*sums, *lost)),
            Loop("groups", (Loop("block", tuple(self.over_rows(body))), if_many(add_up))),
            *[refusal] * is_first,
            if_many([Assign(total, call("add", whole, rest)) for total, whole, rest in three]),
        ]

    def returned(self) -> Operand:
        """The sum over all rows."""
        return call("sum_of", self.total)


BUILDERS = {
    GENERAL_ROW_MAJOR: General,
    GENERAL_CLASS_MAJOR: General,
    BOUNDED_ROW_MAJOR: BoundedRowMajor,
    BOUNDED_CLASS_MAJOR: BoundedClassMajor,
}
