"""W1, two-step workflows with DBOS on SQLite, in the two ways it can be used.

Called directly, one after the other, which is its best (more threads are slower): here
the clock also runs over the recording of the workflows, which the others have done
before. And from its queue, enqueued before the queue is registered, which is what W1
says. Comparable otherwise: DBOS takes up unfinished workflows after a crash.
"""

from dbos import DBOS

import dbos_engine
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
        durable=dbos_engine.durability(),
    )


def called(journal, setting):
    with measure.folder() as folder:
        finished = dbos_engine.finished(dbos_engine.launch(folder, journal))
        before = finished()
        with measure.Clock() as clock:
            results = [dbos_engine.quad(i) for i in range(N)]
        measure.check(results == [4 * i for i in range(N)])
        measure.check(finished() == before + N)
        report(f"called, {setting}", 1, clock)
        DBOS.destroy()


def enqueued():
    with measure.folder() as folder:
        finished = dbos_engine.finished(dbos_engine.launch(folder, "wal"))
        before = finished()
        runs = [DBOS.enqueue_workflow("bench", dbos_engine.quad, i) for i in range(N)]
        with measure.Clock() as clock:
            DBOS.register_queue(
                "bench", worker_concurrency=64, polling_interval_sec=0.1
            )
            measure.wait(lambda: finished() == before + N, pause=0.02)
        measure.check([run.get_result() for run in runs] == [4 * i for i in range(N)])
        report("queue of 64, WAL", 64, clock)
        DBOS.destroy()


def main():
    called("delete", "as it comes")
    called("wal", "WAL")
    enqueued()


measure.run(main)
