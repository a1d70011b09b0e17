"""W1-latency, the floor: the rows of one two-step workflow after the other written by
one client of pgbench, three commits each, each one round trip.
"""

import measure
import pgbench
import server

N = 400


def main():
    with measure.folder() as folder, server.database() as address:
        pgbench.load(address, "rows.sql")
        result = pgbench.run(address, folder, ["w1_latency.sql"], N, root=0)
        settled = server.query(address, "SELECT count(*) FROM rows WHERE state = 3")
        measure.check(int(settled) == 3 * N, f"settled are {settled}")
        measure.report_times(
            "pgbench",
            "W1-latency",
            "3 commits a run",
            [seconds for _, seconds in result.times],
            clock=result.clock,
            durable=pgbench.durability(address),
            note=pgbench.NOTE,
            version=pgbench.version(),
        )


measure.run(main)
