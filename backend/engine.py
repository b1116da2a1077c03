"""Piccolo's engine and registry, nothing else."""

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine

from backend.settings import settings


class Engine(PostgresEngine):
    """The engine, without the visit to the server that Piccolo's makes while it is being imported.

    Nothing of ours may wait for a database, or complain that there is none, before it is asked to work.
    """

    async def check_version(self) -> None:
        """`emerald doctor` says it."""

    async def prep_database(self) -> None:
        """There are no extensions to make."""


DB = Engine(
    config=settings.database.connect_kwargs(),
    extensions=(),
    log_queries=False,
)

APP_REGISTRY = AppRegistry(apps=["backend.piccolo_app"])
