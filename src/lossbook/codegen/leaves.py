"""The leaves of a program: inputs, numbers, class indices, masks. The rest is in `lowering.py`."""

from __future__ import annotations

from sympy import Expr, Indexed, Symbol

from ..expr.hypotheses import Hypothesis
from ..expr.nodes import Vec
from ..numerics.nodes import EACH, ArgMax
from .inputs import Inputs, LoweringError
from .naming import mask_name, name_of
from .program import Builder, Node


class Leaves:
    """Makes the leaves of expressions of one loss. A subclass lowers what stands on them."""

    def __init__(self, inputs: Inputs, given: tuple[Hypothesis, ...] = ()):
        self.inputs = inputs
        self.given = given
        self.build = Builder()
        self.memo: dict[Expr, Node] = {}
        self.logits = next(a.name for a in inputs.by_symbol.values() if a.role == "logits")

    def lower(self, e: Expr) -> Node:
        """The node that computes `e`."""
        raise NotImplementedError

    def refuse(self, e: Expr, why: str) -> LoweringError:
        """An error that names a node and the loss."""
        return LoweringError(f"loss {self.inputs.loss}: {type(e).__name__} in {e}: {why}")

    def _leaf(self, e: Expr) -> Node:
        make = self.build.make
        if e == self.inputs.size:
            return make("class_count", self._input(self.logits))
        argument = self.inputs.by_symbol.get(e.base if isinstance(e, Indexed) else e)
        if argument is None:
            raise self.refuse(
                e,
                "it is neither a parameter nor a target of the loss, "
                "nor what it is differentiated with respect to",
            )
        if isinstance(e, Symbol):
            if argument.role == "class index":
                raise self.refuse(e, "a class index can only select a class")
            return self._input(argument.name)
        if len(e.indices) != 1:
            raise self.refuse(e, "one index along the class axis is supported, a matrix is not")
        index = e.indices[0]
        if argument.role == "per class":
            array = self._input(argument.name)
            return (
                make("per_class", array, self._along())
                if index == EACH
                else make("take", array, self._index(index))
            )
        array = self._input(argument.name)
        return array if index == EACH else make("gather", array, self._index(index))

    def _input(self, name: str) -> Node:
        argument = next(a for a in self.inputs.by_symbol.values() if a.name == name)
        return self.build.input(
            name, {"class index": "row", "scalar": "scalar"}.get(argument.role, "each")
        )

    def _index(self, e: Expr) -> Node:
        """The class index of each row, from 0, with the class axis kept."""
        if isinstance(e, ArgMax):
            node = self.build.make("argmax", self._components(e.vec))
            if node.name is None and (named := name_of(e, self.inputs)):
                node.name, node.own_line = named
            return node
        argument = self.inputs.by_symbol.get(e)
        if argument is None or argument.role != "class index":
            raise self.refuse(e, "an index must be the target class of a row, or be bound by a sum")
        node = self.build.make("keep_axis", self._input(argument.name))
        node.name, node.own_line = "index", True
        return node

    def _along(self) -> Node:
        node = self.build.make("along", self._input(self.logits))
        node.name, node.own_line = "along", True
        return node

    def _mask(self, index: Expr) -> Node:
        """Where along the class axis a class is."""
        classes = self.build.make("classes", self._input(self.logits), self._along())
        classes.name = "classes"
        node = self.build.make("equal", classes, self._index(index))
        node.name = mask_name(index, self.inputs)
        return node

    def _number(self, e: Expr) -> Node:
        if e.is_Integer:
            return self.build.number(int(e))
        if not e.is_real:
            raise self.refuse(e, "a number must be real and finite")
        if e.is_Rational and float(e) * int(e.q) != int(e.p):
            return self.build.make(
                "divide", self.build.number(int(e.p)), self.build.number(int(e.q))
            )
        return self.build.number(float(e))

    def _components(self, vec: Vec) -> Node:
        """The components of a vector, as an array along the class axis."""
        if self.inputs.size is None or vec.size != self.inputs.size:
            raise self.refuse(
                vec, f"sums run over the {self.inputs.size} classes of the logits, not {vec.size}"
            )
        if vec.body.has(EACH):
            raise self.refuse(
                vec, "for every class it takes all classes: a K x K array for each row"
            )
        return self.lower(vec.at(EACH))
