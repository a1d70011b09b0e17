"""W2, a job queue with persist-queue's SQLiteAckQueue: put one a commit, then got and
acknowledged by 1, 8, 64 threads.

Comparable: what was got and not acknowledged comes back after a restart. It keeps no
result.
"""

import sqlite3
import threading

import persistqueue

import measure

N = 2000


def jobs(workers):
    with measure.folder() as folder:
        queue = persistqueue.SQLiteAckQueue(folder, multithreading=True, timeout=60)
        with measure.Clock() as enqueueing:
            for i in range(N):
                queue.put(i)
        second = sqlite3.connect(f"{folder}/{queue.db_file_name}")
        count = f"SELECT count(*) FROM {queue._table_name} WHERE status = "
        measure.check(measure.query(second, count + "0") == N)
        done = []

        def work():
            while True:
                try:
                    job = queue.get(block=False)
                except persistqueue.Empty:
                    return
                queue.ack(job)
                done.append(job)

        threads = [threading.Thread(target=work) for _ in range(workers)]
        clock = measure.together(threads)
        measure.check(sorted(done) == list(range(N)))
        measure.check(measure.query(second, count + "5") == N)
        durable = measure.durability(queue._putter)
        measure.report_jobs(
            "persist-queue",
            measure.threads(workers),
            N,
            workers,
            enqueueing,
            clock,
            durable,
        )


def main():
    for workers in [1, 8, 64]:
        jobs(workers)


measure.run(main)
