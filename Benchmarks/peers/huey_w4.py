"""W4, a backlog with huey: enqueue one job, claim the oldest and run it, while so many
others wait.

The backlog is copies of one job's row, made in one transaction and not timed. Not
comparable: huey deletes a job before it runs it, so what runs when the process dies is
lost.
"""

import time

from huey import SqliteHuey

import measure

N = 60
NOTE = "deletes a job before it runs: what runs when the process dies is lost"
FILL = """
    WITH RECURSIVE copies(i) AS (
        SELECT 2 UNION ALL SELECT i + 1 FROM copies WHERE i < ?
    )
    INSERT INTO task (id, queue, data, priority)
    SELECT i, queue, data, priority FROM copies, task WHERE id = 1
"""


def jobs(backlog):
    with measure.folder() as folder:
        file = measure.database(folder)
        huey = SqliteHuey("bench", filename=file, fsync=True, timeout=60)

        @huey.task()
        def noop(x):
            return x

        noop(0)
        connection = huey.storage.conn
        connection.execute(FILL, [backlog])
        measure.check(measure.query(connection, "SELECT count(*) FROM task") == backlog)
        times = []
        with measure.Clock() as clock:
            for _ in range(N):
                noop(0)
                start = time.perf_counter()
                result = huey.execute(huey.dequeue())
                times.append(time.perf_counter() - start)
                measure.check(result == 0)
        # The oldest have gone, and the new ones wait.
        measure.check(measure.query(connection, "SELECT min(id) FROM task") == N + 1)
        measure.check(measure.query(connection, "SELECT count(*) FROM task") == backlog)
        measure.report_times(
            "huey",
            "W4",
            "",
            times,
            clock=clock,
            durable=measure.durability(connection),
            note=NOTE,
            backlog=backlog,
        )


def main():
    for backlog in [1_000, 100_000, 1_000_000]:
        jobs(backlog)


measure.run(main)
