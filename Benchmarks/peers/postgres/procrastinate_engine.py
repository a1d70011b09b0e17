"""procrastinate, as its programs use it: the job that does nothing, the durability."""

import contextlib

import procrastinate

import server

DONE = "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE status = 'succeeded'"


@contextlib.asynccontextmanager
async def installed():
    """The address of a new database with the schema, the app, and its only task."""
    with server.database() as address:
        connector = procrastinate.PsycopgConnector(conninfo=address, max_size=20)
        app = procrastinate.App(connector=connector)

        @app.task(name="noop")
        async def noop(x):
            return x

        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            yield address, app, noop


async def ask(app, sql):
    """The one value that a query answers, on a connection of the app's own."""
    row = await app.connector.execute_query_one_async(sql)
    return next(iter(row.values()))


async def durability(app):
    return await ask(app, server.DURABILITY)
