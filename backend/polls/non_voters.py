"""The members who have not voted in a poll yet, and reminding only them (`P5`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from backend import clock, db
from backend.accounts.member_pages import MemberList, member_page
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.alphabets import order_sql
from backend.audit.actions import record_audit
from backend.i18n import DEFAULT, Words
from backend.outbox.enqueue import enqueue
from backend.outbox.kinds import Kind
from backend.people.pages import PeoplePage
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME, FULL_NAME, REACHABLE
from backend.polls import replies
from backend.polls.actions import find_poll
from backend.polls.rules import ended_at
from backend.polls.views import PollView

REMINDER_INTERVAL = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NonVoter:
    """A member who has not voted; `reachable` is whether the bot may write to them."""

    membership_id: int
    user_id: int
    name: str
    reachable: bool


class ReminderKind(StrEnum):
    """What a reminder did."""

    DONE = "done"
    ALREADY = "already"  # nothing: everybody has voted
    UNREACHABLE = "unreachable"  # nothing: the bot may write to no non-voter


@dataclass(frozen=True, slots=True)
class ReminderResult:
    """The result of reminding; `reminded` is how many people get a message."""

    kind: ReminderKind
    reminded: int
    words: Words


# A group's poll is for the members who were in the group when Telegram was last asked; any other is for all
# members.
NON_VOTERS = """
FROM polls p
JOIN memberships m ON m.account_id = p.account_id AND m.left_at IS NULL AND m.visitor_since IS NULL
JOIN telegram_users u ON u.id = m.user_id
WHERE (p.group_id IS NULL OR EXISTS (
        SELECT 1 FROM group_members g WHERE g.group_id = p.group_id AND g.user_id = m.user_id AND g.present))
    AND NOT EXISTS (SELECT 1 FROM poll_votes v WHERE v.poll_id = p.id AND v.membership_id = m.id)
"""


async def non_voters(code: str, person: Person) -> list[NonVoter]:
    """The members who have not voted, by name. Raises `Forbidden`, `NotFound`.

    An anonymous poll keeps secret what somebody answered, not whether they did.
    """
    where = await find_poll(code)
    await authorize(person, where.account_id, Permission.MANAGE_POLLS)
    return await _load_non_voters(where.id, person.language)


# The same as a condition on members who have a person, asked of each in the order of names until enough are found. Where
# everybody can vote and all have, nobody is asked.
IS_NON_VOTER = """m.user_id IS NOT NULL AND m.visitor_since IS NULL
    AND ({group} IS NULL OR EXISTS (
        SELECT 1 FROM group_members g WHERE g.group_id = {group} AND g.user_id = m.user_id AND g.present OFFSET 0))
    AND NOT EXISTS (SELECT 1 FROM poll_votes v WHERE v.poll_id = {poll} AND v.membership_id = m.id OFFSET 0)"""


def first_non_voters(language: str, limit: int) -> str:
    """The SQL of so many of them, by name, for the poll `p`."""
    return f"""SELECT m.id, m.display_name FROM (SELECT * FROM memberships
            WHERE account_id = p.account_id AND left_at IS NULL ORDER BY {order_sql("display_name", language)}, id OFFSET 0) m
        WHERE {IS_NON_VOTER.format(poll="p.id", group="p.group_id")} LIMIT {limit}"""


async def non_voter_page(view: PollView, person: Person, *, limit: int) -> PeoplePage[NonVoter]:
    """The first of the members who have not voted, by name. Raises `Forbidden`, `NotFound`."""
    await authorize(person, view.account_id, Permission.MANAGE_POLLS)
    if view.group_id is None and view.voters == view.electors:
        return PeoplePage([], 0)
    found = MemberList(
        f"m.id AS membership_id, m.user_id, {DISPLAY_NAME} AS name, {REACHABLE} AS reachable",
        IS_NON_VOTER.format(poll="$3", group="$4::bigint"),
        values=(view.id, view.group_id),
        all_counted=False,
    )

    def member(row: db.Row) -> NonVoter:
        return NonVoter(row["membership_id"], row["user_id"], row["name"], row["reachable"])

    return await member_page(
        member, found, view.account_id, words="", after=None, limit=limit, language=person.language
    )


async def _load_non_voters(poll_id: int, language: str = DEFAULT) -> list[NonVoter]:
    return [
        NonVoter(
            row["id"],
            row["user_id"],
            f"{row['first_name']} {row['last_name']}".strip(),
            row["reachable"],
        )
        for row in await db.rows(
            f"SELECT m.id, m.user_id, u.first_name, u.last_name, {REACHABLE} AS reachable {NON_VOTERS} AND p.id = $1"
            f" ORDER BY {order_sql(FULL_NAME, language)}, m.id",
            poll_id,
        )
    ]


async def remind_non_voters(code: str, person: Person) -> ReminderResult:
    """Send a message to the members who have not voted; at most once a day.

    Raises `AlreadyReminded`, `PollClosed`, `Forbidden`, `NotFound`.
    """
    where = await find_poll(code)
    account = await authorize(person, where.account_id, Permission.MANAGE_POLLS)
    at = clock.now()
    async with db.transaction():
        row = await db.row("SELECT * FROM polls WHERE id = $1 FOR NO KEY UPDATE", where.id)
        assert row is not None
        _check_remindable(row, account.zone, at)
        missing = await _load_non_voters(where.id)
        reachable = [one.user_id for one in missing if one.reachable]
        if not missing:
            return ReminderResult(ReminderKind.ALREADY, 0, replies.everybody_voted())
        if not reachable:
            return ReminderResult(ReminderKind.UNREACHABLE, 0, replies.nobody_reachable(len(missing)))
        await db.execute("UPDATE polls SET reminded_at = $2 WHERE id = $1", where.id, at)
        await enqueue(
            Kind.POLL_UNANSWERED,
            [(user_id, {"poll_id": where.id, "poll": code}) for user_id in reachable],
            account_id=account.id,
            subject=where.id,
            at=at,
        )
        await record_audit(account.id, person.id, "remind", f"poll {where.id}", people=len(reachable))
    reply = replies.reminded(len(reachable), len(missing) - len(reachable))
    return ReminderResult(ReminderKind.DONE, len(reachable), reply)


def _check_remindable(row: db.Row, zone: str, at: datetime) -> None:
    ended = ended_at(row["closes_at"], row["closed_at"], at)
    if ended is not None:
        raise replies.PollClosed(closed=ended, zone=zone)
    before = row["reminded_at"]
    if before is not None and before > at - REMINDER_INTERVAL:
        raise replies.AlreadyReminded(before=before, again=before + REMINDER_INTERVAL, zone=zone)
