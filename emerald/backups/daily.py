"""`emerald backup --daily`: the process that receives the WAL all the time, makes a backup each day and verifies one
each week."""

import asyncio
from datetime import datetime, timedelta

import structlog

from backend import backup_status, clock, leases
from backend.settings import settings
from backend.zones import resolve_local
from emerald.backups.catalog import Catalog
from emerald.backups.create import (
    POSITION,
    SERVER_FACTS,
    ask_server,
    make_backup,
    mend_stream,
    record_stream,
)
from emerald.backups.errors import BackupError
from emerald.backups.verify import verify_backup
from emerald.worker import run_forever

log = structlog.get_logger()

HEARTBEAT = "backup"  # the lease that shows that this process is alive
HEARTBEAT_LIFE = timedelta(minutes=2)
HEARTBEAT_INTERVAL = 20.0  # seconds
STEP = 60.0  # seconds between looks at the stream and the clock
AFTER_FAILURE = timedelta(minutes=30)


def last_due(now: datetime) -> datetime:
    """The newest moment, not after `now`, at which the daily backup was due."""
    backups = settings.backups
    for days in (0, 1, 2):
        day = (now + timedelta(days=1) - timedelta(days=days)).date()
        due = resolve_local(datetime.combine(day, backups.at), backups.zone)
        if due <= now:
            return due
    raise AssertionError("a day before yesterday is past")


class Daily:
    """What this process remembers between two steps."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.awaited: tuple[str, datetime] | None = (
            None  # a position of the WAL, and when the server reached it
        )
        self._not_before = clock.now()
        self._prepared = False

    async def step(self) -> None:
        """Look after the stream, and make or verify a backup if it is time. Raises `Unavailable`, `Busy`."""
        try:
            await self._follow_stream()
            if clock.now() >= self._not_before:
                await self._run_due()
        except BackupError as error:
            log.error("backup failed", error=str(error))
            self._not_before = clock.now() + AFTER_FAILURE
            await backup_status.record_failure(str(error))

    async def _follow_stream(self) -> None:
        if not self._prepared:
            facts = await ask_server(self.catalog, SERVER_FACTS)
            await asyncio.to_thread(self.catalog.prepare, server_major=facts["major"])
            self._prepared = True
        if await mend_stream(self.catalog):
            log.error("WAL was lost: the server dropped what was not received; a new backup is made")
            self._not_before = clock.now()
            await asyncio.to_thread(self.catalog.begin_receiving)
            await self._back_up()
        await asyncio.to_thread(self.catalog.begin_receiving)
        if self.awaited is None or await record_stream(self.catalog, *self.awaited):
            at = clock.now()
            self.awaited = ((await ask_server(self.catalog, POSITION))[0], at)

    async def _run_due(self) -> None:
        now = clock.now()
        figures = await backup_status.read()
        if figures is None or now - timedelta(seconds=min(figures.age_seconds, 1e9)) < last_due(now):
            await self._back_up()
            figures = await backup_status.read()
        days = timedelta(days=settings.backups.verify_days).total_seconds()
        if figures is None or figures.verified_age_seconds > days:
            verified = await verify_backup(self.catalog)
            log.info("backup verified", backup=verified.backup.id, seconds=round(verified.seconds, 1))

    async def _back_up(self) -> None:
        report = await make_backup(self.catalog)
        log.info("backup made", backup=report.backup.id, bytes=report.backup.size, removed=report.removed)


async def keep_backups(catalog: Catalog) -> None:
    """Until cancelled."""
    daily = Daily(catalog)
    try:
        async with asyncio.TaskGroup() as loops:
            loops.create_task(run_forever(_show_alive, HEARTBEAT_INTERVAL))
            loops.create_task(run_forever(daily.step, STEP))
    finally:
        catalog.stop_receiving()


async def _show_alive() -> None:
    """For the container engine's health check: a backup may take longer than it waits."""
    await leases.take(HEARTBEAT, HEARTBEAT, HEARTBEAT_LIFE)
