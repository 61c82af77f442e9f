"""What the tests have to say beyond pass and fail: the counts that they recorded, added up at the end of the run."""

from collections import Counter


def pytest_terminal_summary(terminalreporter):
    totals: dict[str, Counter] = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if isinstance(value, (tuple, list)) and len(value) == 2:
                totals.setdefault(name, Counter())[value[0]] += value[1]
    for name, counts in sorted(totals.items()):
        terminalreporter.write_line(f"{name}: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
