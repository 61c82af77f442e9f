"""The prover against thousands of random pairs, true ones and false ones: it must never prove a false one."""

import random
from collections import Counter
from functools import cache

import pytest

from lossbook import NotEqualError, Simplex, prove_equal
from lossbook.calculus.zero_test import is_zero
from lossbook.notation import y

from .random_expressions import mutated, rewritten, scalar

PAIRS_PER_BATCH = 280  # 560 pairs, and 2,240 with --full
BATCHES = [0, 1, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in range(2, 8))]
GIVEN = (Simplex(y),)


def pair(rng):
    """A random pair, and whether it was made to be true."""
    while True:
        left = scalar(rng, rng.choice([1, 1, 2]))
        true = rng.random() < 0.5
        try:
            right = rewritten(rng, left)
            if not true:
                right = mutated(rng, right)
        except (
            TypeError,
            ValueError,
            ZeroDivisionError,
        ):  # a mutation need not be an expression at all
            continue
        if left.count_ops() < 40 and right.count_ops() < 80 and left != right:
            return left, right, true


def judge(left, right):
    """What `prove_equal` says: proved, checked, refuted or nothing."""
    try:
        return prove_equal(left, right, given=GIVEN, points=3).kind
    except NotEqualError:
        return "refuted"
    except ValueError:
        return "no answer"


@cache
def judged(seed):
    """One batch of pairs, each with whether it was made to be true, and its verdict."""
    rng = random.Random(seed)
    return [
        (left, right, true, judge(left, right))
        for left, right, true in (pair(rng) for _ in range(PAIRS_PER_BATCH))
    ]


def false_proofs(batch, prover):
    """The pairs that the numbers refute and `prover` proves."""
    return [(a, b) for a, b, _, verdict in batch if verdict == "refuted" and prover(a - b, GIVEN)]


@pytest.mark.parametrize("batch", BATCHES)
def test_no_false_identity_is_proved(batch, record_property):
    pairs = judged(1000 + batch)
    verdicts = Counter(("true" if true else "mutated", verdict) for *_, true, verdict in pairs)
    for (kind, verdict), n in sorted(verdicts.items()):
        record_property(f"random pairs, {kind}", (verdict, n))
    assert not false_proofs(pairs, is_zero)
    for left, right, true, verdict in pairs:
        if (
            verdict == "proved" and not true
        ):  # a mutation that changed nothing, or a false proof? other points tell
            prove_equal(left, right, given=GIVEN, points=10, seed=7)
    assert verdicts["true", "refuted"] == 0, "a rewriting that keeps the value was refuted"
    assert verdicts["mutated", "refuted"] >= PAIRS_PER_BATCH // 4, (
        "too few false pairs to mean anything"
    )
    true_pairs = sum(n for (kind, _), n in verdicts.items() if kind == "true")
    assert verdicts["true", "proved"] >= 0.9 * true_pairs


def test_a_credulous_prover_is_caught():
    assert false_proofs(judged(1000), lambda difference, given: difference.count_ops() > 20)
