"""Databases of their own for steps of migration, on the tests' server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

STEPS = str(Path(__file__).with_name("steps.py"))


@asynccontextmanager
async def empty_database(name: str) -> AsyncIterator[str]:
    from backend import db
    from backend.settings import settings

    await db.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await db.execute(f"CREATE DATABASE {name}")
    yield urlsplit(settings.database_url)._replace(path=f"/{name}").geturl()
    await db.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def empty(database: None) -> AsyncIterator[str]:
    """The URL of an empty database on the same server."""
    async with empty_database("emerald_steps") as url:
        yield url


@pytest.fixture
async def empty_too(database: None) -> AsyncIterator[str]:
    """Another one."""
    async with empty_database("emerald_steps_too") as url:
        yield url
