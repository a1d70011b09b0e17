"""What every peer's program needs: a folder, a clock that also counts syncs, and the
line in which it reports.

A program is called with one argument, the folder on the disk that is measured. It
prints one JSON object a line, in the keys of `penstock bench --json`, and prints it
only after it has checked what the peer did.
"""

import contextlib
import importlib.metadata
import json
import math
import os
import shutil
import sqlite3
import struct
import sys
import tempfile
import time
import traceback

import server

# How what is durable ends; server.py says how it is asked of PostgreSQL.
DURABLE = ("full", "extra", "commit on")


@contextlib.contextmanager
def folder():
    """A new folder for one database, removed afterwards."""
    path = tempfile.mkdtemp(dir=sys.argv[1])
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def database(path, journal=None):
    """The path of a database; with `journal`, it is made in that mode, and keeps it."""
    file = os.path.join(path, "peer.db")
    if journal:
        connection = sqlite3.connect(file)
        check(query(connection, f"PRAGMA journal_mode={journal}") == journal)
        connection.close()
    return file


def query(connection, sql):
    """The one value that a query answers."""
    return connection.execute(sql).fetchone()[0]


def durability(connection):
    """How safely the peer writes, asked of the very connection that it writes with."""
    levels = ["off", "normal", "full", "extra"]
    journal = query(connection, "PRAGMA journal_mode")
    return f"{journal} {levels[query(connection, 'PRAGMA synchronous')]}"


def check(holds, what="the peer's results are not what they have to be"):
    """Stops the program, so that no figure of a wrong result is ever reported."""
    if not holds:
        raise SystemExit(f"wrong: {what}")


def wait(until, seconds=240, pause=0.001):
    """Waits until something holds, and gives up after some minutes."""
    end = time.monotonic() + seconds
    while not until():
        check(time.monotonic() < end, f"not done after {seconds} s")
        time.sleep(pause)


def syncs():
    """How many syncs there were so far, and their seconds; `None` without syncs.c."""
    try:
        with open(os.environ["PENSTOCK_BENCH_SYNCS"], "rb") as file:
            count, nanoseconds = struct.unpack("=QQ", file.read(16))
            return count, nanoseconds / 1e9
    except (KeyError, OSError, struct.error):
        return None


class Clock:
    """The seconds of a `with` block, its syncs, and the milliseconds of one sync."""

    def __enter__(self):
        self.syncs = self.sync_ms = None
        self.before = syncs()
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self.start
        if self.before and (after := syncs()):
            self.syncs = after[0] - self.before[0]
            self.sync_ms = 1000 * (after[1] - self.before[1]) / max(1, self.syncs)


def report(
    package,
    workload,
    setting,
    *,
    n,
    in_flight,
    unit,
    value,
    clock,
    durable,
    note=None,
    version=None,
    **more,
):
    """Prints the line of a measurement; its syncs are divided by `n`."""
    synced = None if clock.syncs is None else clock.syncs / n
    if durable.endswith(DURABLE):
        check(synced != 0, "it says that it is durable, and has never synced")
    line = {
        "system": package,
        "version": version or importlib.metadata.version(package),
        "workload": workload,
        "setting": setting,
        "durability": durable,
        "n": n,
        "inFlight": in_flight,
        "unit": unit,
        "value": value,
        "syncs": synced,
        "sync_ms": clock.sync_ms,
        "note": note,
        "sqlite": None if server.url() else sqlite3.sqlite_version,
    }
    print(json.dumps(line | more), flush=True)


def report_times(package, workload, setting, times, **more):
    """Prints the line of a measurement whose figure is the median of these seconds."""
    times = [1000 * time for time in sorted(times)]
    median, p99 = (times[math.ceil(share * len(times)) - 1] for share in (0.5, 0.99))
    more |= {
        "n": len(times),
        "in_flight": 1,
        "unit": "ms",
        "value": median,
        "p50_ms": median,
        "p99_ms": p99,
    }
    report(package, workload, setting, **more)


def report_jobs(
    package, setting, n, workers, enqueueing, clock, durable, *, client="", **more
):
    """Prints the lines of W2: jobs worked off by `workers`, and once how they came."""
    if workers == 1:
        pushed = {**more, "note": None}
        report_pushes(package, f"1 client{client}", n, enqueueing, durable, **pushed)
    report(
        package,
        "W2",
        setting,
        n=n,
        in_flight=workers,
        unit="jobs/s",
        value=n / clock.seconds,
        clock=clock,
        durable=durable,
        **more,
    )


def report_pushes(package, setting, n, clock, durable, *, batch=1, **more):
    """Prints the line of jobs that one client has pushed, so many a commit."""
    report(
        package,
        "W2-enqueue" if batch == 1 else f"W2-enqueue-{batch}",
        setting,
        n=n,
        in_flight=batch,
        unit="pushes/s",
        value=n / clock.seconds,
        clock=clock,
        durable=durable,
        **more,
    )


def together(threads):
    """Runs threads from the first start to the last end, and returns the clock."""
    with Clock() as clock:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return clock


def threads(count):
    """How many threads there are, in words."""
    return "1 thread" if count == 1 else f"{count} threads"


def run(main):
    """Runs a program, and ends it even where the peer has left threads behind."""
    status = 1
    try:
        main()
        status = 0
    except SystemExit as end:
        if isinstance(end.code, int):
            status = end.code
        else:
            print(end, file=sys.stderr)
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
