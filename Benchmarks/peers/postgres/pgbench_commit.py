"""The floor of a commit: one row of a few bytes inserted and committed by 1, 8 and 64
clients of pgbench, by the server's Unix socket and by TCP.

What one client gets in turns is the time of a round trip and a sync; what many get is
how many commits PostgreSQL makes durable with one sync.
"""

import math

import measure
import pgbench
import server

CLIENTS = {1: 6000, 8: 16000, 64: 32000}


def report(workload, setting, n, clients, unit, value, result, durable, **more):
    measure.report(
        "pgbench",
        workload,
        setting,
        n=n,
        in_flight=clients,
        unit=unit,
        value=value,
        clock=result.clock,
        durable=durable,
        note=pgbench.NOTE,
        version=pgbench.version(),
        **more,
    )


def commits(address, folder, place, clients, n):
    pgbench.load(address, "jobs.sql")
    result = pgbench.run(address, folder, ["push.sql"], n, clients)
    rows = server.query(address, "SELECT count(*) FROM jobs")
    measure.check(int(rows) == n, f"{rows} rows instead of {n}")
    durable = pgbench.durability(address)
    rate = result.per_second
    report("commit", place, n, clients, "commits/s", rate, result, durable)
    if clients == 1:
        times = sorted(1000 * seconds for _, seconds in result.times)
        for percent in [50, 99]:
            time = times[math.ceil(percent / 100 * n) - 1]
            setting = f"{place}, p{percent}"
            report("commit-latency", setting, n, 1, "ms", time, result, durable)


def main():
    for clients, n in CLIENTS.items():
        for place, way in {"unix socket": server.by_socket, "TCP": str}.items():
            with measure.folder() as folder, server.database() as address:
                commits(way(address), folder, place, clients, n)


measure.run(main)
