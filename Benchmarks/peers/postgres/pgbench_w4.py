"""W4, the floor: one job pushed, or the oldest claimed with SKIP LOCKED and deleted,
while so many others wait; as many of the one as of the other, in an order left to
chance.
"""

import measure
import pgbench
import server

N = 240
SCRIPTS = ["push.sql", "claim.sql"]


def jobs(backlog):
    with measure.folder() as folder, server.database() as address:
        pgbench.load(address, "jobs.sql", pgbench.jobs(backlog))
        result = pgbench.run(address, folder, SCRIPTS, N)
        claims = [seconds for script, seconds in result.times if script == 1]
        rows = int(server.query(address, "SELECT count(*) FROM jobs"))
        measure.check(rows == backlog + N - 2 * len(claims), f"{rows} jobs are left")
        measure.report_times(
            "pgbench",
            "W4",
            "1 commit a claim",
            claims,
            clock=result.clock,
            durable=pgbench.durability(address),
            note=pgbench.NOTE,
            version=pgbench.version(),
            backlog=backlog,
        )


def main():
    for backlog in [1_000, 100_000, 1_000_000]:
        jobs(backlog)


measure.run(main)
