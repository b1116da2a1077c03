"""Erasing a person: the name goes, the counts stay (`A7`).

One transaction a step, each of which may be done again: who is stopped half way asks once more, and `finish` is the net.
What others count on is given back first, while the line can still be told; then the person is nobody.
"""

from datetime import timedelta

from backend import clock, db
from backend.accounts.memberships import LastOwner
from backend.accounts.queries import solely_owned_clubs
from backend.audit.actions import record_audit
from backend.bookings.clubs import end_standing, give_back
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.seats import store
from backend.seats.requests import Verb

RECHECK_PERIOD = timedelta(days=1)  # so long it is looked after whether anything of theirs came in meanwhile

GONE = ("web_sessions", "sign_ins", "calendar_feeds", "group_members")

# What was told stays as a number: to how many, of which kind, and whether it arrived.
EMPTY_MESSAGES = """
UPDATE messages SET detail = '{}', error = '', state = CASE WHEN state IN ('due', 'parked') THEN 'dropped' ELSE state END
WHERE user_id = $1 AND (detail <> '{}' OR error <> '' OR state IN ('due', 'parked'))
"""
FORGET = """
UPDATE telegram_users SET telegram_id = NULL, first_name = '', last_name = '', username = '', language = 'en',
    language_chosen = false, zone = NULL, may_write_at = NULL, blocked_at = NULL, reminder_leads = NULL,
    leads_chosen_at = NULL, muted_kinds = '{}', session_version = session_version + 1, seen_at = created_at, erased_at = $2
WHERE id = $1
"""


async def erase(person: Person) -> None:
    """Erase the person. Seats and lines ahead are given back first, each by the ordinary rules and, after its deadline, at
    once; then names, preferences, sessions, keys to them and what was written to them are gone. What they counted for
    stays, as somebody's. Doing it again changes nothing; who returns is another person.

    Raises `LastOwner`, and then nothing has changed; `Busy`.
    """
    if await solely_owned_clubs(person):
        raise LastOwner()
    members = await _leave_clubs(person)
    await end_standing(members)
    await give_back(person.id, members, late=Verb.REMOVE)
    await _anonymize(person)
    await finish_erasure(person.id)


async def _leave_clubs(person: Person) -> list[int]:
    """End their memberships and whatever lets them in; all memberships they ever had. Raises `LastOwner`."""
    at = clock.now()
    async with db.transaction():
        await db.execute("SELECT 1 FROM telegram_users WHERE id = $1 FOR NO KEY UPDATE", person.id)
        rows = await db.rows(
            "SELECT m.id, m.account_id, m.role, m.left_at FROM memberships m JOIN accounts a ON a.id = m.account_id"
            " WHERE m.user_id = $1 ORDER BY a.id FOR NO KEY UPDATE OF a",
            person.id,
        )
        if await solely_owned_clubs(person):
            raise LastOwner()
        for row in rows:
            if row["left_at"] is None:
                await record_audit(
                    row["account_id"],
                    person.id,
                    "end membership",
                    f"membership {row['id']}",
                    role=row["role"],
                )
        await db.execute(
            "UPDATE memberships SET left_at = $2 WHERE user_id = $1 AND left_at IS NULL",
            person.id,
            at,
        )
        await db.execute(
            "UPDATE telegram_users SET session_version = session_version + 1 WHERE id = $1",
            person.id,
        )
        for table in GONE:
            await db.execute(f"DELETE FROM {table} WHERE user_id = $1", person.id)
    return [row["id"] for row in rows]


async def _anonymize(person: Person) -> None:
    """From here on nobody knows who it was. The row is held so that whoever lets them in anywhere comes before or fails."""
    async with db.transaction():
        known = await db.value(
            "SELECT true FROM telegram_users WHERE id = $1 AND erased_at IS NULL FOR UPDATE",
            person.id,
        )
        if known:
            await _anonymize_traces(person.id)
            await db.execute(FORGET, person.id, clock.now())


async def _anonymize_traces(user_id: int) -> None:
    """Where their name or words to them stand besides their own row."""
    for row in await db.rows(
        "SELECT m.id, a.language FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE m.user_id = $1",
        user_id,
    ):
        # As lists and cards of the club have it from now on.
        await db.execute(
            "UPDATE memberships SET name = $2, left_at = coalesce(left_at, $3) WHERE id = $1",
            row["id"],
            Voice(row["language"]).say(N_("Someone")),
            clock.now(),
        )
    await db.execute(EMPTY_MESSAGES, user_id)
    await db.execute(
        "UPDATE announcements SET watch_chat_id = NULL, watch_message_id = NULL WHERE created_by = $1",
        user_id,
    )
    for table in GONE:
        await db.execute(f"DELETE FROM {table} WHERE user_id = $1", user_id)


async def finish_erasure(user_id: int) -> int:
    """See to what came in while a person was being erased, and let the cards they are on be drawn without the name; on how
    many dates they still had something."""
    async with db.transaction():
        await _anonymize_traces(user_id)
        members = [
            row["id"] for row in await db.rows("SELECT id FROM memberships WHERE user_id = $1", user_id)
        ]
    await end_standing(members)
    left = await give_back(user_id, members, late=Verb.REMOVE)
    await _redraw(members)
    return left


async def _redraw(members: list[int]) -> None:
    """Their guests have no names any more either; each date by itself, with its desk closed meanwhile."""
    dates = await db.rows(
        "SELECT b.instance_id FROM bookings b WHERE b.membership_id = ANY($1::bigint[]) AND (b.guest_names <> '{}'"
        " OR b.seats > 0 AND EXISTS (SELECT 1 FROM cards c WHERE c.instance_id = b.instance_id AND c.state <> 'lost'))"
        " ORDER BY b.instance_id",
        members,
    )
    for row in dates:
        async with db.transaction(store.lock(row["instance_id"])):
            await db.execute(
                "UPDATE bookings SET guest_names = '{}' WHERE instance_id = $1 AND membership_id = ANY($2::bigint[])",
                row["instance_id"],
                members,
            )
            await db.execute(
                "UPDATE instance_seats SET version = version + 1 WHERE instance_id = $1",
                row["instance_id"],
            )
    polls = await db.rows(
        "SELECT DISTINCT v.poll_id FROM poll_votes v JOIN cards c ON c.poll_id = v.poll_id"
        " WHERE v.membership_id = ANY($1::bigint[]) AND c.state <> 'lost' ORDER BY 1",
        members,
    )
    for row in polls:
        await db.execute_single(
            "UPDATE poll_tallies SET version = version + 1 WHERE poll_id = $1", row["poll_id"]
        )


async def finish_erasures() -> int:
    """The hourly net: whoever was erased within the last day; how many dates they were taken off."""
    rows = await db.rows(
        "SELECT id FROM telegram_users WHERE erased_at > $1 ORDER BY id", clock.now() - RECHECK_PERIOD
    )
    return sum([await finish_erasure(row["id"]) for row in rows])
