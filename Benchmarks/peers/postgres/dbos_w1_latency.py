"""W1-latency, one two-step workflow after the other with DBOS in PostgreSQL: called
directly, which is its fastest way.

Comparable: the call returns when the result is in the database, and DBOS takes up
unfinished workflows after a crash.
"""

import time

import dbos_engine
import dbos_server

import measure

N = 200


def main():
    with dbos_server.launched() as finished:
        before = finished()
        times = []
        with measure.Clock() as clock:
            for i in range(N):
                start = time.perf_counter()
                result = dbos_engine.quad(i)
                times.append(time.perf_counter() - start)
                measure.check(result == 4 * i)
        measure.check(finished() == before + N)
        measure.report_times(
            "dbos",
            "W1-latency",
            "called",
            times,
            clock=clock,
            durable=dbos_server.durability(),
        )


measure.run(main)
