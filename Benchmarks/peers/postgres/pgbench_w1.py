"""W1, the floor: the rows of two-step workflows written by pgbench, which wait before
the clock starts.

By 64 clients, each with one run a commit; and by one client with 256 runs a commit, in
statements over sets of rows. Three commits a run or set, each one round trip.
"""

import measure
import pgbench
import server

WAITING = """
    INSERT INTO rows
    SELECT r, r, 0, r * 4, 1, NULL, 0, 0, 0, 1700000000000, NULL, 1, 1, 77,
        r::text::bytea, NULL
    FROM generate_series(1, {}) AS r
"""
RIGHT = """
    SELECT count(*) FROM rows WHERE step = 0 AND state = 3 AND
        convert_from(result, 'UTF8')::bigint = 4 * root
"""
SETTLED = "SELECT count(*) FROM rows WHERE state = 3"


def runs(script, setting, n, in_flight, clients, **variables):
    """`n` runs, one transaction of the script for each client's share of a round."""
    with measure.folder() as folder, server.database() as address:
        pgbench.load(address, "rows.sql", WAITING.format(n))
        rounds = n * clients // in_flight
        result = pgbench.run(address, folder, [script], rounds, clients, **variables)
        settled = [int(server.query(address, sql)) for sql in [RIGHT, SETTLED]]
        measure.check(settled == [n, 3 * n], f"settled are {settled}")
        measure.report(
            "pgbench",
            "W1",
            setting,
            n=n,
            in_flight=in_flight,
            unit="steps/s",
            value=2 * result.per_second * in_flight / clients,
            clock=result.clock,
            durable=pgbench.durability(address),
            note=pgbench.NOTE,
            version=pgbench.version(),
        )


def main():
    for n in [1024, 10240]:
        runs("w1.sql", "64 clients, 1 run a commit", n, 64, 64, run=0, runs=n // 64)
        runs("w1_batch.sql", "1 client, 256 runs a commit", n, 256, 1, last=0)


measure.run(main)
