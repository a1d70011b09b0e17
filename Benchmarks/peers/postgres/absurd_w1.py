"""W1, two-step tasks with Absurd, spawned before its workers begin: one process and
two, which claim 64 at a time.

Comparable: Absurd claims a task again when its worker is gone for so long, and keeps
the steps that were recorded.
"""

import absurd_engine

import measure

N = 1000


def runs(count):
    with absurd_engine.installed() as (address, app, right):
        for i in range(N):
            app.spawn("quad", i)
        with absurd_engine.workers(address, count, batch=64, poll=0.01) as released:
            with measure.Clock() as clock:
                released.set()
                measure.wait(lambda: right(4) == N, pause=0.02)
        processes = "1 process" if count == 1 else f"{count} processes"
        measure.report(
            "absurd",
            "W1",
            f"{processes}, 64 a claim",
            n=N,
            in_flight=count,
            unit="steps/s",
            value=2 * N / clock.seconds,
            clock=clock,
            durable=absurd_engine.durability(app),
            version=absurd_engine.version(),
        )


def main():
    for count in [1, 2]:
        runs(count)


if __name__ == "__main__":
    measure.run(main)
