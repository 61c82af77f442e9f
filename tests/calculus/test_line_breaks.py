"""Where a formula may be broken: at its signs, and never so that a piece cannot be typeset."""

import re

import pytest

from lossbook import losses
from lossbook.calculus.latex import to_latex
from lossbook.calculus.line_breaks import LONG, pieces

LONG_TERM = r"\alpha \, \left(a + b c d e f g h\right)^{2} \, x y z t u v w q r s m n j k l o p"
CONTENT = r"\vphantom{a + b c d e f g h}"

CASES = {
    "short": ("a + b", ["a + b"]),
    "a sum": (
        "a b c d e f g h i j + k l m n o p q r s t m n -u v w x y z",
        ["a b c d e f g h i j", "{}+ k l m n o p q r s t m n", "{}-u v w x y z"],
    ),
    "an equation, and then its sides": (
        "-a b c d e f g h + i j k l m n = o p q r s -t u v w x y z",
        [["-a b c d e f g h", "{}+ i j k l m n"], ["{}= o p q r s", "{}-t u v w x y z"]],
    ),
    "a line of a derivation": (
        "{}= -a b c d e f g h i j k l + m n o p q r s t u v w x y z",
        ["{}= -a b c d e f g h i j k l", "{}+ m n o p q r s t u v w x y z"],
    ),
    "a long term, in its bracket": (
        LONG_TERM,
        [
            rf"\alpha \, \left(a{CONTENT}\right.",
            rf"\left.{CONTENT}{{}}+ b c d e f g h\right)^{{2}} \, x y z t u v w q r s m n j k l o p",
        ],
    ),
    "not in a short bracket": (
        r"\left(1 -p\right) a b c d e f g h i j k l m n o p q r s t u",
        [r"\left(1 -p\right) a b c d e f g h i j k l m n o p q r s t u"],
    ),
    "not in an exponent, an index or a fraction": (
        r"e^{a + b} x_{k=1} \frac{a - b}{c + d} a b c d e f g h i j k l m n",
        [r"e^{a + b} x_{k=1} \frac{a - b}{c + d} a b c d e f g h i j k l m n"],
    ),
    "not in cases": (
        r"\begin{cases} a + b c d e f g h & x = y \\ c - d e f g h i j & z \end{cases}",
        [r"\begin{cases} a + b c d e f g h & x = y \\ c - d e f g h i j & z \end{cases}"],
    ),
    "not after a product sign": (
        r"a b c d e f g h i j k l m \cdot -n o p q r s t u v w x y z",
        [r"a b c d e f g h i j k l m \cdot -n o p q r s t u v w x y z"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_formula_is_broken_here(name):
    latex, expected = CASES[name]
    assert pieces(latex) == expected


def flat(found):
    for piece in found:
        yield from [piece] if isinstance(piece, str) else flat(piece)


def unbalanced(piece: str) -> bool:
    """Whether TeX would refuse a piece: brackets that stretch and braces come in pairs."""
    depth = 0
    for token in re.findall(r"\\left(?![a-z])|\\right(?![a-z])|(?<!\\)[{}]", piece):
        depth += 1 if token in (r"\left", "{") else -1
        if depth < 0:
            return True
    return depth != 0


def formulas():
    for loss in losses.all_losses():
        for order in (1, 2):
            yield from (to_latex(s.expr) for s in loss.derivation(full=True, order=order))


def test_every_piece_of_every_derivation_can_be_typeset_and_nothing_is_lost():
    broken = 0
    for latex in formulas():
        found = list(flat(pieces(latex)))
        broken += len(found) > 1
        assert [piece for piece in found if unbalanced(piece)] == []
        struts = r"\\vphantom\{(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*\}"
        whole = re.sub(struts, "", "".join(found))
        whole = re.sub(r"\\left\.|\\right\.|\{\}|\s", "", whole)
        assert whole == re.sub(r"\s", "", latex)
    assert broken > 20


def test_a_piece_that_cannot_be_typeset_is_noticed():
    assert unbalanced(r"\left(a")
    assert unbalanced(r"b\right)")
    assert unbalanced("{a")
    assert not unbalanced(r"\left(a\right.")


def test_a_short_formula_is_one_piece():
    assert pieces("a" * LONG) == ["a" * LONG]
