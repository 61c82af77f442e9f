"""The trace from formula to code: every step is a rewrite that was applied, each proved, and a false one is refused."""

from dataclasses import replace

import pytest
from sympy import Eq, Piecewise, S

from lossbook import NotEqualError, losses
from lossbook.book import show
from lossbook.calculus.latex import to_latex
from lossbook.codegen.python.module import programs_of
from lossbook.codegen.rewrite_trace import rewrite_trace
from lossbook.notation import i, j, p, t
from lossbook.numerics import rewrites
from lossbook.numerics.nodes import EACH, ArgMax, Component, expm1, log1p, log_ratio, nonzero
from lossbook.numerics.rewrites import ALL, BOUNDED, COMPLEMENT, SHIFT
from lossbook.numerics.rewrites.rewrite import x

FIRST = [
    (loss, name)
    for loss in losses.all_losses()
    for name in ("value", "vjp" if loss.is_activation else "gradient")
]


@pytest.mark.parametrize(("loss", "name"), FIRST, ids=lambda a: getattr(a, "name", a))
def test_every_step_is_proved(loss, name):
    found = rewrite_trace(loss, name)
    assert all(step.evidence.proved for step in found.steps)
    assert all(step.before != step.after for step in found.steps)
    used = {
        a.rewrite for program in programs_of(loss) if program.name == name for a in program.applied
    }
    assert used == {step.rewrite for step in found.steps}
    assert used <= set(ALL)
    assert sum(len(steps) for _, steps in found.by_rewrite()) == len(found.steps)
    assert not any(e.has(EACH) for step in found.steps for e in (step.before, step.after))


def test_every_rewrite_is_used_by_some_loss_or_is_listed():
    used = {
        a.rewrite
        for loss in losses.all_losses()
        for program in programs_of(loss)
        for a in program.applied
    }
    # for losses of a reader's own: a log-sum-exp, a logarithm of 1 + u, an exponential less 1
    # and for kernels
    others = {"log-sum-exp by the largest", "log1p", "expm1", *(a.name for a in BOUNDED)}
    assert {a.name for a in set(ALL) - used} == others


def test_the_focal_trace_starts_with_the_textbook_gradient_and_its_rewrites_in_order():
    found = rewrite_trace(losses.get("softmax_focal"))
    assert to_latex(found.formula) == to_latex(
        losses.get("softmax_focal").derivation(full=True).result
    )
    names = [rewrite.name for rewrite, _ in found.by_rewrite()]
    assert names[:4] == [
        "one class apart",
        "complement of a probability",
        "shift by the largest",
        "logarithm beside a power",
    ]
    assert found.steps[0].after == Piecewise((p(t) - 1, Eq(j, t)), (p(j), True))


def test_steps_that_differ_in_a_class_or_a_sign_are_given_once():
    found = [
        (step.rewrite, step.before) for step in rewrite_trace(losses.get("softmax_focal")).steps
    ]
    assert sum(rewrite is SHIFT for rewrite, _ in found) == 1
    assert sum(rewrite is COMPLEMENT for rewrite, _ in found) == 1


def test_a_false_step_is_refused(monkeypatch):
    """A rewrite that forgets the sign: its code would be generated, but its trace is not printed."""
    wrong = replace(COMPLEMENT, replacement=-COMPLEMENT.replacement)
    monkeypatch.setattr(
        rewrites, "REWRITES", tuple(wrong if a is COMPLEMENT else a for a in rewrites.REWRITES)
    )
    with pytest.raises(NotEqualError):
        rewrite_trace(losses.get("cross_entropy_index"))


def test_an_unknown_function_is_an_error():
    with pytest.raises(
        ValueError,
        match=r"rewrite_trace\('mse', 'vjp'\): function must be one of value, gradient, hvp",
    ):
        rewrite_trace(losses.get("mse"), "vjp")


def test_the_largest_class_is_a_letter_with_a_legend():
    found = rewrite_trace(losses.get("cross_entropy_index"), "value")
    (letter,) = found.largest
    assert found.steps[0].after.has(letter)
    assert not found.steps[0].after.has(ArgMax)
    page = show.rewrites(losses.get("cross_entropy_index"), "value")
    assert r"s = \operatorname{arg\,max}_{k} z_{k}" in page.html
    assert "proved for all K" in page.text


def test_the_nodes_of_stable_formulas_print():
    cases = {
        log1p(x[i]): r"\mathop{\text{log1p}}(x_{i})",
        expm1(x[i]) ** 2: r"\left(\mathop{\text{expm1}}(x_{i})\right)^{2}",
        log_ratio(1 - x[i]): r"\mathop{\text{log ratio}}\left(1 -x_{i}\right)",
        nonzero(x[i]): r"\mathop{\text{nonzero}}(x_{i})",
        ArgMax(x): r"\operatorname{arg\,max}_{k} x_{k}",
        Component(x, i): "x_{i}",
        x[i]
        * Piecewise(
            (S.Zero, Eq(x[i], 0)), (S.One, True)
        ): r"x_{i} \left(\begin{cases} 0 & \text{for}\: x_{i} = 0 \\1 & "
        r"\text{otherwise} \end{cases}\right)",
    }
    for expr, latex in cases.items():
        assert to_latex(expr) == latex
