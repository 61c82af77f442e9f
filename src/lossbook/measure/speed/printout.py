"""The benchmark as plain text."""

from __future__ import annotations

from itertools import groupby

ORDER = ("workload", "shape", "loss", "threads", "allocator")


def tables(rows: list[dict]) -> str:
    """For each workload, loss and setting the implementations, fastest first, in copies."""
    lines = []
    for key, group in groupby(sorted(rows, key=_key), key=_key):
        workload, shape, loss, threads, allocator = key
        lines += [
            "",
            f"{workload} {'×'.join(map(str, shape))}, {loss}, {_setting(threads, allocator)}",
        ]
        for row in sorted(group, key=lambda r: r["ratio"][1]):
            low, middle, high = row["ratio"]
            memory = "" if row["memory"] is None else f"  memory {row['memory']:.2f}"
            lines.append(
                f"  {middle:9.2f}  [{low:.2f} {high:.2f}]".ljust(36) + f"{_name(row)}{memory}"
            )
    return "\n".join(lines[1:])


def target_table(targets: list[dict]) -> str:
    """Every target with what was measured: met, or missed by how much."""
    lines = []
    for target in targets:
        sign = "≤" if target["at_most"] else "≥"
        verdict = (
            "met"
            if target["met"]
            else f"MISSED by {abs(target['measured'] / target['limit'] - 1):.0%}"
        )
        lines.append(
            f"{target['what']} {sign} {target['limit']:g}{target['unit']}; "
            f"{_setting(target['threads'], target['allocator'])}: "
            f"{target['measured']:.2f} {verdict} ({target['where']})"
        )
    return "\n".join(lines)


def failure_table(failures: list[dict]) -> str:
    """What raised, and what."""
    return "\n".join(
        f"{f['workload']} {'×'.join(map(str, f['shape'])) or 'all shapes'}, {f['loss']}: "
        f"{_name(f)}, "
        f"{_setting(f['threads'], f['allocator'])}: {f['error']}"
        for f in failures
    )


def _key(row: dict) -> tuple:
    return tuple(tuple(row[name]) if name == "shape" else row[name] for name in ORDER)


def _name(row: dict) -> str:
    return " ".join(filter(None, (row["implementation"], row["precision"], row["mode"])))


def _setting(threads: int, allocator: str) -> str:
    told = "default allocator" if allocator == "default" else "heap reuse"
    return f"{threads} thread{'s' * (threads > 1)}, {told}"
