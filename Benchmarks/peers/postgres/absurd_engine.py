"""Absurd, as its programs use it: the two-step task, the task that does nothing, and
processes that work.

Its SQL comes with absurdctl, of the same version as the SDK. Absurd looks for tasks
every 0.25 s when there were none; a process here has one connection and runs what it
has claimed one task after the other, which is its best: its threads share the
connection.
"""

import contextlib
import importlib.metadata
import multiprocessing
import os
import subprocess
import sys
import threading

import psycopg
from absurd_sdk import Absurd

import measure
import server

QUEUE = "bench"
RIGHT = f"""
    SELECT count(*) FROM absurd.t_{QUEUE} WHERE state = 'completed' AND
        completed_payload::text::bigint = %s * params::text::bigint
"""


def version():
    return importlib.metadata.version("absurd-sdk")


def client(address):
    """A client of the queue that knows the tasks."""
    app = Absurd(address, queue_name=QUEUE)

    @app.register_task("quad")
    def quad(x, context):
        x2 = context.step("double", lambda: 2 * x)
        return context.step("double again", lambda: 2 * x2)

    @app.register_task("noop")
    def noop(x, context):
        return x

    return app


@contextlib.contextmanager
def installed():
    """The address of a new database with Absurd's SQL, a client of its queue, and a
    query of how many tasks have ended in so many times their input, on a connection of
    its own."""
    with server.database() as address:
        command = os.path.join(os.path.dirname(sys.executable), "absurdctl")
        subprocess.run([command, "init", "-d", address], check=True, stdout=sys.stderr)
        app = client(address)
        app.create_queue()
        with psycopg.connect(address, autocommit=True) as second:
            right = lambda factor: second.execute(RIGHT, [factor]).fetchone()[0]
            yield address, app, right
        app.close()


def end_with_parent():
    """Ends this process when the one ends that made it, in whatever way."""

    def watch():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def work(address, ready, released, batch, poll):
    end_with_parent()
    app = client(address)
    ready.release()
    released.wait()
    app.start_worker(batch_size=batch, poll_interval=poll, worker_id=str(os.getpid()))


@contextlib.contextmanager
def workers(address, count, batch, poll):
    """Processes that claim so many tasks at a time, and the event they begin with."""
    processes = multiprocessing.get_context("spawn")
    ready, released = processes.Semaphore(0), processes.Event()
    arguments = (address, ready, released, batch, poll)
    running = [
        processes.Process(target=work, args=arguments, daemon=True)
        for _ in range(count)
    ]
    for process in running:
        process.start()
    try:
        for _ in running:
            measure.check(ready.acquire(timeout=60), "a process has not begun")
        yield released
    finally:
        for process in running:
            process.kill()
            process.join()


def durability(app):
    """What a commit is worth to the SDK, asked of its own connection."""
    return measure.query(app._conn, server.DURABILITY)
