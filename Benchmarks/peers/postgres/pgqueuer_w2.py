"""W2, a job queue with PgQueuer: jobs enqueued one a commit, then worked off by one
process that claims 1, 8 and 64 at a time; and a hundred at a time, enqueued so as well.

Comparable: a job is claimed in one commit and its end written down in another, both so
many at a time. It claims on while jobs run, so that more than that may be in flight.
The tables are installed durable, as they come.
"""

import asyncio
import time

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

import measure
import server

N = {1: 1000, 8: 4000, 64: 8000}
BATCH = 100
IN_BATCHES = 10_000
NOTE = "claims so many at a time and goes on, so that more than these may be in flight"


async def work_off(address, n, batch):
    """Works off all jobs: a clock, and what a commit is worth to who wrote."""
    connection = await asyncpg.connect(address)
    second = await asyncpg.connect(address)
    driver = AsyncpgDriver(connection)
    worker = PgQueuer(driver)
    done, all_done = [], asyncio.Event()

    @worker.entrypoint("noop")
    async def noop(job):
        done.append(int(job.payload))
        if len(done) == n:
            all_done.set()

    with measure.Clock() as clock:
        running = asyncio.create_task(worker.run(batch_size=batch))
        await asyncio.wait_for(all_done.wait(), 240)
        end = time.monotonic() + 60
        while await second.fetchval("SELECT count(*) FROM pgqueuer"):
            measure.check(time.monotonic() < end, "the ends are not written down")
            await asyncio.sleep(0.002)
    durable = await driver.fetch(server.DURABILITY)
    ends = "SELECT count(*) FROM pgqueuer_log WHERE status = 'successful'"
    measure.check(sorted(done) == list(range(n)))
    measure.check(await second.fetchval(ends) == n)
    worker.shutdown.set()
    await running
    return clock, next(iter(durable[0].values()))


async def jobs(n, workers):
    with server.database() as address:
        client = await asyncpg.connect(address)
        queries = Queries(AsyncpgDriver(client))
        await queries.install()
        with measure.Clock() as enqueueing:
            for i in range(n):
                await queries.enqueue("noop", str(i).encode())
        clock, durable = await work_off(address, n, workers)
        measure.report_jobs(
            "pgqueuer",
            f"1 process, {workers} a claim",
            n,
            workers,
            enqueueing,
            clock,
            durable,
            note=NOTE,
        )


async def batches(n):
    with server.database() as address:
        client = await asyncpg.connect(address)
        queries = Queries(AsyncpgDriver(client))
        await queries.install()
        with measure.Clock() as enqueueing:
            for i in range(0, n, BATCH):
                payloads = [str(job).encode() for job in range(i, i + BATCH)]
                await queries.enqueue(["noop"] * BATCH, payloads, [0] * BATCH)
        clock, durable = await work_off(address, n, BATCH)
        setting = f"1 client, batches of {BATCH}"
        measure.report_pushes("pgqueuer", setting, n, enqueueing, durable, batch=BATCH)
        setting = f"1 process, {BATCH} a claim"
        measure.report_jobs(
            "pgqueuer", setting, n, BATCH, enqueueing, clock, durable, note=NOTE
        )


async def everything():
    for workers, n in N.items():
        await jobs(n, workers)
    await batches(IN_BATCHES)


def main():
    asyncio.run(everything())


measure.run(main)
