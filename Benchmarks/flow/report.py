"""Prints one table of all runs: the median of each figure, its range, and how it
compares with Penstock's.

Called with the file of the lines that the programs have reported, and with --json for
one JSON object a line instead.
"""

import json
import statistics
import sys

TITLES = {
    "W3-pipe": "W3-pipe, five steps and four links of 1,024: million items a second",
    "W3-fanin": "W3-fanin, four producers and one consumer: million items a second",
    "W3-ping": "W3-ping, to and fro: million round trips a second",
    "W3-batch": "W3-batch, the pipe with arrays of 256: million items a second",
}
WAYS = {
    "go": "goroutines, channels",
    "tbb": "threads, concurrent_bounded_queue",
    "rust": "threads, mpsc::sync_channel",
    "java": "threads, ArrayBlockingQueue",
    "asyncio": "coroutines, asyncio.Queue",
}
PIPELINES = {("tbb", "W3-pipe"), ("tbb", "W3-batch")}
HEAD = ["SYSTEM", "VERSION", "SETTING", "M/S", "[RANGE]", "NS", "PENSTOCK IS"]
NUMBERS = {"M/S", "NS", "PENSTOCK IS"}


def main():
    rows = collect(sys.argv[1])
    if "--json" in sys.argv:
        for row in rows:
            print(json.dumps(row))
    else:
        table(rows)


def read(line):
    """What both kinds of lines have: Penstock's own, and those of its peers."""
    if "system" not in line:
        line |= {"system": "penstock", "version": ""}
    else:
        way = "parallel_pipeline"
        if (line["system"], line["workload"]) not in PIPELINES:
            way = WAYS[line["system"]]
        line |= {"setting": way, "value": line["n"] * 1e9 / line["nanoseconds"]}
    return line


def collect(path):
    """One row for all runs of the same thing, in the order of the table."""
    runs = {}
    with open(path) as file:
        for line in map(read, map(json.loads, file)):
            key = (line["workload"], line["system"], line["setting"])
            runs.setdefault(key, []).append(line)
    rows = [merge(lines) for lines in runs.values() if lines[0]["workload"] in TITLES]
    for row in rows:
        own = [it["value"] for it in rows if is_own(it) and same_work(it, row)]
        if not is_own(row) and own:
            row["penstock_is"] = max(own) / row["value"]
    order = list(TITLES)
    return sorted(
        rows, key=lambda row: (order.index(row["workload"]), not is_own(row), -row["value"])
    )


def is_own(row):
    return row["system"] == "penstock"


def same_work(one, other):
    return one["workload"] == other["workload"]


def merge(lines):
    values = [line["value"] for line in lines]
    row = {key: lines[0][key] for key in ["system", "version", "workload", "setting"]}
    row |= {"n": lines[0]["n"], "value": statistics.median(values), "runs": len(lines)}
    return row | {"min": min(values), "max": max(values)}


def table(rows):
    lines, workload = [HEAD], None
    for row in rows:
        if row["workload"] != workload:
            workload = row["workload"]
            lines += [[], [TITLES[workload]]]
        value, least, most = (row[key] / 1e6 for key in ["value", "min", "max"])
        better = row.get("penstock_is")
        lines.append(
            [
                "  " + row["system"],
                row["version"],
                row["setting"],
                f"{value:.2f}",
                f"[{least:.2f}-{most:.2f}]",
                f"{1000 / value:.1f}",
                "" if better is None else f"{better:.1f} x",
            ]
        )
    cells = [line for line in lines if len(line) == len(HEAD)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(HEAD))]
    for line in lines:
        if len(line) < len(HEAD):
            print(*line)
            continue
        places = zip(HEAD, line, widths)
        text = [it.rjust(w) if head in NUMBERS else it.ljust(w) for head, it, w in places]
        print("  ".join(text).rstrip())
    runs = max((row["runs"] for row in rows), default=0)
    print(f"\nM/S: the median of {runs} runs, each of which has checked its sum.")
    print("PENSTOCK IS: so many times as fast as the peer, in the faster of its settings.")


main()
