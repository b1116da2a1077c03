"""Piccolo's engine: where the database is, without a connection to it."""

from piccolo.engine.postgres import PostgresEngine

from backend.settings import settings


class Engine(PostgresEngine):
    """Piccolo's engine, without the queries that it sends while it is being imported.

    No module of ours waits for a database, or complains that there is none, before it is asked to do
    something.
    """

    async def check_version(self) -> None:
        """`emerald doctor` reports the version."""

    async def prep_database(self) -> None:
        """There are no extensions to create."""


DB = Engine(
    config=settings.database.connect_kwargs(),
    extensions=(),
    log_queries=False,
)
