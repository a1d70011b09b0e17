"""W2, a job queue with Absurd: tasks that do nothing, spawned one a commit, then worked
off by one process that claims 1, 8 and 64 at a time and runs them one by one.

Comparable, but a queue of tasks is more than a queue of jobs: each keeps its input, its
attempts and its result.
"""

import absurd_engine

import measure

N = 500


def jobs(batch):
    with absurd_engine.installed() as (address, app, right):
        with measure.Clock() as enqueueing:
            for i in range(N):
                app.spawn("noop", i)
        with absurd_engine.workers(address, 1, batch, poll=0.01) as released:
            with measure.Clock() as clock:
                released.set()
                measure.wait(lambda: right(1) == N, pause=0.02)
        measure.report_jobs(
            "absurd",
            f"1 process, {batch} a claim",
            N,
            batch,
            enqueueing,
            clock,
            absurd_engine.durability(app),
            version=absurd_engine.version(),
        )


def main():
    for batch in [1, 8, 64]:
        jobs(batch)


if __name__ == "__main__":
    measure.run(main)
