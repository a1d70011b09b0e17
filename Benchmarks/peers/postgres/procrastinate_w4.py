"""W4, a backlog with procrastinate: defer one job, claim the oldest and finish it,
while so many others wait.

The backlog is inserted in one statement, without the triggers that write down what
happens to each job, and not timed. Comparable: a job is claimed in one commit and
finished in another.
"""

import asyncio
import time

import procrastinate_engine
from procrastinate.jobs import Status

import measure
import server

N = 60
FILL = """
    SET session_replication_role = replica;
    INSERT INTO procrastinate_jobs (queue_name, task_name, args)
    SELECT 'default', 'noop', jsonb_build_object('x', i)
    FROM generate_series(0, {} - 1) AS i
"""
WAITING = "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE status = 'todo'"


async def jobs(backlog):
    async with procrastinate_engine.installed() as (address, app, noop):
        server.query(address, FILL.format(backlog))
        server.query(address, "ANALYZE")
        server.settle(address)
        measure.check(await procrastinate_engine.ask(app, WAITING) == backlog)
        manager = app.job_manager
        worker = await manager.register_worker()
        times = []
        with measure.Clock() as clock:
            for i in range(N):
                await noop.defer_async(x=backlog + i)
                start = time.perf_counter()
                job = await manager.fetch_job(queues=None, worker_id=worker)
                await manager.finish_job(job, Status.SUCCEEDED, delete_job=False)
                times.append(time.perf_counter() - start)
                measure.check(job.task_kwargs == {"x": i}, "it was not the oldest job")
        measure.check(await procrastinate_engine.ask(app, WAITING) == backlog)
        measure.report_times(
            "procrastinate",
            "W4",
            "",
            times,
            clock=clock,
            durable=await procrastinate_engine.durability(app),
            backlog=backlog,
        )


async def everything():
    for backlog in [1_000, 100_000, 1_000_000]:
        await jobs(backlog)


def main():
    asyncio.run(everything())


measure.run(main)
