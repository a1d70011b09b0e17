"""Penstock itself, measured by its own `bench durable` in the same minutes and the same
folder as its peers.

Called with the folder and the workload. Besides what `bench durable` says it counts
syncs from outside, as of every peer; that takes in the probes that it makes before each
workload, so that only the time of one sync is taken from it. How many syncs there were
is Penstock's own count of groups of transactions, checkpoints aside; it is refused when
there were fewer in truth. `bench durable` checks the results of W1 itself; of the other
workloads, the rows that are left have to be as many as there were jobs.
"""

import json
import subprocess
import sys

import measure

RUNS = {
    "W1": [["--n", "1000"], ["--n", "10000"]],
    "W1-latency": [[]],
    "W2": [["--n", "2000", "--in-flight", at_once] for at_once in ["1", "8", "64"]],
    "W4": [["--n", backlog] for backlog in ["1000", "100000", "1000000"]],
}


def bench(workload, options):
    command = [".build/release/penstock", "bench", "durable", "--json"]
    command += ["--path", sys.argv[1], "--workload", workload, *options]
    with measure.Clock() as clock:
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    lines = [json.loads(line) for line in output.splitlines()]
    measure.check(lines, "it has reported nothing")
    counts = [line["counters"]["fsyncs"] for line in lines]
    claimed = sum(count or 0 for count in counts)
    measure.check(
        clock.syncs is None or clock.syncs >= claimed, "fewer syncs than it says"
    )
    for line, count in zip(lines, counts):
        # Every one of the runs of W2 begins with the pushes.
        if line["workload"] == "W2-enqueue" and options[-1] != "1":
            continue
        rows = {"W1": 3 * line["n"], "W4": line.get("backlog")}
        measure.check(
            line["counters"]["rows"] in (None, rows.get(line["workload"], line["n"])),
            f"{line['workload']} has left {line['counters']['rows']} rows",
        )
        line |= {
            "system": "penstock",
            "version": sys.argv[3],
            "setting": "",
            "durability": f"wal {line['durability']}",
            "syncs": count and count / line["n"],
            "sync_ms": clock.sync_ms,
        }
        if workload == "W1":
            line["setting"] = f"{line['inFlight']} at once"
        print(json.dumps(line), flush=True)


def main():
    for options in RUNS[sys.argv[2]]:
        bench(sys.argv[2], options)


measure.run(main)
