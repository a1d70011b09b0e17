"""W1-latency, one two-step workflow after the other with pipeteer: from its row in the
input table to its result.

Comparable: pipeteer is to take up unfinished workflows after a crash. The client looks
for the result every millisecond.
"""

import asyncio
import time

import measure
import pipeteer_engine

N = 20


async def rounds(folder, context):
    Input = pipeteer_engine.quad.input(context)
    results = pipeteer_engine.results(folder)

    async def round(i):
        start = time.perf_counter()
        with context.db.session as session:
            session.add(Input(key=str(i), value=i, output="out"))
            session.commit()
        await pipeteer_engine.quad.notify(context)
        while str(i) not in (found := results()):
            await asyncio.sleep(0.001)
        elapsed = time.perf_counter() - start
        measure.check(found[str(i)] == 4 * i)
        return elapsed

    # The first ones find connections that are still being made.
    for i in range(-3, 0):
        await round(i)
    with measure.Clock() as clock:
        times = [await round(i) for i in range(N)]
    return times, clock


def latency(journal, setting):
    with (
        measure.folder() as folder,
        pipeteer_engine.engine(folder, journal) as (context, released),
    ):
        released.set()
        times, clock = asyncio.run(rounds(folder, context))
        measure.report_times(
            "pipeteer",
            "W1-latency",
            setting,
            times,
            clock=clock,
            durable=pipeteer_engine.durability(context),
            note=pipeteer_engine.NOTE,
        )


def main():
    latency("delete", "as it comes")
    latency("wal", "WAL")


if __name__ == "__main__":
    measure.run(main)
