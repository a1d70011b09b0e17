"""W1-latency, one two-step workflow after the other with DBOS on SQLite: called
directly, which is its fastest way.

Comparable: the call returns when the result is in the database, and DBOS takes up
unfinished workflows after a crash.
"""

import time

from dbos import DBOS

import dbos_engine
import measure

N = 200


def rounds(journal, setting):
    with measure.folder() as folder:
        dbos_engine.launch(folder, journal)
        times = []
        with measure.Clock() as clock:
            for i in range(N):
                start = time.perf_counter()
                result = dbos_engine.quad(i)
                times.append(time.perf_counter() - start)
                measure.check(result == 4 * i)
        measure.report_times(
            "dbos",
            "W1-latency",
            f"called, {setting}",
            times,
            clock=clock,
            durable=dbos_engine.durability(),
        )
        DBOS.destroy()


def main():
    rounds("delete", "as it comes")
    rounds("wal", "WAL")


measure.run(main)
