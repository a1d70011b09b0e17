"""W2, a job queue with pgmq: messages sent one a commit, then read and deleted one by
one by 1, 8 and 64 threads, each with a connection; and by one client, which sends,
reads and deletes a hundred at a time.

Comparable: a message is read in one commit and deleted in another.
"""

import threading

import pgmq_engine
from pgmq_engine import HIDDEN, QUEUE

import measure

N = 1000
BATCH = 100
IN_BATCHES = 20_000


def work(client, done):
    while message := client.read(QUEUE, vt=HIDDEN):
        measure.check(client.delete(QUEUE, message.msg_id))
        done.append(message.message["job"])


def work_in_batches(client, done):
    while messages := client.read_batch(QUEUE, vt=HIDDEN, batch_size=BATCH):
        numbers = [message.msg_id for message in messages]
        measure.check(len(client.delete_batch(QUEUE, numbers)) == len(numbers))
        done += [message.message["job"] for message in messages]


def check(client, done, n):
    measure.check(sorted(done) == list(range(n)))
    measure.check(pgmq_engine.waiting(client) == 0)


def jobs(workers):
    with pgmq_engine.installed(workers) as (address, client):
        with measure.Clock() as enqueueing:
            for i in range(N):
                client.send(QUEUE, {"job": i})
        # The pool makes its connections when they are first wanted.
        client.pool.resize(workers, workers)
        client.pool.wait()
        done = []
        clock = measure.together(
            [threading.Thread(target=work, args=(client, done)) for _ in range(workers)]
        )
        check(client, done, N)
        measure.report_jobs(
            "pgmq",
            measure.threads(workers),
            N,
            workers,
            enqueueing,
            clock,
            pgmq_engine.durability(client),
        )


def batches():
    with pgmq_engine.installed() as (address, client):
        with measure.Clock() as enqueueing:
            for i in range(0, IN_BATCHES, BATCH):
                messages = [{"job": job} for job in range(i, i + BATCH)]
                client.send_batch(QUEUE, messages)
        done = []
        with measure.Clock() as clock:
            work_in_batches(client, done)
        check(client, done, IN_BATCHES)
        durable = pgmq_engine.durability(client)
        setting = f"1 thread, batches of {BATCH}"
        measure.report_pushes(
            "pgmq", setting, IN_BATCHES, enqueueing, durable, batch=BATCH
        )
        measure.report_jobs(
            "pgmq", setting, IN_BATCHES, BATCH, enqueueing, clock, durable
        )


def main():
    for workers in [1, 8, 64]:
        jobs(workers)
    batches()


measure.run(main)
