"""Which losses have kernels, what is refused, and what each pass of the C++ generator does."""

import platform
import re
import subprocess

import numpy as np
import pytest
import sympy

from lossbook.codegen import LoweringError
from lossbook.codegen.cpp.layouts import (
    BOUNDED_CLASS_MAJOR,
    BOUNDED_ROW_MAJOR,
    GENERAL_CLASS_MAJOR,
    GENERAL_ROW_MAJOR,
)
from lossbook.codegen.cpp.passes import keep_across_loops, name_reductions
from lossbook.codegen.cpp.printer import CppPrinter, printed
from lossbook.codegen.cpp.program import fused, has_bounded, in_pass, put_target_in_place, schedule
from lossbook.codegen.cpp.rewrites import STRENGTH_REDUCTION, Rewriter, around_target, mirrored
from lossbook.codegen.cpp.source import cpp_text, kernel_of
from lossbook.codegen.cpp.statements import Assign, Do, KernelFunction, Let, Loop, Variable, call
from lossbook.codegen.inputs import inputs_of
from lossbook.codegen.lowering import Lowering
from lossbook.codegen.program import Builder
from lossbook.losses import all_losses, get
from lossbook.native import compiler

LOSSES = [loss for loss in all_losses() if not loss.is_activation]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_no_call_leaves_the_kernel(loss):
    text = cpp_text(loss)
    assert '#include "kernel.h"' in text
    for name in ("exp", "log", "log1p", "pow", "fmax", "fmin"):
        assert f"{name}(" not in text.split("kernel.h")[1]


def test_refused():
    with pytest.raises(LoweringError, match="activation softmax"):
        cpp_text(get("softmax"))
    odd = get("mse").with_(name="odd", expr=sympy.sin(get("mse").wrt) ** 2)
    with pytest.raises(
        LoweringError, match="loss odd, target cpp: there is no vectorised code for 'sin'"
    ):
        cpp_text(odd)


# -- rewrites -----------------------------------

ROW = {
    "logits": np.array([0.3, -1.2, 2.0, 0.7]),
    "targets": 2,
    "weight": np.array([0.5, 1.5, 0.25, 1.0]),
    "alpha": np.array([1.0, 0.5, 2.0, 0.3]),
    "gamma": 1.7,
}
ARITHMETIC = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "negative": np.negative,
    "exp": np.exp,
    "log": np.log,
    "log1p": np.log1p,
    "log1p_to_one": np.log1p,
    "abs": np.abs,
    "power": np.power,
    "where": np.where,
    "equal": np.equal,
    "less_equal": np.less_equal,
    "greater_equal": np.greater_equal,
    "maximum": np.maximum,
    "at_least": np.maximum,
    "sum": np.sum,
    "max": np.max,
    "argmax": np.argmax,
    "first": lambda values, most: np.flatnonzero(values == most)[0],
    "gather": lambda values, index: values[index],
    "take": lambda values, index: values[index],
    "keep_axis": lambda x: x,
    "drop_axis": lambda x: x,
    "along": lambda x: None,
    "classes": lambda x, along: np.arange(len(x)),
}


def evaluated(node, row):
    """What a node is for one row, as it stands."""
    if node.op == "number":
        return float(node.value)
    if node.op == "input":
        return row[node.value]
    return ARITHMETIC[node.op](*(evaluated(a, row) for a in node.args))


@pytest.fixture
def made():
    return Builder()


@pytest.fixture
def logits(made):
    return made.input("logits", "each")


@pytest.fixture
def row(made):
    return made.input("gamma", "row")


def test_a_single_row_has_no_axis(made, row):
    rewriter = Rewriter(STRENGTH_REDUCTION)
    assert rewriter.of(made.make("keep_axis", made.make("drop_axis", row))).op == "input"


def test_a_factor_of_the_row_leaves_a_sum(made, logits, row):
    inside = made.make("multiply", made.make("exp", logits), row)
    total = Rewriter(STRENGTH_REDUCTION).of(made.make("sum", made.make("negative", inside)))
    assert total.op == "negative"
    assert {a.op for a in total.args[0].args} == {"input", "sum"}
    assert evaluated(total, ROW) == pytest.approx(-ROW["gamma"] * np.exp(ROW["logits"]).sum())
    with pytest.raises(LoweringError, match="product"):
        Rewriter(STRENGTH_REDUCTION).of(made.make("sum", row))


def test_a_sum_without_such_a_factor_stays(made, logits):
    total = Rewriter(STRENGTH_REDUCTION).of(made.make("sum", made.make("exp", logits)))
    assert (total.op, total.args[0].op) == ("sum", "exp")


def test_log1p_of_at_most_1_needs_no_exponent(made, logits):
    tail = made.make("exp", made.make("negative", made.make("abs", logits)))
    assert Rewriter(STRENGTH_REDUCTION).of(made.make("log1p", tail)).op == "log1p_to_one"
    larger = made.make("log1p", made.make("exp", logits))
    assert Rewriter(STRENGTH_REDUCTION).of(larger).op == "log1p"


def test_the_class_of_the_largest_is_the_first_that_equals_it(made, logits):
    found = Rewriter(STRENGTH_REDUCTION).of(made.make("argmax", logits))
    assert (found.op, found.args[1].op) == ("first", "max")
    assert evaluated(found, ROW) == 2


def test_a_row_divides_once(made, logits, row):
    shared = Rewriter(STRENGTH_REDUCTION).of(made.make("divide", logits, row))
    assert (shared.op, shared.args[1].op, shared.args[1].extent) == ("multiply", "divide", "row")
    reciprocal = made.make("divide", made.number(1), logits)
    assert Rewriter(STRENGTH_REDUCTION).of(reciprocal).op == "divide"


@pytest.mark.parametrize("name", ["cross_entropy_index", "softmax_focal"])
@pytest.mark.parametrize("gradient", [False, True])
def test_around_the_target_the_values_stay(name, gradient):
    loss = get(name)
    inputs = inputs_of(loss)
    program = fused(loss, gradient, bounded=True)
    plain = Lowering(inputs, loss.given, bounded=True).lower(loss.expr)
    assert evaluated(program.value, ROW) == pytest.approx(evaluated(plain, ROW), rel=1e-13)
    if gradient:
        own = fused(loss, bounded=False)
        expected = evaluated(own.factor, ROW) * evaluated(own.gradient, ROW)
        found = evaluated(program.factor, ROW) * evaluated(program.gradient, ROW)
        assert found == pytest.approx(expected, rel=1e-13)
        assert put_target_in_place(program.gradient, program.stored)[0].op == "exp"


def test_around_the_target_a_sum_is_taken_over_the_others(made, logits):
    rewriter = around_target(inputs_of(get("cross_entropy_index")))
    total = rewriter.of(made.make("sum", made.make("exp", logits)))
    assert [a.op for a in total.args] == ["sum", "gather"]
    assert total.args[0].args[0].op == "where"
    others = total.args[0]
    assert rewriter.make("sum", *others.args) is others  # and not once more


def test_around_the_target_one_exponential_serves(made, logits):
    rewriter = around_target(inputs_of(get("cross_entropy_index")))
    at_target = made.make("gather", logits, made.input("targets", "row"))
    inverse = rewriter.of(made.make("exp", made.make("negative", at_target)))
    assert inverse.op == "divide"
    assert inverse.args[1] is rewriter.of(made.make("exp", at_target))
    assert inverse.args[1].op == "gather"
    assert inverse.args[1].args[0].op == "exp"


def test_nothing_is_put_in_place_where_no_component_is_stored():
    for name in ("cross_entropy", "mse"):
        program = fused(get(name))
        assert put_target_in_place(program.gradient, program.stored) is None


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("sigmoid_focal", {"alpha": "1 - alpha", "gamma": "gamma"}),
        ("binary_cross_entropy", {"beta": "1"}),
        ("sigmoid_mse", {}),
    ],
)
def test_one_half_of_a_loss_serves_for_both_targets(name, images):
    half, numbers = mirrored(get(name))
    assert {str(a): str(b) for a, b in numbers.items()} == images
    assert not half.has(
        *(s for s, a in inputs_of(get(name)).by_symbol.items() if a.role == "array")
    )


@pytest.mark.parametrize("name", ["sigmoid_focal", "binary_cross_entropy", "sigmoid_mse"])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_both_halves_are_right(name, target):
    inputs = {"logits": np.array([-2.0, 0.4]), "targets": np.full(2, target)}
    inputs |= {"alpha": 0.3, "gamma": 1.7, "pos_weight": 2.5}
    half, whole = (fused(get(name), bounded=bounded) for bounded in (True, False))
    for part in ("value", "gradient"):
        found, expected = (evaluated(getattr(p, part), inputs) for p in (half, whole))
        assert found == pytest.approx(expected, rel=1e-12)


def test_what_has_no_such_half():
    assert mirrored(get("mse")) is None
    loss = get("sigmoid_mse")
    (target,) = (s for s, a in inputs_of(loss).by_symbol.items() if a.role == "array")
    assert mirrored(loss.with_(name="skewed", expr=loss.expr * (1 + target))) is None


# -- the schedule -----------------------------------


def test_a_pass_comes_after_what_it_needs(made, logits):
    shift = made.make("max", logits)
    exps = made.make("exp", made.make("subtract", logits, shift))
    total = made.make("sum", exps)
    value = made.make("log", total)
    program = schedule(inputs_of(get("softmax_focal")), value, made.make("divide", exps, total))
    assert [one.reductions for one in program.passes] == [[shift], [total], []]
    assert program.passes[2].before == [value]
    assert [len(one.results) for one in program.passes] == [0, 0, 1]
    assert program.stored == {exps: 1}  # it is needed again in the last pass
    assert {"exp", "input"} <= {node.op for node in in_pass(program, 1)}
    assert {node.op for node in in_pass(program, 2)} == {"divide", "exp"}


def test_what_bounded_kernels_gather_waits_for_the_first_pass(made, logits):
    gathered = made.make("gather", logits, made.input("targets", "row"))
    inputs = inputs_of(get("softmax_focal"))
    first, later = (schedule(inputs, gathered, bounded=bounded).passes for bounded in (False, True))
    assert gathered in first[0].before
    assert gathered in later[1].before


def test_bounded_kernels_where_there_are_exponentials():
    found = {loss.name for loss in LOSSES if has_bounded(loss)}
    assert found == {
        "binary_cross_entropy",
        "cross_entropy_index",
        "sigmoid_focal",
        "sigmoid_mse",
        "softmax_focal",
    }


# -- passes over statements -----------------------------------

A, B, C = (Variable(name, "Each") for name in "abc")
TOTAL = Variable("total", "double")


def kernel(*body):
    return KernelFunction("example", ("int64_t rows",), (), body)


def test_what_another_loop_reads_is_kept_in_an_array():
    first = Loop("rows", (Let(A, "1.0"), Let(B, call("exp", A))))
    second = Loop("rows", (Let(C, call("negative", B)), Assign(call("values"), C)))
    found = keep_across_loops(kernel(first, second))
    assert found.arrays == {B}
    assert found.body[0].body == (Let(A, "1.0"), Assign(B, call("exp", A)))
    assert found.body[1] == second
    text = printed(found, GENERAL_CLASS_MAJOR)
    assert "Each b[BLOCK];" in text
    assert "const Each c = -b[b];" in text


def test_what_one_loop_uses_is_local_however_deep():
    inside = Loop("block", (Assign(B, A, "+="),))
    body = kernel(Loop("rows", (Let(A, "1.0"), Let(B, "0", mutable=True), inside)))
    assert keep_across_loops(body) == body


def test_sums_of_vectorised_loops_are_named():
    most = Variable("most", "int")
    steps = (
        Let(A, "1.0"),
        Assign(TOTAL, A, "+="),
        Assign(most, call("max", most, A)),
        Assign(B, A, "+="),
    )
    whole = KernelFunction("example", (), (), (Loop("rows", steps, simd=True),), frozenset({B}))
    assert name_reductions(whole).body[0].reductions == (("+", TOTAL), ("max", most))
    text = printed(name_reductions(whole), GENERAL_CLASS_MAJOR)
    assert "SIMD_OF(reduction(+ : total) reduction(max : most))" in text
    plain = KernelFunction("example", (), (), (Loop("rows", steps),), frozenset({B}))
    assert name_reductions(plain) == plain


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_nothing_is_computed_in_vain(loss):
    """Every variable of a kernel is read, and declared once."""
    layouts = [GENERAL_ROW_MAJOR, GENERAL_CLASS_MAJOR]
    layouts += [BOUNDED_ROW_MAJOR, BOUNDED_CLASS_MAJOR] * has_bounded(loss)
    for layout in layouts if inputs_of(loss).size is not None else layouts[1::2]:
        for gradient in (False, True):
            made = kernel_of(fused(loss, gradient, layout.bounded), layout)
            text = printed(made, layout)
            names = re.findall(
                r"^ *(?:const )?(?:Each|Row|Vector|double|int64_t) (\w+)(?:\[\w+\])?(?: = .*)?;",
                text,
                re.M,
            )
            assert len(names) == len(set(names)), layout
            for name in names:
                assert len(re.findall(rf"\b{name}\b", text)) > 1, (name, layout)


# -- the printer -----------------------------------


def test_operators_inside_operators_are_bracketed():
    text = CppPrinter(GENERAL_ROW_MAJOR, ()).text
    assert text(call("multiply", call("add", A, B), C)) == "(a + b) * c"
    assert text(call("subtract", A, call("subtract", B, C))) == "a - (b - c)"
    assert text(call("negative", call("negative", A))) == "-(-a)"
    assert text(call("each", call("add", A, B))) == "(Each)(a + b)"
    assert text(call("multiply", call("each", "factor"), A)) == "(Each)factor * a"
    assert text(call("exp", call("add", A, B))) == "exp_(a + b)"
    assert text(call("group_of", "classes")) == "group_of(classes)"


def test_layouts_differ_in_where_a_component_lies():
    place = call("read", "logits", "k")
    found = [
        CppPrinter(layout, ()).text(place)
        for layout in (GENERAL_ROW_MAJOR, GENERAL_CLASS_MAJOR, BOUNDED_ROW_MAJOR)
    ]
    assert found == [
        "read(logits[k])",
        "read(logits[k * stride + b])",
        "read(logits[b * classes + k])",
    ]
    assert CppPrinter(BOUNDED_CLASS_MAJOR, ()).text(place) == "load(logits + k * stride, b)"


def test_statements_are_printed():
    body = (
        Let(A, "0", mutable=True),
        Loop("block", (Assign(A, "1.0", "+="),), simd=True),
        Do(call("return", A)),
    )
    assert list(CppPrinter(GENERAL_ROW_MAJOR, ()).lines(body)) == [
        "Each a = 0;",
        "SIMD",
        "for (Class k = from; k < to_; k++) {",
        "  a += 1.0;",
        "}",
        "return a;",
    ]


# -- what the compiler makes of it -----------------------------------

INSTRUCTION = re.compile(r"\s+v?(?:add|sub|mul|div|fn?m(?:add|sub)\d*)([ps])[sd]\s")


def instructions(loss):
    """For each kernel, the instructions on whole vectors, and those on single numbers."""
    command = [*compiler.compiler(), "-S", "-x", "c++", "-", "-o", "-"]
    source = compiler.source(loss)
    made = subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout
    found, name = {}, None
    for line in made.splitlines():
        if label := re.match(
            r"_ZN[KL]*\d+(bounded|general)L?\d+((?:row|class)_major_value(?:_and_grad)?)I\w*(?:\.\w+)*:",
            line,
        ):
            name = label.groups()
        elif re.match(r"[_A-Za-z]\w*[.\w]*:", line):
            name = None
        elif name and (done := INSTRUCTION.match(line)):
            found.setdefault(name, [0, 0])[done[1] == "s"] += 1
    return found


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="instructions of x86 are counted"
)
def test_where_vectors_are_written_out_no_number_is_alone():
    found = instructions("cross_entropy_index")
    vectors, alone = found["bounded", "class_major_value_and_grad"]
    assert alone < vectors / 8
    others = [
        ("bounded", "row_major_value_and_grad"),
        ("general", "row_major_value_and_grad"),
        ("general", "class_major_value_and_grad"),
    ]
    assert all(found[name][1] > 0 for name in others)


def test_instructions_are_told_apart():
    lines = ("vfmadd231pd\ta", "addss\ta", "vmovapd\ta", "vaddsubpd\ta")
    kinds = [INSTRUCTION.match(f"\t{line}") for line in lines]
    assert [kind and kind[1] for kind in kinds] == ["p", "s", None, None]
