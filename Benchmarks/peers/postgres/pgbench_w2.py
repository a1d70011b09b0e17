"""W2, the floor: jobs in one table, pushed one a commit and a hundred a commit, then
claimed with SKIP LOCKED and deleted in the same commit.

By 1, 8 and 64 clients, one job a commit, and by one client, a hundred a commit. A queue
that claims in one commit and completes in another, as most do, cannot be as fast.
"""

import measure
import pgbench
import server

N = {1: 4000, 8: 8000, 64: 8000}
BATCH = 100
BATCHES = 500
# The last jobs may all be held by others when a client looks.
SPARE = 64


def pushes(script, setting, transactions, batch):
    with measure.folder() as folder, server.database() as address:
        pgbench.load(address, "jobs.sql")
        result = pgbench.run(address, folder, [script], transactions)
        n = transactions * batch
        rows = server.query(address, "SELECT count(*) FROM jobs")
        measure.check(int(rows) == n, f"{rows} jobs instead of {n}")
        measure.report(
            "pgbench",
            "W2-enqueue" if batch == 1 else f"W2-enqueue-{batch}",
            setting,
            n=n,
            in_flight=batch,
            unit="pushes/s",
            value=result.per_second * batch,
            clock=result.clock,
            durable=pgbench.durability(address),
            note=pgbench.NOTE,
            version=pgbench.version(),
        )


def claims(script, setting, transactions, clients, batch):
    with measure.folder() as folder, server.database() as address:
        n = transactions * batch
        pgbench.load(address, "jobs.sql", pgbench.jobs(n + SPARE))
        result = pgbench.run(address, folder, [script], transactions, clients)
        rows = server.query(address, "SELECT count(*) FROM jobs")
        measure.check(int(rows) == SPARE, f"{rows} jobs are left instead of {SPARE}")
        measure.report(
            "pgbench",
            "W2",
            setting,
            n=n,
            in_flight=clients * batch,
            unit="jobs/s",
            value=result.per_second * batch,
            clock=result.clock,
            durable=pgbench.durability(address),
            note=pgbench.NOTE,
            version=pgbench.version(),
        )


def main():
    pushes("push.sql", "1 client", N[1], 1)
    pushes("push_100.sql", "1 client", BATCHES, BATCH)
    for clients, n in N.items():
        setting = "1 client" if clients == 1 else f"{clients} clients"
        claims("claim.sql", f"{setting}, 1 job a commit", n, clients, 1)
    claims("claim_100.sql", "1 client, 100 jobs a commit", BATCHES, 1, BATCH)


measure.run(main)
