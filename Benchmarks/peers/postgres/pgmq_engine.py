"""pgmq, as its programs use it: its own client, and its SQL as the client brings it,
which is all that the extension is made of.

A message that was read is hidden for a minute, and comes back if it was not deleted.
"""

import contextlib

from pgmq import PGMQueue, install_pgmq_from_sql

import measure
import server

QUEUE = "bench"
HIDDEN = 60


@contextlib.contextmanager
def installed(connections=1):
    """The address of a new database with pgmq's SQL, and a client of its queue."""
    with server.database() as address:
        install_pgmq_from_sql(dsn=address)
        client = PGMQueue(
            conn_string=address, init_extension=False, pool_size=connections
        )
        client.create_queue(QUEUE)
        yield address, client
        client.close()


def waiting(client):
    return client.metrics(QUEUE).queue_length


def durability(client):
    """What a commit is worth to the client, asked of a connection out of its pool."""
    with client.pool.connection() as own:
        return measure.query(own, server.DURABILITY)
