"""Which cells are taken to run in a browser."""

import ast
import json

import pytest

from cell_names import Names
from paths import NOTEBOOKS, ROOT
from run_cells import Cell, cells_of
from run_files import packages

SOURCES = ROOT / "src"


def judged(*sources: str, tags=()) -> list[Cell]:
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "source": s.splitlines(keepends=True),
            "metadata": {"tags": list(tags)},
        }
        for n, s in enumerate(sources)
    ]
    return cells_of({"cells": cells}, packages(), SOURCES)


@pytest.mark.parametrize(
    ("source", "needs"),
    [
        ("import torch", "PyTorch"),
        ("import torch.nn.functional as F", "PyTorch"),
        ("from lossbook import torch as t", "PyTorch"),
        ("from lossbook.torch import cross_entropy", "PyTorch"),
        ("from lossbook.generated.torch import cross_entropy", "PyTorch"),
        ("def f():\n    import torch", "PyTorch"),
        ("from sklearn.datasets import load_digits", "scikit-learn"),
        ("import nosuchmodule", "nosuchmodule"),
        ("from lossbook import losses, show, figures", ""),
        ("from lossbook.generated.numpy import cross_entropy", ""),
        ("from lossbook.weights import count_classes", ""),
        ("import sympy, numpy as np, matplotlib.pyplot as plt", ""),
        ("import math\nfrom pathlib import Path", ""),
        ('"torch"  # import torch', ""),
    ],
)
def test_imports(source, needs):
    assert judged(source) == [Cell("c0", source, needs)]


def test_a_tag_says_so_too():
    assert judged("1 + 1", tags=["needs-torch"])[0].needs == "PyTorch"


@pytest.mark.parametrize(
    ("later", "blocked"),
    [
        ("print(leaf)", True),
        ("def f():\n    return leaf", True),
        ("[x for x in leaf]", True),
        ("leaf += 1", True),
        ("show(lambda x: x + leaf)", True),
        ("leaf = 2\nprint(leaf)", False),
        ("for leaf in range(3):\n    print(leaf)", False),
        ("[leaf for leaf in range(3)]", False),
        ("def f(leaf):\n    return leaf", False),
        ("print(other)", False),
    ],
)
def test_results_of_a_blocked_cell(later, blocked):
    cell = judged("import torch\nleaf = torch.ones(3)", later)[1]
    assert (cell.needs, cell.indirect) == (("PyTorch", True) if blocked else ("", False))


def test_a_name_bound_anew_is_free_again():
    assert [
        bool(c.needs)
        for c in judged("import torch\nx = 1", "y = x", "x = 2", "print(x)", "print(y)")
    ] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_names_are_read_in_the_order_of_evaluation():
    names = Names(ast.parse("rows = []\nfor a in b:\n    rows.append(a)\nc = c + 1").body)
    assert names.read == {"b", "c"}
    assert names.bound == {"rows", "a", "c"}


@pytest.mark.parametrize(
    ("source", "read", "bound"),
    [
        ("x += 1", {"x"}, {"x"}),
        ("x[0] = y", {"x", "y"}, {"x"}),
        ("x[0].y += 1", {"x"}, {"x"}),
        ("x.y = 1", {"x"}, {"x"}),
        ("x.rows.append(y)", {"x", "y"}, {"x"}),
        ("y = rng.normal(3)", {"rng"}, {"rng", "y"}),
        ("x = []\nx.append(1)", set(), {"x"}),
        ("x.get(1)", {"x"}, set()),
        ("y = x[0]", {"x"}, {"y"}),
        ("y = np.sort(x)", {"np", "x"}, {"y"}),
        ("np.random.shuffle(x)", {"np", "x"}, set()),
        ("def f(x):\n    x.append(y)", {"y"}, {"f"}),
    ],
)
def test_what_changes_a_value_binds_its_name_again(source, read, bound):
    names = Names(ast.parse(source).body)
    assert (names.read, names.bound) == (read, bound)


def test_what_a_blocked_cell_changes_is_blocked():
    cells = judged("x = []", "import torch\nx.append(torch.ones(3))", "print(x)")
    assert [bool(c.needs) for c in cells] == [False, True, True]


def test_most_cells_of_the_book_run_in_a_page():
    cells = [
        c for path in NOTEBOOKS for c in cells_of(json.loads(path.read_text()), packages(), SOURCES)
    ]
    assert sum(not c.needs for c in cells) > 0.8 * len(cells)
