"""What the chapter on speed shows: row numbers and split rows are proved and compute the same,
tables say what was measured.
"""

import json
from dataclasses import replace

import numpy as np
import pytest

from lossbook import NotEqualError, prove_equal
from lossbook.book import figures
from lossbook.book.speed import listing, plots, roofline, row_factor, sharded_classes
from lossbook.book.speed import tables as speed_tables
from lossbook.expr.nodes import Sum
from lossbook.measure import results
from lossbook.numpy import cross_entropy_with_grad

ROW = {
    "workload": "classes",
    "shape": [64, 256],
    "loss": "softmax_focal",
    "implementation": "ours native",
    "precision": "fast",
    "mode": "given buffer",
    "threads": 1,
    "allocator": "default",
    "ratio": [1.0, 1.25, 1.5],
    "copy_ns": 1.0,
    "memory": None,
}


@pytest.fixture
def bench(tmp_path):
    def made(*changes, smoke=False):
        rows = [ROW | change for change in changes]
        path = tmp_path / "bench.json"
        head = {
            "machine": {"cpu": "one"},
            "versions": {"torch": "2"},
            "smoke": smoke,
            "date": "2026-01-01",
        }
        path.write_text(json.dumps(head | {"rows": rows, "targets": [], "failures": []}))
        return results.read(path)

    return made


@pytest.mark.parametrize("loss", ["cross_entropy_index", "softmax_focal"])
def test_two_numbers_of_a_row_are_enough(loss):
    assert row_factor.gradient(loss).evidence.proved


def test_a_wrong_factor_is_refused(monkeypatch):
    monkeypatch.setattr(
        row_factor, "factor", lambda loss: row_factor.w[row_factor.t] / row_factor.others
    )
    with pytest.raises(NotEqualError):
        row_factor.gradient("cross_entropy_index")


def test_what_has_no_such_factor():
    with pytest.raises(ValueError, match="mse"):
        row_factor.factor("mse")


def test_derivations_are_proved():
    assert row_factor.rescaled().proved
    assert sharded_classes.derivation().proved
    assert sharded_classes.gradient().evidence.proved
    assert sharded_classes.gradient().evidence.for_all == "for all A, B"


def test_a_sum_that_was_not_rescaled_is_refused():
    with pytest.raises(NotEqualError):
        prove_equal(
            sharded_classes.log_sum_exp(),
            sharded_classes.n
            + sharded_classes.log(
                Sum(sharded_classes.part_sum(), (sharded_classes.a, 1, sharded_classes.A))
            ),
        )


@pytest.mark.parametrize("cuts", [[], [1], [5, 6, 20]])
def test_machines_together_compute_what_one_does(cuts):
    rng = np.random.default_rng(0)
    logits, classes = rng.normal(0, 40, (20, 32)), rng.integers(32, size=20)
    pieces = np.split(np.arange(32), cuts)
    shift, total = sharded_classes.combined(
        [sharded_classes.shift_and_sum(logits[:, p]) for p in pieces]
    )
    is_target = np.arange(32) == classes[:, None]
    gradient = np.concatenate(
        [
            sharded_classes.local_gradient(logits[:, p], shift, total, is_target[:, p])
            for p in pieces
        ],
        1,
    )
    value = (shift + np.log(total))[:, 0] - logits[np.arange(20), classes]
    expected, grad = cross_entropy_with_grad(logits, classes, reduction="none")
    assert np.allclose(value, expected, rtol=1e-13, atol=1e-13)
    assert np.allclose(gradient, grad, rtol=0, atol=1e-14)


def test_listings():
    text = listing.generated("softmax_focal", "row_major_value_and_grad", "bounded")
    assert text.startswith("KERNEL row_major_value_and_grad(")
    assert text.endswith("}")
    assert "namespace" not in text
    assert listing.generated("softmax_focal", "row_major_value_and_grad", "general") != text
    assert "Vector{}" in listing.generated("softmax_focal", "class_major_value_and_grad", "bounded")
    assert "return most;" in listing.by_hand("farthest")
    assert listing.by_hand("exp_in_range").startswith("FOR(double) INSIDE(T) exp_in_range(T x) {")
    assert "\n" not in listing.by_hand("size_of")  # on one line, and nothing of the next function
    assert "least(16" in listing.by_hand("rows_at_a_time")
    shown = listing.cpp("a < b", "Folded")
    assert shown.text == "a < b"
    assert "<summary>Folded</summary>" in shown.html
    assert "a < b" not in shown.html


def test_constants_in_their_order():
    pairs, others = listing.constants("TRANSPOSED_BELOW")  # for float64, and for other logits
    assert pairs > others > 8
    assert len(listing.constants("ROWS")) == 1


def test_names_that_the_chapter_explains():
    rows, columns = (
        listing.generated("softmax_focal", function, "bounded")
        for function in ("row_major_value_and_grad", "class_major_value_and_grad")
    )
    for statement in (
        "v4 = exp_all[b * classes + index[b]];",
        "rest1[b] = rest1_sum;",
        "scale[b]",
        "counted[b]",
        "alpha[b]",
    ):
        assert statement in rows
    assert "v4[b] = either(k == index[b]" in columns
    assert "fetch(" in columns
    assert "farther(" in columns


def test_rows_in_a_batch_are_as_the_chapter_says():
    text = listing.by_hand("rows_at_a_time")
    assert "call->gradient ? NUMBERS_AT_A_TIME / 4 : NUMBERS_AT_A_TIME;" in text
    assert "least(16, 1 + numbers / (call->classes + 1))" in text


@pytest.mark.parametrize(
    "call",
    [
        lambda: listing.generated("softmax_focal", "nothing", "bounded"),
        lambda: listing.generated("softmax_focal", "row_major_value_and_grad", "nothing"),
        lambda: listing.constants("NOTHING"),
        lambda: listing.by_hand("nothing"),
    ],
)
def test_what_is_not_there_is_named(call):
    with pytest.raises(ValueError, match=r"(?i)nothing"):
        call()


def test_cost_of_a_logit(bench):
    (only,) = bench({}).rows
    assert (only.copies, only.logits, only.ns) == (1.25, 64 * 256, 1.25)
    assert only.label == "ours native, fast"


def test_tables(bench):
    two = bench(
        {"workload": "tiny"},
        {"workload": "tiny", "allocator": "reuse", "memory": 1.0, "ratio": [100, 120, 1e4]},
    )
    assert (
        "1.25\N{NO-BREAK SPACE}(1.00–1.50) | 120\N{NO-BREAK SPACE}(100–10,000) | 1.0"
        in speed_tables.workload(two, "tiny", 1).text
    )
    assert (
        speed_tables.summary(two, 1).text.splitlines()[1]
        == "ours native, fast | given buffer | 1.25"
    )
    assert (
        speed_tables.workloads(two).text.splitlines()[1]
        == "tiny | 64 × 256 | Focal loss of softmax probabilities"
    )
    target = {
        "what": "short rows",
        "limit": 2.0,
        "unit": " copies",
        "at_most": True,
        "threads": 1,
        "where": "here",
    }
    lines = [target | {"allocator": "default", "measured": 1.5, "met": True}]
    assert "not measured" in speed_tables.targets(replace(two, targets=tuple(lines))).text
    lines.append(target | {"allocator": "reuse", "measured": 3.0, "met": False})
    line = (
        speed_tables.targets(replace(two, targets=tuple(lines)))
        .text.splitlines()[1]
        .replace("\N{NO-BREAK SPACE}", " ")
    )
    assert line == "short rows | ≤ 2 copies | 1.50, met | 3.00, missed"
    lost = {
        "workload": "tiny",
        "loss": "mse",
        "implementation": "torch",
        "mode": "all",
        "threads": 1,
    }
    lost |= {"allocator": "default", "error": "no time"}
    assert (
        "Measurements that could not be made: 1"
        in speed_tables.failures(replace(two, failures=(lost,))).html
    )
    assert "few quick rounds" in speed_tables.machine(bench({}, smoke=True)).text
    assert "few quick rounds" not in speed_tables.machine(bench({})).text


def test_figures(bench):
    sweep = bench(
        {}, {"shape": [32, 512]}, {"precision": "exact"}, {"precision": "exact", "shape": [32, 512]}
    )
    assert "was not measured with 2 threads" in plots.growth(sweep, "classes", 2).text
    figure = plots.growth(sweep, "classes", 1)
    assert 'aria-label="Log-log plot of nanoseconds per logit' in figure.html
    roofs = roofline.Roofs(10.0, {"double": 50.0}, 3.0, 4096, {})
    assert roofs.ridge("double") == 5
    assert (
        "currentColor" in plots.roofline(roofs, "double", {"a": (1.0, None), "b": (9.0, 20.0)}).html
    )


def test_a_layout_is_frozen_at_rounded_numbers():
    fig, ax = figures.subplots()
    ax.set_ylabel("label")
    plots._freeze_layout(fig, ax)
    frozen = ax.get_position().bounds
    assert frozen == tuple(round(x, 13) for x in frozen)
    figures.figure(fig, name="frozen", alt="An empty figure.", caption="Empty.")
    assert ax.get_position().bounds == frozen  # it is not laid out once more


def test_long_lines_of_a_listing_are_broken():
    kernel = listing.generated("softmax_focal", "class_major_value_and_grad", "bounded")
    assert max(map(len, kernel.split("\n"))) > listing.WIDTH
    broken = listing.broken(kernel)
    assert max(map(len, broken.split("\n"))) <= listing.WIDTH
    assert "".join(broken.split()) == "".join(kernel.split())
    loop = f"for (int k = 0; k < K; k++) sum += least({'a' * 30}, {'b' * 20});"
    assert listing.broken(loop).split("\n")[0] == "for (int k = 0; k < K; k++)"
    assert listing.broken("#define " + "a, " * 40) == "#define " + "a, " * 40
    assert listing.broken("a" * 90) == "a" * 90
