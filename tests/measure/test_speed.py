"""The benchmark measures what it says: no test asserts a time of a loss, only that what is planted is seen."""

import json
import time
from types import SimpleNamespace

import numpy as np
import pytest

from lossbook.losses import all_losses, get
from lossbook.measure.speed import child, command, peers
from lossbook.measure.speed.peers import PEERS
from lossbook.measure.speed.plan import (
    SETTINGS,
    SMOKE_SETTINGS,
    Group,
    Setting,
    groups,
)
from lossbook.measure.speed.printout import failure_table, tables, target_table
from lossbook.measure.speed.rounds import FEWEST, Candidate, measure, peak
from lossbook.measure.speed.targets import TARGETS, judged
from lossbook.measure.speed.workloads import WORKLOADS, loss_names, random_inputs, shapes

USUAL = Setting(1, kernels=False)
FIELDS = {
    "workload",
    "shape",
    "loss",
    "implementation",
    "precision",
    "mode",
    "threads",
    "allocator",
}


def entry(call, name="planted", **more):
    return Candidate(name, None, "training step", call, **more)


def slept(seconds):
    return lambda n: time.sleep(seconds)


def test_a_planted_sleep_is_seen():
    entries = [entry(slept(s)) for s in (0.001, 0.01)]
    measure(slept(0.002), entries, rounds=5, seconds=1)
    fast, slow = (np.median(e.ratios) for e in entries)
    assert [len(e.ratios) for e in entries] == [5, 5]
    assert fast < 1 < slow
    assert slow > 2 * fast


def test_slow_ones_take_part_in_the_first_rounds_only():
    entries = [entry(slept(0.0)), entry(slept(0.03))]
    measure(slept(0.0), entries, rounds=8, seconds=0.05)
    assert [len(e.ratios) for e in entries] == [8, FEWEST]


def test_what_comes_before_a_call_is_not_timed_and_comes_before_each():
    restored, called = [], []
    planted = entry(called.append, restore=lambda n: (restored.append(n), time.sleep(0.01)))
    assert planted.timed(3) < 0.01
    assert restored == called == [0, 1, 2]


def test_peak_sees_memory_that_was_given_back():
    size = 1 << 25
    found, result = peak(entry(lambda n: np.ones(size, np.uint8).sum()), size)
    assert result == size
    if found is None:
        pytest.skip("this system does not tell")
    assert 0.9 < found < 2
    assert peak(entry(lambda n: None), size)[0] < 0.5


def raises(logits, targets):
    raise ValueError("planted:\n no such luck")


@pytest.fixture
def planted(monkeypatch):
    """Libraries of which one is right, one raises, one is another loss, one has a sign wrong, and one is not there."""
    right = peers.TORCH["cross_entropy_index"]
    found = {
        "right": lambda loss: right,
        "raises": lambda loss: raises,
        "another": lambda loss: peers.softmax_focal,
        "negative": lambda loss: lambda z, y: -right(z, y),
        "absent": lambda loss: __import__("no_such_library"),
    }
    monkeypatch.setattr(peers, "LIBRARIES", found)
    return tuple(found)


def test_one_that_fails_is_kept_with_its_reason(planted):
    group = Group("tiny", "cross_entropy_index", planted, rounds=3, seconds=0.01)
    lines = list(child.measured(group, USUAL, smoke=True))
    assert tuple(line["implementation"] for line in lines if "error" not in line) == ("right",)
    errors = {line["implementation"]: line["error"] for line in lines if "error" in line}
    assert set(errors) == set(planted) - {"right"}
    assert errors["raises"] == "ValueError: planted: no such luck"
    assert "another" in errors["another"]
    assert "another" in errors["negative"]
    assert "no_such_library" in errors["absent"]
    assert failure_table([line for line in lines if "error" in line]).count("\n") == 3


def test_a_group_without_time_is_told(monkeypatch):
    monkeypatch.setattr(child.warnings, "simplefilter", lambda how: None)
    monkeypatch.setattr(child.torch, "set_num_threads", lambda count: None)
    lines = []
    child.measure_setting(Setting(1, seconds=-1), True, lambda line: lines.append(json.loads(line)))
    assert {(line["workload"], line["loss"]) for line in lines} == {
        (g.workload, g.loss) for g in groups(Setting(1), smoke=True)
    }
    assert all(line["error"] == "not begun: -1 s were over" for line in lines)


def test_one_that_fails_later_does_not_end_the_others():
    def late(n, calls=[]):  # noqa: B006 - it counts its calls
        calls.append(n)
        if len(calls) > 2:
            raise MemoryError("full")

    entries = [entry(late), entry(slept(0))]
    measure(slept(0), entries, rounds=4, seconds=10)
    assert entries[0].error == "MemoryError: full"
    assert len(entries[1].ratios) == 4


def test_the_document(monkeypatch):
    monkeypatch.setenv("LOSSBOOK_NATIVE", "0")
    lines = []
    for loss in loss_names():
        group = Group(
            "tiny", loss, ("ours torch", "ours NumPy", *PEERS[loss][:1]), rounds=3, seconds=0.01
        )
        lines += child.measured(group, USUAL, smoke=True)
    result = json.loads(command.text(command.document(lines, smoke=True)))
    assert set(result) == {"machine", "versions", "smoke", "date", "rows", "failures", "targets"}
    assert set(result["machine"]) == {"cpu", "cores", "caches", "simd", "system"}
    assert {"python", "torch", "numpy", "jax", "compiler"} <= set(result["versions"])
    assert result["smoke"] is True
    assert result["failures"] == []
    assert {row["loss"] for row in result["rows"]} == set(loss_names())
    for row in result["rows"]:
        assert set(row) == FIELDS | {"ratio", "copy_ns", "memory"}
        assert row["shape"] == [32, 10]
        low, middle, high = row["ratio"]
        assert 0 < low <= middle <= high
        assert row["copy_ns"] > 0
    modes = {(row["implementation"], row["mode"]) for row in result["rows"]}
    assert {
        ("ours torch", "training step"),
        ("ours torch", "value"),
        ("ours NumPy", "given buffer"),
    } <= modes
    assert "ours NumPy exact given buffer" in tables(result["rows"])


@pytest.mark.parametrize("setting", [Setting(1), USUAL, Setting(2, "reuse")])
def test_settings_reach_the_process(setting):
    found = child.environment(setting)
    assert found["OMP_NUM_THREADS"] == str(setting.threads)
    assert ("MALLOC_MMAP_MAX_" in found) == (setting.allocator == "reuse")
    assert (found.get("LOSSBOOK_NATIVE") == "0") == (not setting.kernels)


def test_a_process_that_ends_early_is_told(monkeypatch):
    line = {"workload": "tiny", "loss": "mse", "threads": 1}
    done = SimpleNamespace(returncode=-9, stdout=json.dumps(line) + "\n")
    monkeypatch.setattr(command.subprocess, "run", lambda *a, **k: done)
    first, last = command.in_process(Setting(1), smoke=True)
    assert first == line
    assert last["workload"] == "tiny"
    assert last["error"] == "the process ended with -9"
    assert failure_table([last])


def test_every_loss_and_every_peer_is_in_the_plan():
    assert set(loss_names()) == {loss.name for loss in all_losses() if not loss.is_activation}
    assert set(loss_names()) == set(PEERS)
    planned = [
        (g.loss, name, g.workload)
        for s in SETTINGS
        for g in groups(s, smoke=False)
        for name in g.implementations
    ]
    for loss in loss_names():
        named = {name for found, name, _ in planned if found == loss}
        assert {"ours native", "ours torch", "ours NumPy", *PEERS[loss]} <= named
    assert {workload for _, _, workload in planned} == set(WORKLOADS)
    assert {g.workload for s in SMOKE_SETTINGS for g in groups(s, smoke=True)} == set(WORKLOADS)


def test_sweeps_grow():
    by_classes, by_rows = shapes("classes", smoke=False), shapes("rows", smoke=False)
    assert (by_classes[0][1], by_classes[-1][1]) == (2, 262_144)
    assert max(n * k for n, k in by_classes) < 1.1 * min(n * k for n, k in by_classes)
    assert (by_rows[0][0], by_rows[-1][0]) == (1, 1_000_000)


@pytest.mark.parametrize("loss", loss_names())
def test_cases(loss):
    found = random_inputs("tiny", loss, (4, 5))
    assert found.logits.dtype == np.float32
    assert found.targets.shape == ((4,) if get(loss).target == "class index" else (4, 5))
    found.buffers[0][...] = 0
    found.copy(0)
    np.testing.assert_array_equal(found.buffers[0], found.logits)


def planted_row(mode, ratio, implementation="ours native", precision="fast", **more):
    row = {"workload": "segmentation", "shape": [8, 8, 384, 1024], "loss": "cross_entropy_index"}
    row |= {
        "implementation": implementation,
        "precision": precision,
        "mode": mode,
        "threads": 2,
        "allocator": "default",
    }
    return row | {"ratio": [ratio] * 3, "copy_ns": 1.0, "memory": None} | more


def test_targets_are_judged():
    rows = [
        planted_row("in place", 1.2),
        planted_row("given buffer", 1.5),
        planted_row("training step", 2.0, memory=1.0),
        planted_row("training step", 9.0, "torch", None),
        planted_row("training step", 12.0, "optax", None),
        planted_row("training step", 6.0, "torch compiled", None),
    ]
    found = {target["what"]: target for target in judged(rows)}
    assert found["segmentation, in place"]["met"]
    assert not found["segmentation, given buffer"]["met"]
    eager = found["training step, segmentation, to the best eager"]
    assert (eager["measured"], eager["met"]) == (4.5, False)
    assert eager["where"].endswith("torch")
    assert found["training step, segmentation, to the best compiled"]["met"]
    assert found["memory of a training step"]["measured"] == 1
    assert "MISSED by 7%" in target_table([found["segmentation, given buffer"]])
    assert not {"tiny", "rows of K"} & set(found)  # what was not measured is not judged


def test_targets_over_sweeps():
    def at(n, k, ratio, copy_ns):
        return planted_row(
            "in place",
            ratio,
            workload="classes",
            shape=[n, k],
            loss="softmax_focal",
            copy_ns=copy_ns,
        )

    rows = [at(1 << 16, 256, 1.0, 0.5), at(64, 1 << 18, 0.5, 2.0), at(1 << 19, 32, 3.0, 1.0)]
    found = {target["what"]: target for target in judged(rows)}
    assert found["cost of a logit, K = 256 to 262,144"]["measured"] == 2
    assert found["rows of K = 3 to 32, in place"]["measured"] == 3
    assert found["K ≥ 256, in place"]["measured"] == 1
    assert len({target.what for target in TARGETS}) == len(TARGETS)
