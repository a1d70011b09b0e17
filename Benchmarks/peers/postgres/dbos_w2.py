"""W2, a job queue with DBOS in PostgreSQL: workflows that do nothing, enqueued one a
commit, then run 1, 8, 64 at once.

Comparable, but a queue of workflows is more than a queue of jobs: each keeps its input,
its status and its result. The queue is looked at every 10 ms (by itself, DBOS does so
every second).
"""

import dbos_engine
import dbos_server
from dbos import DBOS

import measure

N = 200


def jobs(workers):
    with dbos_server.launched() as finished:
        before = finished()
        with measure.Clock() as enqueueing:
            runs = [
                DBOS.enqueue_workflow("bench", dbos_engine.noop, i) for i in range(N)
            ]
        with measure.Clock() as clock:
            DBOS.register_queue(
                "bench", worker_concurrency=workers, polling_interval_sec=0.01
            )
            measure.wait(lambda: finished() == before + N, pause=0.02)
        measure.check([run.get_result() for run in runs] == list(range(N)))
        durable = dbos_server.durability()
        setting = f"{workers} at once"
        measure.report_jobs("dbos", setting, N, workers, enqueueing, clock, durable)


def main():
    for workers in [1, 8, 64]:
        jobs(workers)


measure.run(main)
