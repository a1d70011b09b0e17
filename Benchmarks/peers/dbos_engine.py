"""DBOS, as its programs use it: the two-step workflow, the job that does nothing, and
the durability on a SQLite file; postgres/dbos_server.py has that of PostgreSQL.

On SQLite it keeps what DBOS sets (BEGIN IMMEDIATE, and the default synchronous=FULL).
`journal` is the mode of the file: DBOS leaves SQLite's default, delete; in a file that
was made in WAL mode it takes fewer syncs, and is as durable.
"""

import contextlib
import sqlite3

from dbos import DBOS

import measure


@DBOS.step()
def double(x: int) -> int:
    return 2 * x


@DBOS.workflow()
def quad(x: int) -> int:
    return double(double(x))


@DBOS.workflow()
def noop(x: int) -> int:
    return x


def launch(folder, journal):
    """Starts DBOS over a new file, warms it up, and gives the file's path."""
    file = measure.database(folder, journal)
    launch_at(f"sqlite:///{file}")
    return file


def launch_at(address):
    """Starts DBOS over a new database, and warms it up."""
    DBOS(
        config={
            "name": "bench",
            "system_database_url": address,
            "log_level": "ERROR",
            "run_admin_server": False,
        }
    )
    DBOS.launch()
    measure.check((quad(1), noop(1)) == (4, 1))


@contextlib.contextmanager
def connection():
    """A connection out of the pool that DBOS writes with."""
    from dbos._dbos import _get_dbos_instance

    pooled = _get_dbos_instance()._sys_db.engine.raw_connection()
    try:
        yield pooled.driver_connection
    finally:
        pooled.close()


def durability():
    """How safely DBOS writes, asked of a connection of its own."""
    with connection() as own:
        return measure.durability(own)


def finished(file):
    """A query of how many workflows have ended well, on a connection of its own."""
    second = sqlite3.connect(file, timeout=60)
    sql = "SELECT count(*) FROM workflow_status WHERE status = 'SUCCESS'"
    return lambda: measure.query(second, sql)
