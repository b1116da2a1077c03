"""Reads of everything on a replica: a real one, which follows the tests' own server."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from backend import clock, db, embedded_files, leases, replica
from backend.database_address import DatabaseAddress
from backend.embedded_files import ENVIRONMENT
from backend.engine import connect, connect_kwargs
from backend.errors import Unavailable
from backend.instruments import REPLICA_READS
from backend.personal.queries import export
from backend.settings import settings
from emerald.doctor import check_invariants
from emerald.health_report import report
from emerald.worker import HEARTBEAT, HEARTBEAT_LIFE

NOWHERE = DatabaseAddress.from_url("postgresql://emerald@/emerald?host=/nonexistent")


@pytest.fixture(scope="module")
def follower(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseAddress]:
    """A server that follows the tests' server."""
    primary = settings.database
    if not primary.is_socket:
        pytest.skip("TEST_DATABASE_URL names a server that nobody may follow")
    place = Path("/tmp") / f"emerald-replica-{tmp_path_factory.mktemp('x').parent.name}"
    owner = embedded_files.owner_of(place)
    programs = embedded_files.binaries(owner)
    embedded_files.make_directory(place, 0o700, owner)
    kwargs = {"env": ENVIRONMENT, "cwd": "/", **owner.as_popen()}
    data = str(place / "data")
    copy = [str(programs / "pg_basebackup"), "-h", primary.host, "-U", primary.user, "-R", "-D", data]
    subprocess.run([*copy, "--checkpoint=fast", "--no-sync"], check=True, capture_output=True, **kwargs)
    command = [str(programs / "postgres"), "-D", data, "-k", str(place), "-c", "listen_addresses="]
    # What the primary cleans up meanwhile would wait for an open snapshot here, and everything after it too.
    command += ["-c", "hot_standby_feedback=on", "-c", "wal_receiver_status_interval=1s"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kwargs)
    try:
        yield replace(primary, hosts=((str(place), 5432),))
    finally:
        server.terminate()
        server.wait(30)
        subprocess.run(["rm", "-rf", place], check=True)


Setter = Callable[[DatabaseAddress], None]


@pytest.fixture
def set_replica(monkeypatch: pytest.MonkeyPatch) -> Setter:
    def set_to(address: DatabaseAddress) -> None:
        monkeypatch.setattr("backend.replica.settings", replace(settings, replica_database=address))

    return set_to


async def until(is_so: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(30):
        # What a replica has learnt, only asking it tells.
        while not await is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def is_read_on_replica() -> bool:
    async with replica.snapshot():
        return bool(await db.value("SELECT pg_is_in_recovery()"))


@pytest.fixture
async def following(world: None, follower: DatabaseAddress, set_replica: Setter) -> None:
    """A worker is alive, and the replica has seen that."""
    set_replica(follower)
    await leases.take(HEARTBEAT, HEARTBEAT, HEARTBEAT_LIFE)
    await until(is_read_on_replica)


async def test_an_export_and_the_daily_check_ask_the_replica(following: None, alice: object) -> None:
    """A7. What is read there is what everybody wrote before."""
    await leases.take(HEARTBEAT, HEARTBEAT, HEARTBEAT_LIFE)
    before = REPLICA_READS.labels("replica")._value.get()
    await until(has_alice)
    assert (await export(alice))["you"]["first_name"] == "Alice"  # type: ignore[arg-type, index]
    assert await check_invariants(on_replica=True) == []
    assert REPLICA_READS.labels("replica")._value.get() >= before + 2


async def has_alice() -> bool:
    async with replica.snapshot():
        return bool(await db.value("SELECT true FROM telegram_users WHERE first_name = 'Alice'"))


async def test_a_replica_that_is_behind_is_not_read(following: None) -> None:
    """It has the lease of a worker that was alive sixteen seconds ago, and nothing newer."""
    with clock.stopped(clock.now() + timedelta(seconds=16)):
        assert not await is_read_on_replica()
        [finding] = await report(invariants=False)
    assert finding.startswith("The replica of REPLICA_DATABASE_URL is not read: it is more than fifteen")


async def test_the_primary_is_read_where_no_replica_answers(world: None, set_replica: Setter) -> None:
    set_replica(NOWHERE)
    assert not await is_read_on_replica()
    assert "does not answer" in await replica.problem()


async def test_without_a_replica_the_primary_is_read(world: None) -> None:
    assert not await is_read_on_replica()
    assert await replica.problem() == ""


async def test_a_snapshot_sees_one_moment_and_writes_nothing(
    following: None, follower: DatabaseAddress
) -> None:
    """What the replica learns meanwhile is not seen."""
    now_there = "SELECT count(*) FROM leases WHERE name = 'new'"
    primary = await connect(**connect_kwargs(settings.database))
    beside = await connect(**connect_kwargs(follower))
    try:
        async with replica.snapshot():
            assert await db.value(now_there) == 0
            await primary.execute("INSERT INTO leases VALUES ('new', 'me', now(), 1)")
            await until(lambda: beside.fetchval(now_there))
            assert await db.value(now_there) == 0
        with pytest.raises(Unavailable):
            async with replica.snapshot():
                await db.execute("DELETE FROM leases")
    finally:
        await primary.close()
        await beside.close()
