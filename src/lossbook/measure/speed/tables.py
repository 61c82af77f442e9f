"""The benchmark as plain text."""

from __future__ import annotations

from itertools import groupby

ORDER = ("workload", "shape", "loss", "threads", "allocator")


def tables(rows: list[dict]) -> str:
    """For each workload, loss and setting the implementations, fastest first; ratios to a copy of the logits."""
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


def bar_table(bars: list[dict]) -> str:
    """Every bar with what was measured: met, or missed by how much."""
    lines = []
    for bar in bars:
        sign = "≤" if bar["at_most"] else "≥"
        verdict = (
            "met" if bar["met"] else f"MISSED by {abs(bar['measured'] / bar['limit'] - 1):.0%}"
        )
        lines.append(
            f"{bar['what']} {sign} {bar['limit']:g}{bar['unit']}; {_setting(bar['threads'], bar['allocator'])}: "
            f"{bar['measured']:.2f} {verdict} ({bar['where']})"
        )
    return "\n".join(lines)


def failure_table(failures: list[dict]) -> str:
    """What raised, and what."""
    return "\n".join(
        f"{f['workload']} {'×'.join(map(str, f['shape'])) or 'all shapes'}, {f['loss']}: {_name(f)}, "
        f"{_setting(f['threads'], f['allocator'])}: {f['error']}"
        for f in failures
    )


def _key(row: dict) -> tuple:
    return tuple(tuple(row[name]) if name == "shape" else row[name] for name in ORDER)


def _name(row: dict) -> str:
    return " ".join(filter(None, (row["implementation"], row["precision"], row["mode"])))


def _setting(threads: int, allocator: str) -> str:
    return f"{threads} thread{'s' * (threads > 1)}, {'default allocator' if allocator == 'default' else 'heap reuse'}"
