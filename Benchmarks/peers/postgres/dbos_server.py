"""DBOS in PostgreSQL, as its three programs use it, with what it sets and nothing else.

The workflows are those of dbos_engine.py.
"""

import contextlib

import dbos_engine
import psycopg
from dbos import DBOS

import measure
import server


@contextlib.contextmanager
def launched():
    """Starts DBOS over a new database; gives a query of how many workflows have ended
    well, on a connection of its own."""
    sql = "SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'"
    with server.database() as address:
        dbos_engine.launch_at(address)
        with psycopg.connect(address, autocommit=True) as second:
            yield lambda: measure.query(second, sql)
        DBOS.destroy()


def durability():
    """What a commit is worth to DBOS, asked of a connection out of its own pool."""
    with dbos_engine.connection() as own:
        return measure.query(own, server.DURABILITY)
