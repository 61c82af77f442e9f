"""The sample of costly cases: every pair of parameter values meets in it, and it is small."""

from itertools import combinations, product

import pytest

from .sampling import pairwise

SIZES = [(3, 4), (2, 3, 4), (8, 2, 2, 3, 3), (5, 5, 5, 5)]


def pairs(rows):
    return {pair for row in rows for pair in combinations(enumerate(row), 2)}


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_pair_of_values_meets_in_the_sample(sizes):
    rows = list(product(*map(range, sizes)))
    sample = [rows[n] for n in pairwise(rows)]
    assert pairs(sample) == pairs(rows)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_sample_is_little_larger_than_it_must_be(sizes):
    """The two parameters with most values alone need the product of their numbers of values."""
    least = max(a * b for a, b in combinations(sizes, 2))
    assert least <= len(pairwise(list(product(*map(range, sizes))))) <= 1.6 * least


def test_combinations_that_do_not_exist_are_not_asked_for():
    rows = [row for row in product(range(4), range(4), "ab") if row[0] != row[1]]
    sample = [rows[n] for n in pairwise(rows)]
    assert pairs(sample) == pairs(rows)


def test_one_parameter_is_kept_whole():
    assert pairwise([(0,), (1,), (2,)]) == [0, 1, 2]


@pytest.mark.pairwise
@pytest.mark.parametrize("last", [1, 1.0, True])
@pytest.mark.parametrize("middle", [[], {}, None])
@pytest.mark.parametrize("first", "abc")
def test_a_test_is_marked_for_the_sample(first, middle, last, request):
    """Values that are equal and values without a hash are told apart; `--full` runs all 27 combinations."""
    name = request.node.originalname
    mine = [item for item in request.session.items if getattr(item, "originalname", "") == name]
    names = ("first", "middle", "last")
    met = {
        (a, str(item.callspec.params[a]), b, str(item.callspec.params[b]))
        for item in mine
        for a, b in combinations(names, 2)
    }
    assert len(met) == 27
    assert (len(mine) == 27) if request.config.getoption("full") else (9 <= len(mine) <= 12)


@pytest.mark.parametrize("case", [0, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_an_exhaustive_case_runs_under_full_alone(case, request):
    assert case == 0 or request.config.getoption("full")
