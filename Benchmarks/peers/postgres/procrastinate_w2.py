"""W2, a job queue with procrastinate: jobs deferred one a commit, then worked off by
one process with 1, 8 and 64 at once; and deferred a hundred a commit.

Comparable: a job is claimed in one commit and finished in another, and its row stays.
"""

import asyncio

import procrastinate_engine
from procrastinate_engine import DONE

import measure

N = 500
BATCH = 100
IN_BATCHES = 5000


async def jobs(workers):
    async with procrastinate_engine.installed() as (address, app, noop):
        with measure.Clock() as enqueueing:
            for i in range(N):
                await noop.defer_async(x=i)
        with measure.Clock() as clock:
            await app.run_worker_async(
                wait=False,
                concurrency=workers,
                install_signal_handlers=False,
                listen_notify=False,
            )
        measure.check(await procrastinate_engine.ask(app, DONE) == N)
        measure.report_jobs(
            "procrastinate",
            f"1 process, {workers} at once",
            N,
            workers,
            enqueueing,
            clock,
            await procrastinate_engine.durability(app),
        )


async def batches():
    async with procrastinate_engine.installed() as (address, app, noop):
        with measure.Clock() as enqueueing:
            for i in range(0, IN_BATCHES, BATCH):
                await noop.batch_defer_async(*({"x": i + k} for k in range(BATCH)))
        deferred = "SELECT count(*) AS jobs FROM procrastinate_jobs"
        measure.check(await procrastinate_engine.ask(app, deferred) == IN_BATCHES)
        measure.report_pushes(
            "procrastinate",
            f"1 client, batches of {BATCH}",
            IN_BATCHES,
            enqueueing,
            await procrastinate_engine.durability(app),
            batch=BATCH,
        )


async def everything():
    for workers in [1, 8, 64]:
        await jobs(workers)
    await batches()


def main():
    asyncio.run(everything())


measure.run(main)
