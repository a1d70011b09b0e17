"""W1, two-step workflows with huey: the pipeline double.then(double), all enqueued
before the worker starts.

Not comparable: huey deletes a job before it runs it, so what runs when the process dies
is lost; and a pipeline is in the messages of its steps, so there is no workflow to be
looked at or taken up again. One worker thread is its best: all threads share one
connection, and wait for each other.
"""

import sqlite3
import threading

from huey import SqliteHuey

import measure

N = 1000
NOTE = "deletes a job before it runs: what runs when the process dies is lost"


def main():
    with measure.folder() as folder:
        file = measure.database(folder)
        huey = SqliteHuey("bench", filename=file, fsync=True, timeout=60)
        finished = threading.Semaphore(0)

        @huey.task()
        def double(x):
            finished.release()
            return 2 * x

        runs = [huey.enqueue(double.s(i).then(double)) for i in range(N)]
        second = sqlite3.connect(file)
        worker = huey.create_consumer(
            workers=1, periodic=False, initial_delay=0.001, backoff=1, max_delay=0.001
        )
        with measure.Clock() as clock:
            worker.start()
            for _ in range(2 * N):
                measure.check(finished.acquire(timeout=60), "a step has not run")
            measure.wait(
                lambda: measure.query(second, "SELECT count(*) FROM kv") == 2 * N
            )
        for i, steps in enumerate(runs):
            results = [step.get(preserve=True) for step in steps]
            measure.check(results == [2 * i, 4 * i])
        measure.report(
            "huey",
            "W1",
            "1 worker",
            n=N,
            in_flight=1,
            unit="steps/s",
            value=2 * N / clock.seconds,
            clock=clock,
            durable=measure.durability(huey.storage.conn),
            note=NOTE,
        )


measure.run(main)
