"""Which tests run and in which order, and what they report beyond pass and fail."""

import json
from collections import Counter
from math import inf
from pathlib import Path

import pytest

from .sampling import left_out

ROOT = Path(__file__).parents[1]
DURATIONS = Path(__file__).with_name("durations.json")
LEFT_OUT = pytest.StashKey[int]()


def pytest_addoption(parser):
    group = parser.getgroup("lossbook")
    group.addoption(
        "--full", action="store_true", help="run every case, not the sample of the costly kinds"
    )
    group.addoption(
        "--record-durations",
        action="store_true",
        help=f"write the seconds that each file took to {DURATIONS.name}, by which files are ordered",
    )


def pytest_configure(config):
    if config.getoption("record_durations") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(DurationRecorder())


def pytest_collection_modifyitems(config, items):
    """Leave out what is not in the sample; run the longest files first, so that no worker waits at the end for another.

    Files without a recorded duration come first: they may be long.
    """
    if not config.getoption("full"):
        out = set(left_out(items))
        items[:] = [item for item in items if item not in out]
        config.stash[LEFT_OUT] = len(out)
        if hasattr(config, "workeroutput"):
            config.workeroutput["left_out"] = len(out)
    seconds = json.loads(DURATIONS.read_text())
    items.sort(key=lambda item: -seconds.get(item.path.relative_to(ROOT).as_posix(), inf))


def pytest_testnodedown(node):
    """Note how many tests a worker left out; all leave out the same."""
    if hasattr(node, "workeroutput"):
        node.config.stash[LEFT_OUT] = node.workeroutput.get("left_out", 0)


class DurationRecorder:
    """Adds up the seconds of each file and writes them down at the end of the run."""

    def __init__(self):
        self.seconds = Counter()

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid.partition("::")[0]] += report.duration

    def pytest_sessionfinish(self):
        rounded = {path: round(s, 1) for path, s in self.seconds.most_common()}
        DURATIONS.write_text(json.dumps(rounded, indent=2) + "\n")


def pytest_terminal_summary(terminalreporter, config):
    """Add up the counts that tests recorded, and say what was left out of the sample."""
    totals: dict[str, Counter] = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if isinstance(value, (tuple, list)) and len(value) == 2:
                totals.setdefault(name, Counter())[value[0]] += value[1]
    for name, counts in sorted(totals.items()):
        terminalreporter.write_line(
            f"{name}: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))
        )
    if n := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(f"left to --full: {n} tests")
