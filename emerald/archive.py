"""`emerald archive`: moves what is long over into the `…_archive` tables, a little in each transaction.

An instance moves with its bookings, absences, cards and messages once it is over for so long; rows of the
participation log move once they are old and their instance has moved. Then goes who took part in dates that are older than
their club keeps its history (`A13`). An interrupted run goes on where it was.
"""

from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import structlog

from backend import clock, db
from backend.accounts.history import DELAY
from backend.archive import CLEARED, LOG, OF_INSTANCES, OF_PEOPLE, twin
from backend.database_address import DatabaseAddress
from backend.engine import connect, connect_kwargs
from backend.settings import settings
from emerald.errors import CommandFailed
from emerald.rights import ARCHIVER

log = structlog.get_logger()

INSTANCES_READ = 2000  # found by one reading of the table
INSTANCES_AT_ONCE = 20  # in one transaction, with some dozen rows each
LOG_ROWS_AT_ONCE = 500
SKIPPED_MAX = 100  # instances that cannot be moved, before a run gives up

# Before when the dates of the club `a` lose their people at the instant $4; null where it keeps everything (A13).
FORGOTTEN_BEFORE = f"""(SELECT $4::timestamptz - make_interval(years => a.history_years) FROM accounts a
    WHERE a.id = i.account_id AND a.history_chosen_at <= $4::timestamptz - make_interval(days => {DELAY.days}))"""
# What is over for long, and nothing still refers to: no message on its way, no card being posted, and no poll that chose it.
# Where people go, no poll keeps its date from it.
OLD_INSTANCES = f"""
SELECT i.id FROM event_instances i
WHERE (i.ends_at < {FORGOTTEN_BEFORE} OR (i.ends_at < $1
        AND NOT EXISTS (SELECT 1 FROM poll_options o WHERE o.made_instance_id = i.id)))
    AND i.state <> 'SCHEDULED' AND i.id <> ALL($3::bigint[])
    AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.instance_id = i.id AND m.state IN ('due', 'sending'))
    AND NOT EXISTS (SELECT 1 FROM cards c WHERE c.instance_id = i.id AND c.state IN ('due', 'posting', 'unlinked'))
ORDER BY i.ends_at, i.id LIMIT $2
"""
HAS_PEOPLE = " OR ".join(
    f"EXISTS (SELECT 1 FROM {twin(table)} x WHERE x.instance_id = i.id)" for table in OF_PEOPLE
)
# Archived dates that are older than their club keeps its history. Only the archiver takes rows out of the log ($3).
FORGOTTEN = f"""
SELECT i.id FROM event_instances_archive i
WHERE i.id > $1 AND i.ends_at < {FORGOTTEN_BEFORE}
    AND ({HAS_PEOPLE} OR ($3 AND EXISTS (SELECT 1 FROM {LOG} x WHERE x.instance_id = i.id)))
ORDER BY i.id LIMIT $2
"""
# The log is read from its beginning, where the oldest rows are, so that no index by time is needed.
LOG_PAGE = f"""
SELECT l.id, l.at, EXISTS (SELECT 1 FROM event_instances i WHERE i.id = l.instance_id) AS is_needed
FROM {LOG} l WHERE l.id > $1 ORDER BY l.id LIMIT $2
"""
COLUMNS = """
SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1
ORDER BY ordinal_position
"""
MAY = """
SELECT current_user = $1 AS is_archiver, has_table_privilege('event_instances', 'DELETE') AND
    has_table_privilege('event_instances_archive', 'INSERT') AS may_move
"""


@dataclass(frozen=True, slots=True)
class Archived:
    """What one run moved. `log_rows` is None where the role may not move the log (`B8`)."""

    instances: int
    log_rows: int | None
    skipped: int
    forgotten: int = 0  # dates that lost their people (`A13`)


def address() -> DatabaseAddress:
    """The archiver's address, or the application's where there are no roles."""
    return settings.archive_database or settings.database


async def archive() -> Archived:
    """Move everything that is old enough. Raises `CommandFailed` for a role that may not, `Unavailable`,
    `Busy`."""
    with db.translate_errors():
        connection: asyncpg.Connection = await connect(**connect_kwargs(address()))
        try:
            may = await connection.fetchrow(MAY, ARCHIVER)
            if not may["may_move"]:
                raise CommandFailed(
                    "This role may not archive: let ARCHIVE_DATABASE_URL name the archiver of"
                    " `emerald create-roles`."
                )
            mover = _Mover(connection)
            instances = await mover.move_instances()
            rows = await mover.move_log() if may["is_archiver"] else None
            forgotten = await mover.delete_people(with_log=may["is_archiver"])
            return Archived(instances, rows, len(mover.skipped), forgotten)
        finally:
            await connection.close()


async def archive_nightly() -> int:
    """As `archive`, for the schedule: how many instances moved. A role that may not archive is logged, and is
    no failure: another process may be the one that does."""
    try:
        done = await archive()
    except CommandFailed as reason:
        log.info("not archived", reason=str(reason))
        return 0
    return done.instances


class _Mover:
    """One run, on its own connection."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self.skipped: list[int] = []  # instances that something refers to all the same
        self._statements: dict[tuple[str, str], str] = {}

    async def move_instances(self) -> int:
        before = clock.now() - timedelta(days=settings.archive_instances_days)
        moved = 0
        while len(self.skipped) < SKIPPED_MAX:
            found = await self.connection.fetch(
                OLD_INSTANCES, before, INSTANCES_READ, self.skipped, clock.now()
            )
            ids = [row["id"] for row in found]
            if not ids:
                break
            for start in range(0, len(ids), INSTANCES_AT_ONCE):
                moved += await self._move_or_skip(ids[start : start + INSTANCES_AT_ONCE])
        return moved

    async def move_log(self) -> int:
        before = clock.now() - timedelta(days=settings.archive_log_days)
        moved, last = 0, 0
        while page := await self.connection.fetch(LOG_PAGE, last, LOG_ROWS_AT_ONCE):
            old = [row for row in page if row["at"] < before]
            if not old:
                break
            async with self.connection.transaction():
                moved += await self._move(LOG, "id", [row["id"] for row in old if not row["is_needed"]])
            last = page[-1]["id"]
        return moved

    async def delete_people(self, *, with_log: bool) -> int:
        """Delete who took part in the dates that are older than their club keeps its history (`A13`); how many dates. The
        dates stay, and how many seats were taken."""
        tables = [twin(table) for table in OF_PEOPLE] + [LOG] * with_log
        last = deleted = 0
        while True:
            found = await self.connection.fetch(FORGOTTEN, last, INSTANCES_AT_ONCE, with_log, clock.now())
            ids = [row["id"] for row in found]
            if not ids:
                return deleted
            async with self.connection.transaction():
                for table in tables:
                    await self.connection.execute(
                        f"DELETE FROM {table} WHERE instance_id = ANY($1::bigint[])", ids
                    )
            last, deleted = ids[-1], deleted + len(ids)

    async def _move_or_skip(self, ids: list[int]) -> int:
        """Move these instances; where that fails, one by one, so that one bad row does not keep the others."""
        try:
            return await self._move_together(ids)
        except asyncpg.IntegrityConstraintViolationError as error:
            if len(ids) == 1:
                log.warning("instance not archived", instance=ids[0], error=str(error))
                self.skipped += ids
                return 0
        return sum([await self._move_or_skip([one]) for one in ids])

    async def _move_together(self, ids: list[int]) -> int:
        """The rows of seats go first: whoever is changing something about an instance holds them, and whoever comes
        later finds none."""
        async with self.connection.transaction():
            await self.connection.execute(
                "UPDATE poll_options SET made_instance_id = NULL WHERE made_instance_id = ANY($1::bigint[])",
                ids,
            )
            for table in OF_INSTANCES:
                await self._move(table, "instance_id", ids)
            return await self._move("event_instances", "id", ids)

    async def _move(self, table: str, key: str, ids: list[int]) -> int:
        status: str = await self.connection.execute(await self._statement(table, key), ids)
        return int(status.rpartition(" ")[2])

    async def _statement(self, table: str, key: str) -> str:
        if (table, key) not in self._statements:
            names = [row["column_name"] for row in await self.connection.fetch(COLUMNS, table)]
            cleared = CLEARED.get(table, {})
            self._statements[table, key] = (
                f"WITH gone AS (DELETE FROM {table} WHERE {key} = ANY($1::bigint[]) RETURNING *)"
                f" INSERT INTO {twin(table)} ({', '.join(names)})"
                f" SELECT {', '.join(cleared.get(name, name) for name in names)} FROM gone"
            )
        return self._statements[table, key]
