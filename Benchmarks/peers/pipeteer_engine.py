"""pipeteer, as its two programs use it: the two-step workflow, a process that works and
one that passes messages on.

pipeteer looks at its tables when a message says so, or else every two minutes: here
every 0.1 s, or a message that was lost would stop it for so long. `journal` is the mode
of the file; pipeteer leaves SQLite's default, delete.
"""

import asyncio
import contextlib
import multiprocessing
import os
import sqlite3
import sys
import threading
from datetime import timedelta

from dslog import Logger
from pipeteer import DB, Context, WorkflowContext, activity, workflow
from pipeteer.backend import proxy

import measure

POLL = timedelta(seconds=0.1)
NOTE = "every claim loads the whole table: the more wait, the slower it is"


@activity(poll_interval=POLL)
async def double(x: int) -> int:
    return 2 * x


@workflow(poll_interval=POLL)
async def quad(x: int, context: WorkflowContext) -> int:
    x2 = await context.call(double, x)
    return await context.call(double, x2)


def make_context(folder):
    return Context.of(
        DB.at(measure.database(folder)),
        log=Logger.empty(),
        pub_url=f"ipc://{folder}/pub",
        sub_url=f"ipc://{folder}/sub",
    )


def end_with_parent():
    """Ends this process when the one ends that made it, in whatever way."""

    def watch():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def pass_on(folder, ready):
    end_with_parent()
    sys.stdout = sys.stderr

    async def main():
        asyncio.get_running_loop().call_soon(ready.set)
        await proxy(f"ipc://{folder}/pub", f"ipc://{folder}/sub")

    asyncio.run(main())


def work(folder, ready, released):
    end_with_parent()
    context = make_context(folder)

    async def main():
        await asyncio.gather(double.run(context), quad.run(context))

    ready.set()
    released.wait()
    asyncio.run(main())


@contextlib.contextmanager
def engine(folder, journal):
    """A context whose processes run, and the event that lets the worker begin."""
    measure.database(folder, journal)
    # Makes the tables before two processes try to.
    context = make_context(folder)
    quad.input(context), quad.output(context, "out")
    processes = multiprocessing.get_context("spawn")
    passing, working, released = (processes.Event() for _ in range(3))
    running = [
        processes.Process(target=pass_on, args=(folder, passing), daemon=True),
        processes.Process(target=work, args=(folder, working, released), daemon=True),
    ]
    for process in running:
        process.start()
    try:
        measure.check(passing.wait(60) and working.wait(60), "a process has not begun")
        yield context, released
    finally:
        for process in running:
            process.kill()
            process.join()


def durability(context):
    """How safely pipeteer writes, asked of a connection out of its own pool."""
    pooled = context.db.engine.raw_connection()
    try:
        return measure.durability(pooled.driver_connection)
    finally:
        pooled.close()


def results(folder):
    """A query of what is in the output table, on a connection of its own."""
    second = sqlite3.connect(measure.database(folder), timeout=60)
    return lambda: dict(second.execute("SELECT key, CAST(value AS INTEGER) FROM out"))
