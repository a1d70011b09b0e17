"""Penstock itself, measured by its own `bench durable` in the same minutes and the same
folder as its peers.

Called with the folder and the workload. Besides what `bench durable` says it counts
syncs from outside, as of every peer; that takes in the probes that it makes before each
workload, so that only the time of one sync is taken from it. How many syncs there were
is Penstock's own count of groups of transactions, checkpoints aside; it is refused when
there were fewer in truth. `bench durable` checks the results of W1 itself; of the other
workloads, the rows that are left have to be as many as there were jobs.

Where there is a server of PostgreSQL, each of its runs gets a new database there. The
server may sync once for several of Penstock's commits, so its count is not held against
theirs. The status is 64 when the command knows no such store.
"""

import contextlib
import json
import subprocess
import sys

import measure
import server

RUNS = {
    "W1": [["--n", "1000"], ["--n", "10000"]],
    "W1-latency": [[]],
    "W2": [["--n", "2000", "--in-flight", at_once] for at_once in ["1", "8", "64"]],
    "W4": [["--n", backlog] for backlog in ["1000", "100000", "1000000"]],
}

# The status of a command that does not understand its arguments.
UNKNOWN = 64


@contextlib.contextmanager
def store():
    """The options that name the store."""
    if server.url():
        with server.database() as address:
            yield ["--store", "postgres", "--url", address]
    else:
        yield ["--path", sys.argv[1]]


def call(workload, options):
    """What the command reports, and a clock that ran meanwhile."""
    command = [".build/release/penstock", "bench", "durable", "--json"]
    with store() as where:
        command += ["--workload", workload, *where, *options]
        with measure.Clock() as clock:
            ended = subprocess.run(command, stdout=subprocess.PIPE)
    if server.url() and ended.returncode == UNKNOWN:
        raise SystemExit(UNKNOWN)
    measure.check(
        ended.returncode == 0, f"{' '.join(command)} has ended with {ended.returncode}"
    )
    return ended.stdout, clock


def durability(line):
    """What its level is called in the words of the peers."""
    level = line["durability"]
    if server.url():
        return f"commit {'on' if level == 'full' else level}"
    return f"wal {level}"


def bench(workload, options):
    output, clock = call(workload, options)
    lines = [json.loads(line) for line in output.splitlines()]
    measure.check(lines, "it has reported nothing")
    counts = [line["counters"]["fsyncs"] for line in lines]
    claimed = sum(count or 0 for count in counts)
    least = 1 if server.url() else claimed
    measure.check(
        clock.syncs is None or clock.syncs >= least, "fewer syncs than it says"
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
            "durability": durability(line),
            "syncs": count and count / line["n"],
            "sync_ms": clock.sync_ms,
        }
        if workload == "W1":
            line["setting"] = f"{line['inFlight']} at once"
        print(json.dumps(line), flush=True)


def main():
    runs = RUNS[sys.argv[2]]
    if server.url() and sys.argv[2] == "W2":
        # There are peers that claim a hundred at a time.
        runs = [*runs, ["--n", "2000", "--in-flight", "100"]]
    for options in runs:
        bench(sys.argv[2], options)


measure.run(main)
