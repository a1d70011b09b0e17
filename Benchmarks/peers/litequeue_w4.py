"""W4, a backlog with litequeue: put one, pop the oldest and mark it as done, while so
many others wait.

The backlog is put by litequeue itself, in one transaction, and is not timed.
synchronous is set to FULL here: as it comes, litequeue does not sync its commits.
"""

import time

import litequeue

import measure

N = 60


def jobs(backlog):
    with measure.folder() as folder:
        queue = litequeue.LiteQueue(measure.database(folder), timeout=60)
        queue.conn.execute("PRAGMA synchronous=FULL")
        with queue.transaction():
            for i in range(backlog):
                queue.put(str(i))
        times = []
        with measure.Clock() as clock:
            for i in range(N):
                queue.put(str(backlog + i))
                start = time.perf_counter()
                message = queue.pop()
                queue.done(message.message_id)
                times.append(time.perf_counter() - start)
                measure.check(message.data == str(i), "the oldest was not popped")
        count = "SELECT count(*) FROM Queue WHERE status = "
        measure.check(measure.query(queue.conn, count + "0") == backlog)
        measure.check(measure.query(queue.conn, count + "2") == N)
        measure.report_times(
            "litequeue",
            "W4",
            "set to FULL",
            times,
            clock=clock,
            durable=measure.durability(queue.conn),
            backlog=backlog,
        )


def main():
    for backlog in [1_000, 100_000, 1_000_000]:
        jobs(backlog)


measure.run(main)
