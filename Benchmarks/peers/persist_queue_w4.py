"""W4, a backlog with persist-queue's SQLiteAckQueue: put one, get the oldest and
acknowledge it, while so many wait.

The backlog is written in one transaction, as the rows that put() makes, and is not
timed.
"""

import pickle
import time

import persistqueue

import measure

N = 60


def jobs(backlog):
    with measure.folder() as folder:
        queue = persistqueue.SQLiteAckQueue(folder, multithreading=True, timeout=60)
        with queue._putter as transaction:
            transaction.executemany(
                f"INSERT INTO {queue._table_name} (data, timestamp, status)"
                " VALUES (?, 0, 0)",
                ((pickle.dumps(i),) for i in range(backlog)),
            )
        queue.close()
        queue = persistqueue.SQLiteAckQueue(folder, multithreading=True, timeout=60)
        measure.check(queue.size == backlog)
        times = []
        with measure.Clock() as clock:
            for i in range(N):
                queue.put(backlog + i)
                start = time.perf_counter()
                job = queue.get(block=False)
                queue.ack(job)
                times.append(time.perf_counter() - start)
                measure.check(job == i, "the oldest job was not the one that was got")
        measure.check((queue.size, queue.acked_count()) == (backlog, N))
        measure.report_times(
            "persist-queue",
            "W4",
            "",
            times,
            clock=clock,
            durable=measure.durability(queue._putter),
            backlog=backlog,
        )


def main():
    for backlog in [1_000, 100_000, 1_000_000]:
        jobs(backlog)


measure.run(main)
