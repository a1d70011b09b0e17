"""W2, a job queue with litequeue: put one a commit, then popped and marked as done by
1, 8 and 64 threads.

As it comes it does not sync its commits (synchronous=NORMAL), and the last of them are
lost when the power fails: that is reported apart. With one PRAGMA on its connection it
is as durable as the others. It keeps no result, and a message that was popped when the
process died stays locked until somebody looks for it.
"""

import sqlite3
import threading

import litequeue

import measure

N = 2000


def connect(file, level):
    queue = litequeue.LiteQueue(file, timeout=60)
    queue.conn.execute(f"PRAGMA synchronous={level}")
    return queue


def jobs(workers, level, setting):
    with measure.folder() as folder:
        file = measure.database(folder)
        queue = connect(file, level)
        with measure.Clock() as enqueueing:
            for i in range(N):
                queue.put(str(i))
        second = sqlite3.connect(file)
        count = "SELECT count(*) FROM Queue WHERE status = "
        measure.check(measure.query(second, count + "0") == N)
        done = []

        def work(queue):
            while message := queue.pop():
                queue.done(message.message_id)
                done.append(int(message.data))

        threads = [
            threading.Thread(target=work, args=[connect(file, level)])
            for _ in range(workers)
        ]
        clock = measure.together(threads)
        measure.check(sorted(done) == list(range(N)))
        measure.check(measure.query(second, count + "2") == N)
        durable = measure.durability(queue.conn)
        measure.report_jobs(
            "litequeue",
            f"{measure.threads(workers)}, {setting}",
            N,
            workers,
            enqueueing,
            clock,
            durable,
            client=f", {setting}",
        )


def main():
    for level, setting in [("FULL", "set to FULL"), ("NORMAL", "as it comes")]:
        for workers in [1, 8, 64]:
            jobs(workers, level, setting)


measure.run(main)
