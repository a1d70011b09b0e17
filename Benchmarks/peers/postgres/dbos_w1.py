"""W1, two-step workflows with DBOS in PostgreSQL, in the two ways it can be used.

Called directly, by one thread and by 16: here the clock also runs over the recording of
the workflows, which the others have done before. And from its queue, enqueued before
the queue is registered, which is what W1 says. Comparable otherwise: DBOS takes up
unfinished workflows after a crash.
"""

from concurrent.futures import ThreadPoolExecutor

import dbos_engine
import dbos_server
from dbos import DBOS

import measure

N = 300


def report(setting, in_flight, clock):
    measure.report(
        "dbos",
        "W1",
        setting,
        n=N,
        in_flight=in_flight,
        unit="steps/s",
        value=2 * N / clock.seconds,
        clock=clock,
        durable=dbos_server.durability(),
    )


def called(threads):
    with dbos_server.launched() as finished, ThreadPoolExecutor(threads) as pool:
        before = finished()
        with measure.Clock() as clock:
            results = list(pool.map(dbos_engine.quad, range(N)))
        measure.check(results == [4 * i for i in range(N)])
        measure.check(finished() == before + N)
        report(f"called by {measure.threads(threads)}", threads, clock)


def enqueued(at_once):
    with dbos_server.launched() as finished:
        before = finished()
        runs = [DBOS.enqueue_workflow("bench", dbos_engine.quad, i) for i in range(N)]
        with measure.Clock() as clock:
            DBOS.register_queue(
                "bench", worker_concurrency=at_once, polling_interval_sec=0.1
            )
            measure.wait(lambda: finished() == before + N, pause=0.02)
        measure.check([run.get_result() for run in runs] == [4 * i for i in range(N)])
        report(f"queue of {at_once}", at_once, clock)


def main():
    called(1)
    called(16)
    enqueued(64)


measure.run(main)
