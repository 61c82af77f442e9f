"""Fused loops in C++: one table of operations, and the two ways in which rows lie in memory.

wide: the classes of a row follow each other; a loop over classes is vectorised. tall: the same class of neighbouring rows
follows each other, as in images with the class axis first, or in a block of short rows that was transposed; the loop over
`b`, the row of a block, is vectorised. A loss of single outputs is tall, with one class.

Each of them is printed twice: far, for all logits, and near, for logits within reach; in what `kernel.h` calls Each and,
near, Row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import indent

from ...losses import Loss
from ..inputs import LoweringError
from ..program import Input, Node
from ..python.module import about
from .program import REDUCTIONS, Fused, Loop, fused, has_near

INTEGERS = ("first", "classes")
OPERATIONS = {
    "add": "({0} + {1})",
    "subtract": "({0} - {1})",
    "multiply": "({0} * {1})",
    "divide": "({0} / {1})",
    "negative": "(-{0})",
    "exp": "exp_({0})",
    "log": "log_({0})",
    "log1p": "log1p_({0})",
    "log1p_to_one": "log1p_to_one({0})",
    "abs": "abs_({0})",
    "maximum": "larger({0}, {1})",
    "minimum": "smaller({0}, {1})",
    "at_least": "larger({0}, {1})",
    "at_most": "smaller({0}, {1})",
    "where": "either({0}, {1}, {2})",
    "equal": "({0} == {1})",
    "not_equal": "({0} != {1})",
    "less": "({0} < {1})",
    "less_equal": "({0} <= {1})",
    "greater": "({0} > {1})",
    "greater_equal": "({0} >= {1})",
    "and": "({0} && {1})",
    "or": "({0} || {1})",
    "not": "(!{0})",
}
CONDITIONS = (
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "and",
    "or",
    "not",
)
EMPTY = {"sum": "0", "max": "-INFINITY", "first": "classes - 1"}
REDUCED = {
    "sum": "{0} += {1};",
    "max": "{0} = either({1} > {0}, {1}, {0});",
    "first": "{0} = ({1}) & ({2} < {0}) ? {2} : {0};",
}
COMBINED = {"sum": "+", "max": "max", "first": "min"}
COSTS = {
    "log1p_(": 24,
    "log1p_to_one(": 16,
    "exp_(": 16,
    " / ": 6,
    "power(": 4,
}  # about so many operations
LOOK_UP = re.compile(r"index\[b\](\]| \*)")  # faster one by one than side by side
DECLARED = re.compile(r"const (\w+) (\w+) = ")


def _has(line: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", line) is not None


class Body:
    """Prints one function: the values of rows, and their gradients. What near and far kernels have in common."""

    of_rows = "Each"  # the type of what is computed once for a row
    of_total = "double"
    of_class = "int64_t"
    each = "Each"  # the type of what is stored for each class
    size = "BLOCK"  # of arrays for the rows of a block
    in_arrays = (
        False  # whether the numbers of rows are: where more rows than one are computed at a time
    )
    returned = "return total;"
    stage = 24  # the cost of a loop whose rows overlap

    def __init__(self, program: Fused, tall: bool, where: str):
        self.program, self.tall, self.where = program, tall, where
        self.roles = {a.name: a for a in program.inputs.by_symbol.values()}
        self.by_class = program.inputs.size is not None
        self.logits = next(a.name for a in self.roles.values() if a.role == "logits")
        self.names: dict[Node, str] = {}
        self.taken: set[str] = set()
        self.done: set[Node] = set()
        self.loop = 0
        self.locals = 0
        self.carried: dict[str, str] = {}  # from one stage to the next, by type

    # -- names and values ----------------------------------------------------------------------------------------

    def name(self, node: Node) -> str:
        """What a number of a row, or of each class, is called."""
        if node not in self.names:
            base, n = node.name or "term", 2
            name = base
            while name in self.taken:
                name, n = f"{base}_{n}", n + 1
            self.taken.add(name)
            self.names[node] = f"{name}_"  # never the name of an argument
        return self.names[node]

    def kind(self, node: Node) -> str:
        """The C type."""
        if node.op in INTEGERS or (
            node.op == "input" and self.roles[node.value].role == "class index"
        ):
            return self.of_class
        if node.op == "max" and node.args[0].op == "input":
            return "number"  # exact, and half as wide
        return "Each" if node.extent == "each" else self.of_rows

    def cast(self, text: str, k: str | None) -> str:
        """A number of another type, where it is computed with: with k, in a loop over the classes."""
        kind = "Each" if k else self.of_rows
        return f"({kind}){text}"

    def of_row(self, name: str) -> str:
        """A number of a row where there may be many rows."""
        return f"{name}[b]" if self.in_arrays else name

    def index(self, k: str | None) -> str:
        """The target class of a row; k: in a loop over the classes."""
        return self.of_row("index")

    def at(self, k: str) -> str:
        """Where the number of a class lies in memory."""
        return f"{k} * stride + b" if self.tall else k

    def kept(self, node: Node, k: str) -> str:
        """A component that an earlier loop stored."""
        return (
            f"{self.name(node)}all[{k} * ROWS + b]" if self.tall else f"{self.name(node)}all[{k}]"
        )

    def weight(self, name: str, index: Node) -> str:
        """The weight of the class of a row."""
        return f"{name}[{self.value(index, None, [], {})}]"

    def leaf(self, node: Node, k: str | None, raw: bool = False) -> str | None:
        """A number, an input, or an operation that only looks one up; None for anything else."""
        op, args = node.op, node.args
        if op == "number":
            text = repr(float(node.value)) if node.value >= 0 else f"({float(node.value)!r})"
            return self.cast(text, k)
        if op == "input":
            role = self.roles[node.value].role
            if role == "scalar":
                return self.cast(node.value, k)
            if role == "class index":
                return self.index(k)
            text = f"read({node.value}[{self.at(k)}])"
            if role == "array" and self.by_class:
                text = f"TARGET({node.value}, {self.at(k)}, {k}, {self.index(k)})"
            return text if raw else self.cast(text, k if k == "k" else None)
        if op == "class_count":
            return self.cast("classes", k)
        if op == "classes":
            return k
        if op == "zeros":
            return self.cast("0.0", k)
        if op == "per_class":
            return self.cast(f"{args[0].value}[{k}]", k)
        if op == "take":
            return self.cast(self.weight(args[0].value, args[1]), k)
        return None

    def value(self, node: Node, k: str | None, lines: list[str], seen: dict[Node, str]) -> str:
        """How a value stands in an expression. k: the class, in a loop or of a component; lines: where what is computed
        on the way goes; seen: what was computed there.
        """
        if (text := self.leaf(node, k)) is not None:
            return text
        if node in seen:
            return seen[node]
        if node.extent == "row" and node in self.done:
            return self.of_row_in_loop(node, k)
        if node.op in REDUCTIONS:
            raise LoweringError(f"{self.where}: {node.op!r} is needed before its loop has run")
        if node.op == "gather":
            at = self.value(node.args[1], None, lines, seen)
            inside = {n: text for n, text in seen.items() if n.extent != "each"}
            text = self.value(node.args[0], at, lines, inside)
            seen |= {n: t for n, t in inside.items() if n.extent != "each"}
        elif node in self.program.stored and self.program.stored[node] < self.loop:
            return self.kept(node, k)
        else:
            text = self.operation(node, k, lines, seen)
        if node.op in CONDITIONS:
            return text
        self.locals += 1
        name = f"{node.name or 'v'}{self.locals}"  # ends in a digit: never the name of an argument
        lines.append(f"const {self.kind(node)} {name} = {text};")
        seen[node] = name
        return name

    def of_row_in_loop(self, node: Node, k: str | None) -> str:
        """A number of a row that is known; k: where it is used in a loop over the classes."""
        return self.of_row(self.name(node))

    def operation(self, node: Node, k: str | None, lines: list[str], seen: dict[Node, str]) -> str:
        """An operation on values."""
        if node.op == "power":
            base = self.value(node.args[0], k, lines, seen)
            if node.args[1].op == "number" and node.args[1].value == 2:
                return f"({base} * {base})"
            exponent = node.args[1]
            text = (
                exponent.value if exponent.op == "input" else self.value(exponent, k, lines, seen)
            )
            return f"power({base}, {text}, square)"  # an exponent keeps all its digits
        template = OPERATIONS.get(node.op)
        if template is None:
            raise LoweringError(f"{self.where}: there is no vectorised code for {node.op!r}")
        return template.format(*(self.value(a, k, lines, seen) for a in node.args))

    # -- statements ----------------------------------------------------------------------------------------------

    def rows(self, nodes: list[Node]) -> list[str]:
        """The numbers of each row, in loops over rows where there are many."""
        lines = self.of_each_row(nodes)
        return self.in_stages("SIMD", lines) if self.in_arrays and lines else lines

    def of_each_row(self, nodes: list[Node]) -> list[str]:
        """The numbers of a row."""
        lines, seen = [], {}
        for node in nodes:
            if node in self.done or node.op in CONDITIONS or self.leaf(node, None) is not None:
                continue
            text = self.value(node, None, lines, seen)
            declared = "" if self.in_arrays else f"const {self.of_rows} "
            lines.append(f"{declared}{self.of_row(self.name(node))} = {text};")
            self.done.add(node)
        return lines

    def in_stages(self, simd: str, lines: list[str]) -> list[str]:
        """A loop over the rows of a block, cut into loops so short that a processor has several rows under way: long
        chains of operations that wait for each other keep it idle. What goes from one loop to the next is kept in arrays.
        """
        stages, cost = [[]], 0
        for line in lines:
            own = next((c for name, c in COSTS.items() if name in line), 1)
            if stages[-1] and (
                cost + own > self.stage
                or bool(LOOK_UP.search(line)) != bool(LOOK_UP.search(stages[-1][-1]))
            ):
                stages, cost = [*stages, []], 0
            stages[-1].append(line)
            cost += own
        place = [n for n, stage in enumerate(stages) for _ in stage]
        for m, line in enumerate(lines):
            found = DECLARED.match(line)
            if found and any(
                place[n] > place[m] and _has(a, found[2]) for n, a in enumerate(lines)
            ):
                kind, name = found.groups()
                self.carried[name] = kind
                lines[m] = lines[m].replace(f"const {kind} {name} = ", f"{name} = ")
                lines = [re.sub(rf"\b{name}\b", f"{name}[b]", a) for a in lines]
        loops = []
        for n in range(len(stages)):
            stage = [a for a, m in zip(lines, place, strict=True) if m == n]
            head = simd if n == len(stages) - 1 else "" if LOOK_UP.search(stage[0]) else "SIMD"
            loops += self.over_rows(stage, head)
        return loops

    def over_rows(self, lines: list[str], simd: str = "SIMD") -> list[str]:
        """A loop over the rows of a block; nothing for no statements."""
        return (
            [*[simd] * bool(simd), "for (int64_t b = 0; b < rows; b++) {", *_in(lines), "}"]
            if lines
            else []
        )

    def pass_over(self, loop: Loop) -> list[str]:
        """One pass over the classes."""
        lines, seen, before = [], {}, []
        for node in loop.reductions:
            lines += self.reduction(node, lines, seen)
        for node in self.program.stored:
            if self.program.stored[node] == self.loop:
                text = self.value(node, "k", lines, seen)
                lines.append(f"{self.kept(node, 'k')} = {text};")
        simd = "SIMD"
        for node in loop.results:
            if node is self.program.gradient:
                slope = self.at_target(node, before) or self.value(node, "k", lines, seen)
            else:
                text = self.value(node, "k", lines, seen)
                simd = "SIMD_OF(reduction(+ : total))"
                lines += self.loss(text)
        if loop.results and self.program.gradient is not None:
            lines.append(self.component(slope))
        self.done |= set(loop.reductions)
        if self.loop == 0:
            lines += self.picks(seen)
        return self.pass_over_classes(loop, before, lines, simd)

    def picks(self, seen: dict[Node, str]) -> list[str]:
        """What the first pass keeps of the target's class."""
        return []

    def loss(self, text: str) -> list[str]:
        """The value of a row, and the sum of all."""
        return [f"const {self.of_total} loss = {text};", "total += loss;", "values[b] = loss;"]

    def at_target(self, node: Node, before: list[str]) -> str | None:
        """Where the target's component can be put among those that are stored: what stands for all of them."""
        return None

    def target_of(self, node: Node) -> str:
        """What a reduction is added up in."""
        return self.of_row(self.name(node))

    def reduction(self, node: Node, lines: list[str], seen: dict[Node, str]) -> list[str]:
        """The statement of a reduction."""
        target = self.target_of(node)
        raw = node.args[0].op == "input" and self.kind(node) == "number"
        if node.op == "first":
            at, most = node.args
            raw = at.op == "input" and self.kind(most) == "number"
            text = self.leaf(at, "k", raw=True) if raw else self.value(at, "k", lines, seen)
            same = f"{text} == {self.of_row(self.name(most))}"
            return [REDUCED["first"].format(target, same, "k")]
        text = (
            self.leaf(node.args[0], "k", raw=True)
            if raw
            else self.value(node.args[0], "k", lines, seen)
        )
        return [REDUCED[node.op].format(target, text)]

    def over_classes(self, lines: list[str]) -> list[str]:
        """A loop over all classes."""
        return [f"for ({self.of_class} k = 0; k < classes; k++) {{", *_in(lines), "}"]

    def text(self) -> list[str]:
        """All statements of the function."""
        program, lines = self.program, []
        for n, loop in enumerate(program.loops):
            self.loop = n
            if n == len(program.loops) - 1 and program.gradient is not None and self.by_class:
                lines += self.before_gradient(loop.before)
            else:
                lines += self.rows(loop.before)
            lines += self.pass_over(loop)
        self.loop = len(program.loops)
        return self.arrays([*lines, *self.last()])

    def before_gradient(self, nodes: list[Node]) -> list[str]:
        """The numbers of each row, and what each component of its gradient is multiplied by."""
        return [*self.rows(nodes), *self.slope()]

    def last(self) -> list[str]:
        """What follows the last pass."""
        lines = self.rows(list(self.program.after))
        return lines if self.program.value.extent == "each" else [*lines, *self.finish()]

    def whole_slope(self, lines: list[str]) -> str:
        """What each component of the gradient of a row is multiplied by."""
        own, whole = self.program.factor, self.cast("factor", None)
        return whole if own is None else f"{whole} * {self.value(own, None, lines, {})}"

    def arrays(self, lines: list[str]) -> list[str]:
        """What the function starts with: its inputs, scratch space for what is stored, arrays for the rows of a block."""
        lines = self.used(lines)
        text = "\n".join(lines)
        head = [f"{declared};" for declared in self.inputs() if _has(text, _called(declared))]
        for n, node in enumerate(self.program.stored):
            start = f"scratch + {n} * classes{' * ROWS' if self.tall else ''}"
            start = start if self.each == "Each" else f"({self.each} *)({start})"
            head.append(f"{self.each} *__restrict {self.name(node)}all = {start};")
        if self.in_arrays:
            head.append(
                f"{self.of_total} total = {'0' if self.of_total in ('Row', 'double') else '{}'};"
            )
            names = {self.name(node): self.kind(node) for node in self.names} | {
                "slope": self.of_rows
            }
            names |= self.carried
            head += [
                f"{kind} {name}[{self.size}];"
                for name, kind in names.items()
                if f"{name}[b] = " in text
            ]
            if self.program.value.extent == "each":
                lines = [*lines, self.returned]
        return [*head, *lines]

    def inputs(self) -> list[str]:
        """The declarations of what a loss takes, from where the driver puts it."""
        counts = {"array": 0, "per class": 0, "scalar": 0}
        found = []
        for a in self.program.inputs.listed:
            if a.role == "logits":
                found.insert(0, f"const real *{a.name} = in->logits")
            elif a.role == "class index":
                found.append(self.declared_index())
            else:
                found.append(self.declared(a, counts[a.role]))
                counts[a.role] += 1
        if counts["array"] and self.by_class:
            found.append(self.declared_index())
        return found

    def declared(self, a: Input, n: int) -> str:
        """The declaration of the n-th input of its role."""
        fields = {
            "array": ("real *", "arrays"),
            "per class": ("double *", "weights"),
            "scalar": ("double ", "numbers"),
        }
        kind, place = fields[a.role]
        return f"const {kind}{a.name} = in->{place}[{n}]"

    def used(self, lines: list[str]) -> list[str]:
        """Without the rows' numbers that nothing reads."""
        while True:
            text = "\n".join(lines)
            dead = []
            for node in self.names:
                name = self.of_row(self.name(node))
                if (
                    node.op not in REDUCTIONS
                    and len(re.findall(rf"(?<![\w]){re.escape(name)}(?!\w)", text)) == 1
                ):
                    dead.append(name)
            kept = [
                a
                for a in lines
                if not any(
                    a.strip().removeprefix(f"const {self.of_rows} ").startswith(f"{n} = ")
                    for n in dead
                )
            ]
            if kept == lines:
                return lines
            lines = kept


class Far(Body):
    """For all logits: rows of many classes one at a time, others side by side."""

    def __init__(self, program: Fused, tall: bool, where: str):
        super().__init__(program, tall, where)
        self.in_arrays = tall

    def declared_index(self) -> str:
        """The declaration of the target classes."""
        if self.tall:
            return "const int64_t *index = in->index"
        shares = any(a.role == "array" for a in self.roles.values())
        return (
            f"const int64_t index = {'BY_INDEX ? in->index[0] : 0' if shares else 'in->index[0]'}"
        )

    def component(self, slope: str) -> str:
        """The statement that writes a component of the gradient."""
        if not self.by_class:
            return f"gradient[k * stride + b] = write({self.cast('factor', 'k')} * factors[b] * {slope});"
        if not self.tall:
            return f"gradient[k] = write(slope * {slope});"
        return (
            f"gradient[k * stride + b] = write(either(counts[b], slope[b] * {slope}, (Each)0.0));"
        )

    def pass_over_classes(
        self, loop: Loop, before: list[str], lines: list[str], simd: str
    ) -> list[str]:
        """The pass for a block of rows side by side, or for one row."""
        if self.tall:
            start = self.over_rows([f"{self.name(n)}[b] = {EMPTY[n.op]};" for n in loop.reductions])
            return [*start, *self.over_classes(self.in_stages(simd, lines))]
        start = [f"{self.kind(n)} {self.name(n)} = {EMPTY[n.op]};" for n in loop.reductions]
        clauses = " ".join(f"reduction({COMBINED[n.op]} : {self.name(n)})" for n in loop.reductions)
        return [*start, f"SIMD_OF({clauses})" if clauses else "SIMD", *self.over_classes(lines)]

    def loss(self, text: str) -> list[str]:
        return super().loss(f"(double){text}")

    def slope(self) -> list[str]:
        """What each component of the gradient is multiplied by."""
        lines: list[str] = []
        factor = self.whole_slope(lines)
        if not self.tall:
            return [*lines, f"const {self.of_rows} slope = {factor};"]
        return self.over_rows([*lines, f"slope[b] = {factor} * factors[b];"])

    def finish(self) -> list[str]:
        """The value of each row, and their sum."""
        lines: list[str] = []
        text = self.value(self.program.value, None, lines, {})
        if not self.tall:
            return [*lines, f"return (double){text};"]
        counted = f"counts[b] ? (double){text} : 0"
        return [
            *self.over_rows([*lines, *Body.loss(self, counted)], "SIMD_OF(reduction(+ : total))"),
            self.returned,
        ]

    def arguments(self) -> str:
        """What the function takes."""
        block = ["int64_t rows, int64_t stride, const unsigned char *counts"] * self.tall
        factors, values = ["const double *factors"] * self.tall, ["double *values"] * self.tall
        gradient = [GRADIENT, *factors] * (self.program.gradient is not None)
        return ", ".join([COMMON, *block, *gradient, *values, "Each *scratch"])


class Near(Body):
    """For logits within reach. Says so, and has written nothing, where one is not."""

    of_class = "Class"
    in_arrays = True  # many rows at a time, so that their own numbers are computed side by side

    def declared_index(self) -> str:
        """The declaration of the target classes."""
        return "const Class *index = in->classes"

    def declared(self, a: Input, n: int) -> str:
        return (
            f"const Each *{a.name} = in->weights_of[{n}]"
            if a.role == "per class"
            else super().declared(a, n)
        )

    def inputs(self) -> list[str]:
        return [
            *super().inputs(),
            "const Each *factors = in->factors",
            "const Each *counted = in->counted",
        ]

    def weight(self, name: str, index: Node) -> str:
        return f"{name}[b]"  # the driver has looked it up

    def value(self, node: Node, k: str | None, lines: list[str], seen: dict[Node, str]) -> str:
        if node.extent == "scalar" and node.args and node.op in OPERATIONS:
            return self.cast(_in_double(node), k)
        return super().value(node, k, lines, seen)

    def refusal(self, most: str) -> list[str]:
        """After the first pass it is known how far the logits are."""
        return [f"if ({most} > in->reach) return refused(in);"] if self.loop == 0 else []

    def counted(self) -> list[str]:
        """The value of each row, and their sum."""
        lines: list[str] = []
        text = self.value(self.program.value, None, lines, {})
        return [*lines, *self.loss(f"counted[b] * {text}")]

    def arguments(self) -> str:
        """What the function takes."""
        parts = [COMMON, "int64_t rows", *["int64_t stride"] * self.tall]
        parts += [GRADIENT] * (self.program.gradient is not None)
        return ", ".join([*parts, "Each *values", "Each *scratch"])


class NearWide(Near):
    """Rows of many classes, one after the other."""

    of_rows = of_total = "Row"

    def index(self, k: str | None) -> str:
        return "target" if k == "k" else "index[b]"

    def at(self, k: str) -> str:
        return f"b * classes + {k}"

    def kept(self, node: Node, k: str) -> str:
        return f"{self.name(node)}all[{self.at(k)}]"

    def of_row_in_loop(self, node: Node, k: str | None) -> str:
        text = self.of_row(self.name(node))
        return self.cast(text, k) if k else text

    def target_of(self, node: Node) -> str:
        return f"{self.name(node)}part"

    def at_target(self, node: Node, before: list[str]) -> str | None:
        if node.op != "where" or node.args[2] not in self.program.stored:
            return None
        before.append(
            f"{self.kept(node.args[2], 'index[b]')} = {self.value(node.args[1], None, before, {})};"
        )
        return self.kept(node.args[2], "k")

    def component(self, slope: str) -> str:
        """The statement that writes a component of the gradient."""
        return f"to[k] = write(by * {slope});"

    def pass_over_classes(
        self, loop: Loop, before: list[str], lines: list[str], simd: str
    ) -> list[str]:
        """The pass over the classes, row by row, in blocks of classes."""
        classes = ["for (Class k = from; k < to_; k++) {", *_in(lines), "}"]
        if loop.results:
            body = [
                *before,
                "const Each by = (Each)slope[b];",
                "written(in, classes, gradient + b * classes, [&](Class from, Class to_, real *to) ALWAYS {",
                *_in(["SIMD", *classes]),
                "});",
            ]
            return self.over_rows(body, "")
        names = [self.name(n) for n in loop.reductions]
        first = self.loop == 0
        inside = [f"most = farthest({self.logits} + b * classes + from, to_ - from, most);"] * first
        inside += [f"Each {name}part = 0;" for name in names]
        inside += [f"SIMD_OF({' '.join(f'reduction(+ : {name}part)' for name in names)})", *classes]
        inside += [f"{name}sum += {name}part;" for name in names]
        body = [
            *(f"Row {name}sum = 0;" for name in names),
            "in_blocks(classes, index[b], [&](Class from, Class to_, Class target) ALWAYS {",
            *_in(inside),
            "});",
            *(f"{name}[b] = {name}sum;" for name in names),
        ]
        return [*["int32_t most = 0;"] * first, *self.over_rows(body, ""), *self.refusal("most")]

    def slope(self) -> list[str]:
        """What each component of the gradient is multiplied by; rows that do not count have the factor 0."""
        lines: list[str] = []
        factor = self.whole_slope(lines)
        lines += [f"slope[b] = {factor} * factors[b];", "any_lost |= lost(slope[b]);"]
        loop = self.over_rows(lines, "SIMD_OF(reduction(| : any_lost))")
        return ["int any_lost = 0;", *loop, "if (any_lost) return refused(in);"]

    def finish(self) -> list[str]:
        """The value of each row, and their sum."""
        return [*self.over_rows(self.counted(), "SIMD_OF(reduction(+ : total))"), self.returned]


class NearTall(Near):
    """Rows side by side, as many as there are numbers in a vector: `b` counts vectors. What a row has at its target is
    picked from all classes in the first pass.
    """

    of_rows = of_total = "Side"
    each = "Side"
    size = "SIDES"
    stage = 32
    returned = "return sum_of(total);"

    def __init__(self, program: Fused, tall: bool, where: str):
        super().__init__(program, tall, where)
        self.stage = self.stage if self.by_class else self.stage // 2  # measured
        self.picked = [n for n in program.nodes() if n.op == "gather"]

    def cast(self, text: str, k: str | None) -> str:
        return text if text.endswith("[b]") else f"all((Each){text})"

    def leaf(self, node: Node, k: str | None, raw: bool = False) -> str | None:
        if node.op == "input" and self.roles[node.value].role in ("logits", "array"):
            return f"side({node.value} + k * stride, b)"
        return super().leaf(node, k, raw)

    def kind(self, node: Node) -> str:
        kind = super().kind(node)
        return "Side" if kind == "Each" else kind

    def kept(self, node: Node, k: str) -> str:
        return f"{self.name(node)}all[{k} * SIDES + b]"

    def declared_index(self) -> str:
        """The declaration of the target classes."""
        return "const Classes *index = (const Classes *)in->classes"

    def declared(self, a: Input, n: int) -> str:
        if a.role != "per class":
            return super().declared(a, n)
        return f"const Side *{a.name} = (const Side *)in->weights_of[{n}]"

    def inputs(self) -> list[str]:
        ours = [f"const Side *{name} = (const Side *)in->{name}" for name in ("factors", "counted")]
        return [
            *Body.inputs(self),
            *ours,
            "const int64_t sides = rows / LANES",
            "const int stream = in->stream",
        ]

    def over_rows(self, lines: list[str], simd: str = "") -> list[str]:
        """Over the vectors of a block."""
        return ["for (int64_t b = 0; b < sides; b++) {", *_in(lines), "}"] if lines else []

    def picks(self, seen: dict[Node, str]) -> list[str]:
        lines: list[str] = []
        for node in self.picked:
            text, name = self.value(node.args[0], "k", lines, seen), self.name(node)
            lines.append(f"{name}[b] = either((k == index[b]), {text}, {name}[b]);")
            self.done.add(node)
        return lines

    def component(self, slope: str) -> str:
        """The statement that writes a component of the gradient."""
        by = "slope[b]" if self.by_class else f"{self.cast('factor', 'k')} * factors[b]"
        return f"put(gradient + k * stride, b, {by} * {slope}, stream);"

    def pass_over_classes(
        self, loop: Loop, before: list[str], lines: list[str], simd: str
    ) -> list[str]:
        """The pass for a block of rows side by side."""
        if loop.results or not self.by_class:
            return self.over_classes(self.in_stages(simd, lines))
        names = [self.name(n) for n in loop.reductions]
        first = self.loop == 0
        reads = [
            f"fetch({self.logits} + k * stride + ROWS, b);",
            f"most = farther(most, {self.logits} + k * stride, b);",
        ]
        self.carried |= {f"{name}{part}": "Side" for name in names for part in ("sum", "lost")}

        def where_many(lines: list[str]) -> list[str]:
            """Where there are more classes than float adds up well: sums of their sums."""
            return ["if (classes > group) {", *_in(self.over_rows(lines)), "}"]

        picked = [self.name(n) for n in self.picked] if first else []
        inside = [
            "const Class to_ = classes - from > group ? from + group : (Class)classes;",
            *[
                "for (Class k = from; k < to_; k++) {",
                *_in(self.over_rows([*reads * first, *lines])),
                "}",
            ],
            *where_many(
                [
                    a
                    for n in names
                    for a in (f"add_up({n}sum[b], {n}lost[b], {n}[b]);", f"{n}[b] = Side{{}};")
                ]
            ),
        ]
        return [
            *self.over_rows([f"{name}[b] = Side{{}};" for name in [*names, *picked]]),
            *["Sizes most = {};"] * first,
            "const Class group = group_of(classes);",
            *where_many(
                [f"{name}{part}[b] = Side{{}};" for name in names for part in ("sum", "lost")]
            ),
            *["for (Class from = 0; from < classes; from += group) {", *_in(inside), "}"],
            *self.refusal("largest(most)"),
            *where_many([f"{name}[b] = {name}sum[b] + {name}lost[b];" for name in names]),
        ]

    def before_gradient(self, nodes: list[Node]) -> list[str]:
        lines = self.of_each_row(nodes)
        factor = self.whole_slope(lines)
        lines += [
            f"slope[b] = {factor} * factors[b];",
            "any_lost |= lost(slope[b], factors[b]);",
            *self.counted(),
        ]
        return [
            "Mask any_lost = {};",
            *self.in_stages("", lines),
            "if (any(any_lost)) return refused(in);",
        ]

    def last(self) -> list[str]:
        if self.program.value.extent == "each":
            return []
        done = self.program.gradient is not None
        return [
            *(
                []
                if done
                else self.in_stages(
                    "", [*self.of_each_row(list(self.program.after)), *self.counted()]
                )
            ),
            self.returned,
        ]

    def loss(self, text: str) -> list[str]:
        return [f"const Side loss = {text};", "total += loss;", "((Side *)values)[b] = loss;"]


def _in_double(node: Node) -> str:
    """What is the same for all rows, with all its digits."""
    if not node.args:
        return repr(float(node.value)) if node.op == "number" else node.value
    return OPERATIONS[node.op].format(*map(_in_double, node.args))


def _in(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _called(declared: str) -> str:
    return declared.split(" = ")[0].split()[-1].lstrip("*")


COMMON = "const Inputs *in, int64_t classes"
GRADIENT = "real *gradient, double factor"  # the result, and what it is multiplied by


def _facts(program: Fused, near: Fused | None) -> list[str]:
    """What the driver has to know about a loss."""
    roles = [a.role for a in program.inputs.listed]
    nodes = program.nodes()
    powers = [n.args[1].value for n in nodes if n.op == "power" and n.args[1].op == "input"]
    scalars = [a.name for a in program.inputs.listed if a.role == "scalar"]
    by_class = program.inputs.size is not None
    facts = {
        "BY_CLASS": int(by_class),
        "BY_INDEX": roles.count("class index"),
        "ARRAYS": roles.count("array"),
        "WEIGHTS": roles.count("per class"),
        "NUMBERS": roles.count("scalar"),
        "STORED": max(len(p.stored) for p in (program, near) if p),
        "EXPONENT": scalars.index(powers[0]) if powers else -1,
        "HARD": int(not by_class and any(n.op == "exp" for n in nodes)),
        "NEAR": ("1" if by_class else "FAST") if near else "0",
    }
    facts["INPUTS"] = '"' + ",".join(f"{a.name}:{a.role}" for a in program.inputs.listed) + '"'
    if not (by_class and facts["ARRAYS"]):
        return _defined(facts)
    one_hot = {
        "BY_INDEX": 1,
        "ARRAYS": 0,
        "INPUTS": facts["INPUTS"].replace(":array", ":class index"),
    }
    shares = {name: facts.pop(name) for name in one_hot}
    return [
        *_defined(facts),
        "#if ONE_HOT",
        *_defined(one_hot),
        "#else",
        *_defined(shares),
        "#endif",
    ]


def _defined(facts: dict) -> list[str]:
    return [f"#define {name} {number}" for name, number in facts.items()]


def cpp_text(loss: Loss) -> str:
    """The source of the kernels of a loss.

    Raises `LoweringError`, naming the node and the loss, for what cannot be fused or has no vectorised code.
    """
    where = f"loss {loss.name}, target cpp"
    ways = {"far": False} | ({"near": True} if has_near(loss) else {})
    programs = {
        way: [fused(loss, gradient, near) for gradient in (False, True)]
        for way, near in ways.items()
    }
    comment = indent(about(loss), " * ", lambda line: True).replace(" \n", "\n")
    facts = _facts(programs["far"][1], programs["near"][1] if "near" in programs else None)
    parts = [f"/*\n{comment}\n */", "\n".join([*facts, '#include "kernel.h"'])]
    for way, near in ways.items():
        functions = "\n\n".join(
            text for program in programs[way] for text in _functions(program, near, where)
        )
        text = f"namespace {way} {{\n\n{functions}\n\n}} // namespace {way}"
        parts.append(f"#if NEAR\n{text}\n#endif" if near else text)
    return "\n\n".join([*parts, '#include "driver.h"']) + "\n"


def _functions(program: Fused, near: bool, where: str) -> Iterator[str]:
    """The kernels of one program, for each way in which rows lie."""
    for tall in (False, True) if program.inputs.size is not None else (True,):
        function = (Far if not near else NearTall if tall else NearWide)(program, tall, where)
        name = f"{'tall' if tall else 'wide'}_{'value' if program.gradient is None else 'both'}"
        body, arguments = indent("\n".join(function.text()), "  "), function.arguments()
        names = ", ".join(a.split()[-1].lstrip("*") for a in arguments.split(", "))
        yield f"INSIDE(double) {name}_of({arguments}, const int square) {{\n{body}\n}}\n\nTWICE({name}, ({arguments}), {names})"
