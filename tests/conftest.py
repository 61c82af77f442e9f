"""In which order the tests run; and what they say beyond pass and fail: the counts that they recorded, added up."""

from collections import Counter

# The files that take more than 15 seconds, longest first, so that no worker waits at the end while another has one of them.
LONG = (
    "test_browser test_playground test_run test_random_pairs focal_segmentation does_it_help test_clean test_argue "
    "test_accuracy test_peers test_cross_entropy test_losses test_search floating_point test_bank bugs_in_the_wild test_round_trip "
    "test_javascript test_notebooks"
).split()


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


def pytest_terminal_summary(terminalreporter):
    totals: dict[str, Counter] = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if isinstance(value, (tuple, list)) and len(value) == 2:
                totals.setdefault(name, Counter())[value[0]] += value[1]
    for name, counts in sorted(totals.items()):
        terminalreporter.write_line(
            f"{name}: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))
        )
