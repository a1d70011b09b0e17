"""W1-latency, one two-step task after the other with Absurd: from its spawning until
the client has its result.

As it comes, the worker looks every 0.25 s and the client with pauses that grow from
0.05 s; and at its best, where both look every millisecond. Comparable: Absurd takes up
unfinished tasks after a crash.
"""

import time

import absurd_engine

import measure


def looking(app, pause):
    """Waits for a result as the SDK does, or by looking with the same pause always."""

    def wait(task):
        if pause is None:
            return app.await_task_result(task)
        while (found := app.fetch_task_result(task)).state != "completed":
            time.sleep(pause)
        return found

    return wait


def rounds(n, poll, pause, setting):
    with absurd_engine.installed() as (address, app, right):
        wait = looking(app, pause)
        with absurd_engine.workers(address, 1, batch=1, poll=poll) as released:
            released.set()
            wait(app.spawn("quad", 1)["task_id"])
            times = []
            with measure.Clock() as clock:
                for i in range(n):
                    start = time.perf_counter()
                    result = wait(app.spawn("quad", i)["task_id"]).result
                    times.append(time.perf_counter() - start)
                    measure.check(result == 4 * i)
        measure.check(right(4) == n + 1)
        measure.report_times(
            "absurd",
            "W1-latency",
            setting,
            times,
            clock=clock,
            durable=absurd_engine.durability(app),
            version=absurd_engine.version(),
        )


def main():
    rounds(20, 0.25, None, "as it comes")
    rounds(200, 0.001, 0.001, "looks every ms")


if __name__ == "__main__":
    measure.run(main)
