"""W4, a backlog with Absurd: spawn one task, claim the oldest and run it, while so many
others wait.

The backlog is copies of one task's rows, made in one transaction and not timed. There
are 100,000 at most: a claim takes the longer, the more wait.
"""

import time

import absurd_engine
import psycopg

import measure
import server

N = 60
NOTE = "every claim looks at all that wait: with a million of them it was not measured"
FILL = """
    WITH made AS MATERIALIZED (
        SELECT i, gen_random_uuid() AS task, gen_random_uuid() AS run
        FROM generate_series(2, %s) AS i
    ), tasks AS (
        INSERT INTO absurd.t_bench
        SELECT copy.* FROM made, absurd.t_bench AS first, jsonb_populate_record(
            first, jsonb_build_object('task_id', task, 'last_attempt_run', run)
        ) AS copy
    )
    INSERT INTO absurd.r_bench
    SELECT copy.* FROM made, absurd.r_bench AS first, jsonb_populate_record(
        first, jsonb_build_object(
            'task_id', task, 'run_id', run,
            'available_at', first.available_at + i * interval '1 microsecond'
        )
    ) AS copy
"""
WAITING = "SELECT count(*) FROM absurd.t_bench WHERE state = 'pending'"


def jobs(backlog):
    with absurd_engine.installed() as (address, app, right):
        app.spawn("noop", 1)
        with psycopg.connect(address, autocommit=True) as filling:
            filling.execute(FILL, [backlog])
            filling.execute("ANALYZE")
            measure.check(measure.query(filling, WAITING) == backlog)
        server.settle(address)
        times = []
        with measure.Clock() as clock:
            for i in range(N):
                app.spawn("noop", 1)
                start = time.perf_counter()
                app.work_batch()
                times.append(time.perf_counter() - start)
        measure.check(right(1) == N)
        measure.check(int(server.query(address, WAITING)) == backlog)
        measure.report_times(
            "absurd",
            "W4",
            "",
            times,
            clock=clock,
            durable=absurd_engine.durability(app),
            version=absurd_engine.version(),
            note=NOTE,
            backlog=backlog,
        )


def main():
    for backlog in [1_000, 100_000]:
        jobs(backlog)


measure.run(main)
