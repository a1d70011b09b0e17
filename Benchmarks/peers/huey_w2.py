"""W2, a job queue with huey: jobs enqueued one a commit, then worked off by 1, 8 and 64
threads.

Not comparable: huey deletes a job before it runs it, so what runs when the process dies
is lost. A job counts as done when its result is in the database.
"""

import sqlite3
import threading

from huey import SqliteHuey

import measure

N = 2000
NOTE = "deletes a job before it runs: what runs when the process dies is lost"


def jobs(workers):
    with measure.folder() as folder:
        file = measure.database(folder)
        huey = SqliteHuey("bench", filename=file, fsync=True, timeout=60)
        finished = threading.Semaphore(0)

        @huey.task()
        def noop(x):
            finished.release()
            return x

        with measure.Clock() as enqueueing:
            results = [noop(i) for i in range(N)]
        second = sqlite3.connect(file)
        measure.check(measure.query(second, "SELECT count(*) FROM task") == N)
        consumer = huey.create_consumer(
            workers=workers,
            periodic=False,
            initial_delay=0.001,
            backoff=1.1,
            max_delay=0.01,
        )
        with measure.Clock() as clock:
            consumer.start()
            for _ in range(N):
                measure.check(finished.acquire(timeout=60), "a job has not run")
            measure.wait(lambda: measure.query(second, "SELECT count(*) FROM kv") == N)
        measure.check(
            all(result.get(preserve=True) == i for i, result in enumerate(results))
        )
        measure.check(measure.query(second, "SELECT count(*) FROM task") == 0)
        durable = measure.durability(huey.storage.conn)
        measure.report_jobs(
            "huey",
            measure.threads(workers),
            N,
            workers,
            enqueueing,
            clock,
            durable,
            note=NOTE,
        )
        consumer.stop(graceful=False)


def main():
    for workers in [1, 8, 64]:
        jobs(workers)


measure.run(main)
