"""Prints one table of all runs: the median of each figure, its range, and how it
compares with Penstock's.

Called with the file of the lines that the programs have reported, and with --json for
one JSON object a line instead.
"""

import json
import statistics
import sys

import measure
import server

TITLES = {
    "commit": "commit, one row a commit and nothing else, {} at once: commits/s",
    "commit-latency": "commit, one row a commit, one client: ms",
    "W1": "W1, two-step durable workflows that wait when the engine starts: steps/s",
    "W1-latency": "W1-latency, one such workflow after the other: ms to its result",
    "W2-enqueue": "W2, pushing one job a commit, one client: pushes/s",
    "W2-enqueue-100": "W2, pushing 100 jobs a commit, one client: pushes/s",
    "W2": "W2, jobs worked off, {} at once: jobs/s",
    "W4": "W4, claiming and completing one job with {:,} waiting: ms",
}
HEAD = ["SYSTEM", "VERSION", "SETTING", "N", "DURABILITY", "FIGURE", "[RANGE]"]
HEAD += ["SYNCS", "MS/SYNC", "PENSTOCK IS"]
NUMBERS = {"N", "FIGURE", "SYNCS", "MS/SYNC", "PENSTOCK IS"}
WEAKER = "  less durable: what was acknowledged last may be gone when the power fails"
LEGEND = """\
FIGURE: the median of {runs}; every result was checked before its figure counted. Of
    times in ms, each run's figure is itself a median, and less is better.
{store}
PENSTOCK IS: so many times as good as the peer, at the nearest n; below 1, worse. With
    a question mark, the disk was more than twice as slow for one of the two, or that
    is not known: measure again before you believe it."""
SQLITE = """\
DURABILITY: the journal mode and synchronous, asked of the connection that wrote; of
    Penstock what it says itself, held against its syncs.
SYNCS: fsync and fdatasync per workflow or job, counted from outside (in W4 with the
    push of one more job); of Penstock its own count, checkpoints aside.
MS/SYNC: what one of them took; of Penstock together with the probes it makes before."""
POSTGRES = """\
DURABILITY: synchronous_commit, where fsync is on and nothing was written to unlogged
    tables, asked of the connection that wrote; of Penstock what it says itself.
SYNCS: fsync and fdatasync of the server per workflow, job or row, counted from outside
    (in W4 with the push of one more job); of Penstock its own count of commits.
MS/SYNC: what one of them took, with the wait for a core where many clients want one."""


def main():
    rows = collect(sys.argv[1])
    if "--json" in sys.argv:
        for row in rows:
            print(json.dumps(row))
    else:
        table(rows)


def block(row):
    """What is compared with each other: one workload, at one load."""
    load = {"W2": row["inFlight"], "commit": row["inFlight"], "W4": row.get("backlog")}
    return row["workload"], load.get(row["workload"], 0)


def is_durable(row):
    return row["durability"].endswith(measure.DURABLE)


def collect(path):
    """One row for all the runs of the same thing, in the order of the table."""
    runs = {}
    with open(path) as file:
        for line in map(json.loads, file):
            key = (*block(line), line["system"], line["setting"], line["n"])
            runs.setdefault(key, []).append(line)
    rows = [merge(lines) for lines in runs.values()]
    for row in rows:
        compare(row, [it for it in rows if is_penstock(it) and block(it) == block(row)])
    return sorted(rows, key=place)


def is_penstock(row):
    return row["system"] == "penstock"


def place(row):
    """Where a row stands in its block: the durable first, Penstock first, the best."""
    workload, load = block(row)
    better = row["value"] if row["unit"] == "ms" else -row["value"]
    order = list(TITLES).index(workload)
    return order, load, not is_durable(row), not is_penstock(row), better


def merge(lines):
    """The row of several runs: what they have in common, and medians."""
    common = ["system", "version", "workload", "setting", "durability", "n", "inFlight"]
    common += ["backlog", "unit", "note", "sqlite"]
    row = {key: lines[0].get(key) for key in common}
    values = [line["value"] for line in lines]
    row |= {"value": statistics.median(values), "runs": len(lines)}
    row |= {"min": min(values), "max": max(values)}
    for key in ["p50_ms", "p99_ms", "syncs", "sync_ms"]:
        known = [line[key] for line in lines if line.get(key) is not None]
        row[key] = statistics.median(known) if known else None
    return {key: value for key, value in row.items() if value is not None}


def compare(row, penstocks):
    """Adds how many times as good Penstock is, and whether both had the same disk."""
    if is_penstock(row) or not penstocks or not is_durable(row):
        return
    penstock = min(penstocks, key=lambda other: abs(other["n"] - row["n"]))
    ratio = penstock["value"] / row["value"]
    row["penstockRatio"] = 1 / ratio if row["unit"] == "ms" else ratio
    if "sync_ms" in row and "sync_ms" in penstock:
        row["sameDisk"] = 0.5 <= row["sync_ms"] / penstock["sync_ms"] <= 2


def figure(value):
    """Three digits that count."""
    if value is None:
        return "–"
    digits = next((d for d, least in enumerate([100, 10, 0.1]) if value >= least), 3)
    return f"{value:,.{digits}f}"


def cells(row):
    ratio = "" if is_penstock(row) else "–" if is_durable(row) else "not compared"
    if "penstockRatio" in row:
        doubt = " " if row.get("sameDisk") else "?"
        ratio = f"{figure(row['penstockRatio'])} x {doubt}"
    spread = f"[{figure(row['min'])}–{figure(row['max'])}]" if row["runs"] > 1 else ""
    first = [row["system"], row["version"], row["setting"], f"{row['n']:,}"]
    first += [row["durability"].upper(), figure(row["value"]), spread]
    return first + [figure(row.get("syncs")), figure(row.get("sync_ms")), ratio]


def show(cells, widths):
    line = ""
    for cell, width, head in zip(cells, widths, HEAD):
        line += "  " + (cell.rjust(width) if head in NUMBERS else cell.ljust(width))
    print(line.rstrip())


def table(rows):
    lines = [cells(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(HEAD, *lines)]
    runs = max(row["runs"] for row in rows)
    show(HEAD, widths)
    title = weaker = None
    for row, line in zip(rows, lines):
        if title != block(row):
            title, weaker = block(row), False
            print(f"\n{TITLES[row['workload']].format(title[1])}")
        if not is_durable(row) and not weaker:
            weaker = True
            print(WEAKER)
        show(line, widths)
        if row["runs"] < runs:
            print(f"    that was {row['runs']} of {runs} runs: the others failed")
    store = POSTGRES if server.url() else SQLITE
    legend = LEGEND.format(runs="one run" if runs == 1 else f"{runs} runs", store=store)
    print("\n" + legend)
    notes = {row["system"]: row["note"] for row in rows if "note" in row}
    for system, note in notes.items():
        print(f"{system}: {note}.")
    for version in sorted({row["sqlite"] for row in rows if "sqlite" in row}):
        print(f"The peers in Python have SQLite {version}.")


main()
