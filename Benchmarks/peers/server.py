"""What the programs of the peers in PostgreSQL need: a database of their own in the
server that scripts/bench-peers has started, and what a commit is worth there.
"""

import contextlib
import os
import subprocess
import urllib.parse
import uuid

# Asked of the very connection that a peer writes with; "commit on" is durable.
DURABILITY = """
    SELECT CASE
        WHEN current_setting('fsync') <> 'on' THEN 'no fsync'
        WHEN EXISTS (
            SELECT FROM pg_class
            WHERE relpersistence = 'u' AND relkind = 'r' AND pg_relation_size(oid) > 0
        ) THEN 'unlogged'
        ELSE 'commit ' || current_setting('synchronous_commit')
    END
"""


def url():
    """The address of the server, by TCP; `None` where there is none."""
    return os.environ.get("PENSTOCK_BENCH_URL")


def by_socket(address):
    """The same database by the server's Unix socket."""
    parts = urllib.parse.urlsplit(address)
    folder = urllib.parse.quote(query(address, "SHOW unix_socket_directories"), "")
    place = f"host={folder}&port={parts.port}"
    return f"{parts.scheme}://{parts.username}@{parts.path}?{place}"


def query(address, sql):
    """What a query answers as text, on a connection of its own."""
    command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, address]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return output.stdout.strip()


@contextlib.contextmanager
def database():
    """The address of a new database, removed afterwards.

    What the peers before have left to be written is on the disk before it is used.
    """
    name = f"bench_{uuid.uuid4().hex[:12]}"
    query(url(), f"CREATE DATABASE {name}")
    try:
        settle(url())
        yield urllib.parse.urlsplit(url())._replace(path=f"/{name}").geturl()
    finally:
        query(url(), f"DROP DATABASE {name} WITH (FORCE)")


def settle(address):
    """Writes what is still to be written, as after every large filling of a table."""
    query(address, "CHECKPOINT")
