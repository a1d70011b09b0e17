"""W4, a backlog with PgQueuer: enqueue one job, claim the oldest and write down its
end, while so many others wait.

The backlog is enqueued 10,000 a commit, not timed. Comparable: a job is claimed in one
commit and its end written down in another.
"""

import asyncio
import datetime
import time
import uuid

import asyncpg
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import EntrypointExecutionParameter, Queries

import measure
import server

N = 60
MANY = 10_000
CLAIM = {
    "batch_size": 1,
    "entrypoints": {"noop": EntrypointExecutionParameter(concurrency_limit=0)},
    "queue_manager_id": uuid.uuid4(),
    "global_concurrency_limit": None,
    "heartbeat_timeout": datetime.timedelta(seconds=30),
}


async def fill(queries, backlog):
    for i in range(0, backlog, MANY):
        payloads = [str(job).encode() for job in range(i, min(i + MANY, backlog))]
        count = len(payloads)
        await queries.enqueue(["noop"] * count, payloads, [0] * count)


async def jobs(backlog):
    with server.database() as address:
        connection = await asyncpg.connect(address)
        queries = Queries(AsyncpgDriver(connection))
        await queries.install()
        await fill(queries, backlog)
        server.query(address, "ANALYZE")
        server.settle(address)
        times = []
        with measure.Clock() as clock:
            for i in range(N):
                await queries.enqueue("noop", str(backlog + i).encode())
                start = time.perf_counter()
                [job] = await queries.dequeue(**CLAIM)
                await queries.log_jobs([(job, "successful", None)])
                times.append(time.perf_counter() - start)
                measure.check(int(job.payload) == i, "it was not the oldest job")
        waiting = await connection.fetchval("SELECT count(*) FROM pgqueuer")
        measure.check(waiting == backlog, f"{waiting} jobs wait")
        measure.report_times(
            "pgqueuer",
            "W4",
            "",
            times,
            clock=clock,
            durable=await connection.fetchval(server.DURABILITY),
            backlog=backlog,
        )


async def everything():
    for backlog in [1_000, 100_000, 1_000_000]:
        await jobs(backlog)


def main():
    asyncio.run(everything())


measure.run(main)
