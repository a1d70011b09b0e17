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
        with measure.Clock() as clock:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        measure.check(sorted(done) == list(range(N)))
        measure.check(measure.query(second, count + "2") == N)
        durable = measure.durability(queue.conn)
        if workers == 1:
            measure.report(
                "litequeue",
                "W2-enqueue",
                f"1 client, {setting}",
                n=N,
                in_flight=1,
                unit="pushes/s",
                value=N / enqueueing.seconds,
                clock=enqueueing,
                durable=durable,
            )
        measure.report(
            "litequeue",
            "W2",
            f"{measure.threads(workers)}, {setting}",
            n=N,
            in_flight=workers,
            unit="jobs/s",
            value=N / clock.seconds,
            clock=clock,
            durable=durable,
        )


def main():
    for level, setting in [("FULL", "set to FULL"), ("NORMAL", "as it comes")]:
        for workers in [1, 8, 64]:
            jobs(workers, level, setting)


measure.run(main)
