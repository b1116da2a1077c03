"""Piccolo's engine and registry, nothing else."""

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine

from backend.settings import settings

DB = PostgresEngine(
    config=settings.database.connect_kwargs(),
    extensions=(),
    log_queries=False,
)

APP_REGISTRY = AppRegistry(apps=["backend.piccolo_app"])
