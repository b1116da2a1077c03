"""Another server takes over, on a timeline of its own: moments after that are restored from a backup before it."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backend import embedded
from backend.database_address import DatabaseAddress
from backend.embedded_files import binaries, make_directory, owner_of
from emerald.backups import create
from emerald.backups.catalog import SERVER, SLOT, Catalog
from emerald.backups.restore import restore_into
from emerald.backups.throwaway import server_on
from tests.emerald.backups.test_backups import ask, backup_settings, needs_programs, until


@dataclass
class Pair:
    """A primary, and a replica that can take over. `catalog` asks whichever can be written."""

    primary: DatabaseAddress
    replica: DatabaseAddress
    catalog: Catalog


@pytest.fixture
def homes() -> Iterator[tuple[Path, Path]]:
    made = [Path(tempfile.mkdtemp(prefix="emerald-pair-", dir="/tmp")) for _ in range(2)]
    try:
        for home in made:
            home.chmod(0o755)
        yield made[0], made[1]
    finally:
        for home in made:
            embedded.stop(home)
            shutil.rmtree(home)


@pytest.fixture
async def pair(homes: tuple[Path, Path], tmp_path: Path) -> AsyncIterator[Pair]:
    urls = [await asyncio.to_thread(embedded.start, homes[0])]
    await asyncio.to_thread(copy_server, DatabaseAddress.from_url(urls[0]), homes[1])
    urls.append(await asyncio.to_thread(embedded.start, homes[1]))
    primary, replica = map(DatabaseAddress.from_url, urls)
    for one in (primary, replica):  # as Patroni keeps it on every host
        await ask(one, f"SELECT pg_create_physical_replication_slot('{SLOT}', true)")
    both = replace(primary, hosts=primary.hosts + replica.hosts)
    catalog = Catalog(replace(backup_settings(tmp_path / "backups"), passphrase=""), both)
    catalog.prepare(server_major=int(await ask(primary, "SHOW server_version_num")) // 10_000)
    try:
        yield Pair(primary, replica, catalog)
    finally:
        catalog.stop_receiving()


def copy_server(primary: DatabaseAddress, home: Path) -> None:
    """Put a replica's files where the server of this home keeps its own."""
    where = embedded.place(home)
    make_directory(where, 0o711)
    owner = owner_of(where / "data")
    command = [str(binaries(owner) / "pg_basebackup"), "-D", str(where / "data"), "-R", "-c", "fast"]
    subprocess.run([*command, "-h", primary.host, "-U", primary.user], check=True)
    for path in (where / "data", *(where / "data").rglob("*")):
        if owner.is_other:
            os.chown(path, owner.uid, owner.gid)


async def write(server: DatabaseAddress, note: str) -> str:
    """Write a note; the position of the WAL after it."""
    connection = await asyncpg.connect(**server.connect_kwargs())
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS notes (note text)")
        await connection.execute("INSERT INTO notes VALUES ($1)", note)
        return str(await connection.fetchval("SELECT pg_current_wal_lsn()::text"))
    finally:
        await connection.close()


async def has(server: DatabaseAddress, position: str) -> bool:
    return bool(await ask(server, f"SELECT pg_last_wal_replay_lsn() >= '{position}'"))


async def restored_notes(pair: Pair, into: Path, to: datetime | None) -> Any:
    await asyncio.to_thread(restore_into, pair.catalog, into, to=to)
    with server_on(into, user=pair.primary.user, database=pair.primary.database) as url:
        return await ask(
            DatabaseAddress.from_url(url), "SELECT string_agg(note, ' ' ORDER BY note) FROM notes"
        )


@needs_programs
async def test_a_moment_after_another_server_took_over_is_restored(
    pair: Pair, homes: tuple[Path, Path], tmp_path: Path
) -> None:
    """Also when no file of WAL has become full on the new timeline, and none was stored since."""
    catalog = pair.catalog
    await write(pair.primary, "1 before the backup")
    catalog.begin_receiving()
    await create.await_receiver(catalog)
    await asyncio.to_thread(catalog.call, "backup", "--wait", SERVER)
    position = await write(pair.primary, "2 before the fail-over")
    await until(lambda: create.has_received(catalog, position))
    await until(lambda: has(pair.replica, position))

    await asyncio.to_thread(embedded.stop, homes[0])
    assert await ask(pair.replica, "SELECT pg_promote()")
    await write(pair.replica, "3 after it")
    good = await ask(pair.replica, "SELECT clock_timestamp()")
    await until(lambda: resumed(catalog))
    position = await write(pair.replica, "4 later")
    await until(lambda: create.has_received(catalog, position))

    place = Path("/var/lib/emerald") if os.geteuid() == 0 else tmp_path
    into = [place / f"restored-{name}-{tmp_path.name}-{os.getpid()}" for name in ("to", "latest")]
    try:
        three = "1 before the backup 2 before the fail-over 3 after it"
        assert await restored_notes(pair, into[0], good) == three
        await asyncio.to_thread(embedded.stop, homes[1])  # no server is asked
        assert await restored_notes(pair, into[1], None) == f"{three} 4 later"
    finally:
        for directory in into:
            shutil.rmtree(directory, ignore_errors=True)


async def resumed(catalog: Catalog) -> bool:
    """Begin to receive again, as the daily process does each minute."""
    await asyncio.to_thread(catalog.begin_receiving)
    return await create._is_streaming(catalog)
