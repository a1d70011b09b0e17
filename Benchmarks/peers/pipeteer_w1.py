"""W1, two-step workflows with pipeteer: all in its input table before its worker
begins.

Comparable: pipeteer is to take up unfinished workflows after a crash. There are few of
them, since it loads all that wait with every claim.
"""

import measure
import pipeteer_engine

N = 100


def runs(journal, setting):
    with (
        measure.folder() as folder,
        pipeteer_engine.engine(folder, journal) as (context, released),
    ):
        Input = pipeteer_engine.quad.input(context)
        with context.db.session as session:
            for i in range(N):
                session.add(Input(key=str(i), value=i, output="out"))
            session.commit()
        results = pipeteer_engine.results(folder)
        with measure.Clock() as clock:
            released.set()
            measure.wait(lambda: len(results()) == N, pause=0.02)
        measure.check(results() == {str(i): 4 * i for i in range(N)})
        measure.report(
            "pipeteer",
            "W1",
            setting,
            n=N,
            in_flight=1,
            unit="steps/s",
            value=2 * N / clock.seconds,
            clock=clock,
            durable=pipeteer_engine.durability(context),
            note=pipeteer_engine.NOTE,
        )


def main():
    runs("delete", "as it comes")
    runs("wal", "WAL")


if __name__ == "__main__":
    measure.run(main)
