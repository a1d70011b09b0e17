"""W4, a backlog with pgmq: send one message, read the oldest and delete it, while so
many others wait.

The backlog is sent in one call for every 10,000, not timed. Comparable: a message is
read in one commit and deleted in another.
"""

import time

import pgmq_engine
from pgmq_engine import HIDDEN, QUEUE

import measure
import server

N = 60
FILL = """
    SELECT count(*) FROM generate_series(0, {backlog} - 1, 10000) AS first,
        pgmq.send_batch('bench', ARRAY(
            SELECT jsonb_build_object('job', i)
            FROM generate_series(first, least(first + 9999, {backlog} - 1)) AS i
        ))
"""


def jobs(backlog):
    with pgmq_engine.installed() as (address, client):
        server.query(address, FILL.format(backlog=backlog))
        server.query(address, "ANALYZE")
        server.settle(address)
        measure.check(pgmq_engine.waiting(client) == backlog)
        times = []
        with measure.Clock() as clock:
            for i in range(N):
                client.send(QUEUE, {"job": backlog + i})
                start = time.perf_counter()
                message = client.read(QUEUE, vt=HIDDEN)
                deleted = client.delete(QUEUE, message.msg_id)
                times.append(time.perf_counter() - start)
                measure.check(deleted and message.message["job"] == i)
        measure.check(pgmq_engine.waiting(client) == backlog)
        measure.report_times(
            "pgmq",
            "W4",
            "",
            times,
            clock=clock,
            durable=pgmq_engine.durability(client),
            backlog=backlog,
        )


def main():
    for backlog in [1_000, 100_000, 1_000_000]:
        jobs(backlog)


measure.run(main)
