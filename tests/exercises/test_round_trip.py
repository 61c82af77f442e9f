"""Printing and then parsing returns an equal expression, from text and from LaTeX, for every formula of the registry."""

import pytest
from hypothesis import given, settings

from lossbook import losses
from lossbook.calculus.latex import to_latex
from lossbook.exercises import ParseError, parse, text
from lossbook.expr.rebuild import tidy

from .expressions import expressions

SETTINGS = settings(max_examples=400, deadline=None, derandomize=True)


def equal(a, b) -> bool:
    """The same expression, but for factors and terms that one of them keeps apart."""
    return a == b or tidy(a) == tidy(b)


def formulas():
    for loss in losses.all_losses():
        yield loss.name, loss.expr
        for full, order in ((False, 1), (True, 1), (False, 2)):
            for step in loss.derivation(full=full, order=order):
                yield loss.name, step.expr


def test_every_formula_of_the_registry_is_read_back():
    found = list(formulas())
    assert len(found) > 150
    for print_it in (text, to_latex, str):
        assert [(name, print_it(e)) for name, e in found if not equal(parse(print_it(e)), e)] == []


@SETTINGS
@given(expressions)
def test_text_is_read_back(e):
    assert equal(parse(text(e)), e)


@SETTINGS
@given(expressions)
def test_latex_is_read_back(e):
    assert equal(parse(to_latex(e)), e)


@SETTINGS
@given(expressions)
def test_printing_twice_gives_the_same_text(e):
    once = text(parse(text(e)))
    assert text(parse(once)) == once


def test_a_printer_that_loses_a_bracket_is_noticed():
    e = parse("2*(p_i - y_i)")
    assert not equal(parse(text(e).replace("(", "").replace(")", "")), e)


def test_python_that_is_no_formula_is_an_error():
    with pytest.raises(ParseError):
        parse("Piecewise((x, True))")
