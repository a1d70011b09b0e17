"""W1-latency, one two-step workflow after the other with huey: from its enqueueing to
its result at the client.

Not comparable: huey deletes a job before it runs it, so what runs when the process dies
is lost. Worker and client look for news every millisecond or more often, which is far
more often than huey does by itself.
"""

import time

from huey import SqliteHuey

import measure

N = 200
NOTE = "deletes a job before it runs: what runs when the process dies is lost"


def main():
    with measure.folder() as folder:
        file = measure.database(folder)
        huey = SqliteHuey("bench", filename=file, fsync=True, timeout=60)

        @huey.task()
        def double(x):
            return 2 * x

        huey.create_consumer(
            workers=1, periodic=False, initial_delay=0.001, backoff=1, max_delay=0.001
        ).start()
        times = []
        with measure.Clock() as clock:
            for i in range(N):
                start = time.perf_counter()
                _, last = huey.enqueue(double.s(i).then(double))
                result = last.get(
                    blocking=True, timeout=60, backoff=1, max_delay=0.0005
                )
                times.append(time.perf_counter() - start)
                measure.check(result == 4 * i)
        measure.report_times(
            "huey",
            "W1-latency",
            "polls every 1 ms",
            times,
            clock=clock,
            durable=measure.durability(huey.storage.conn),
            note=NOTE,
        )


measure.run(main)
