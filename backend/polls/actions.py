"""Making polls, voting, closing (`P1`–`P3`).

A vote is a ballot put into the poll's box; the answer comes after the commit. All raise `NotFound`, `Busy`,
`Unavailable`, and the refusals of `words`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from backend import clock, codes, db
from backend.accounts.memberships import join
from backend.accounts.queries import authorize
from backend.accounts.rules import JoinedThrough, Permission
from backend.addresses import Address, Addresses
from backend.audit.actions import record_audit
from backend.errors import NotFound
from backend.events.create import validate_group
from backend.groups.presence import is_present
from backend.i18n import Words
from backend.people.queries import Person
from backend.polls import ballot_processor, replies, store
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.event_creation import CreatedEvent, EventDetails, create_event, created_event
from backend.polls.rules import Answer, Ballot, Choice, NotAVoter, VoteOutcome
from backend.seats.requests import Via
from backend.zones import resolve_local, wall_clock

addresses = Addresses("SELECT id, account_id FROM polls WHERE code = $1")


async def find_poll(code: str) -> Address:
    """The poll with this public code. Raises `NotFound`."""
    return await addresses.find(code)


async def create_poll(person: Person, account_id: int, draft: PollDraft) -> str:
    """Ask the club something; the poll's code. Raises `InvalidForm`, `Forbidden`, `NotFound`."""
    club = await authorize(person, account_id, Permission.MANAGE_POLLS)
    draft.check()
    code, at, options = codes.new_code(), clock.now(), _ordered_options(draft, club.zone)
    async with db.transaction():
        await validate_group(club.id, draft.group_id)
        poll_id = await db.value(
            "INSERT INTO polls (account_id, code, question, kind, choices_max, anonymous, results, closes_at, group_id,"
            " topic_id, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
            club.id,
            code,
            draft.question.strip(),
            draft.kind,
            draft.most,
            draft.anonymous,
            draft.results,
            draft.closes_at,
            draft.group_id,
            draft.topic_id if draft.group_id is not None else None,
            person.id,
            at,
        )
        await db.execute(
            "WITH listed AS (INSERT INTO poll_options (account_id, poll_id, position, text, starts_at)"
            " SELECT $1, $2, t.n, t.text, t.starts_at"
            " FROM unnest($3::text[], $4::timestamptz[]) WITH ORDINALITY AS t (text, starts_at, n) RETURNING id, position)"
            " INSERT INTO poll_option_tallies (option_id, account_id, votes_max)"
            " SELECT id, $1, ($5::int[])[position] FROM listed",
            club.id,
            poll_id,
            [option.text.strip() for option in options],
            [option.starts_at for option in options],
            [option.votes_max for option in options],
        )
        await db.execute("INSERT INTO poll_tallies (poll_id, account_id) VALUES ($1, $2)", poll_id, club.id)
        await record_audit(club.id, person.id, "create", f"poll {poll_id}", question=draft.question)
    return code


def _ordered_options(draft: PollDraft, zone: str) -> list[OptionDraft]:
    """The options as they are listed: words as they were given; dates by time, on the wall clock of the zone (`S3`)."""
    if draft.kind != "dates":
        return [replace(option, starts_at=None) for option in draft.options]
    dates: dict[datetime, OptionDraft] = {}
    for option in draft.options:
        if option.starts_at is not None:
            at = resolve_local(wall_clock(option.starts_at, zone), zone)
            dates.setdefault(at, OptionDraft("", option.votes_max, at))
    return [dates[at] for at in sorted(dates)]


async def vote(
    code: str, person: Person, choice: Collection[int] | Mapping[int, Answer], *, via: Via
) -> VoteOutcome:
    """Set the person's whole choice, options or an answer for each; an empty one takes the vote back (`P2`).

    `via` is said as for every verb a door calls; it is not kept, for votes are not logged.
    """
    whole = choice if isinstance(choice, Mapping) else dict.fromkeys(choice, Answer.YES)
    return await _cast_ballot(code, person, whole, tap=False)


async def tap_option(code: str, person: Person, option_id: int, *, via: Via) -> VoteOutcome:
    """A tap on an option of the card (`P3`): chooses it or takes it back; a date's answer moves on to the next."""
    return await _cast_ballot(code, person, {option_id: Answer.YES}, tap=True)


async def _cast_ballot(code: str, person: Person, choice: Choice, *, tap: bool) -> VoteOutcome:
    where = await find_poll(code)
    ballot = Ballot(person.id, choice, tap)
    try:
        return await ballot_processor.submit(where.id, ballot)
    except NotAVoter:
        await _admit(person, where)
        return await ballot_processor.submit(where.id, ballot)


async def admit_to_poll(code: str, person: Person) -> None:
    """Make the person a member of the poll's club if they are in its group (`A4`); members stay as they are.

    A door calls it before it shows a poll to somebody who may be new: the queries admit nobody. Raises `NotFound`.
    """
    await _admit(person, await find_poll(code))


async def _admit(person: Person, where: Address) -> None:
    row = await db.row(
        "SELECT p.group_id, EXISTS (SELECT 1 FROM memberships m WHERE m.account_id = p.account_id"
        " AND m.user_id = $2 AND m.left_at IS NULL) AS is_member FROM polls p WHERE p.id = $1",
        where.id,
        person.id,
    )
    if row is None:
        raise NotFound()
    if row["is_member"]:
        return
    if row["group_id"] is None or not await is_present(person, row["group_id"]):
        raise NotFound()
    await join(person, where.account_id, through=JoinedThrough.GROUP)


@dataclass(frozen=True, slots=True)
class ClosingResult:
    """What closing came to. `kind`: done, already; `made` is the date made of the poll, by this closing or before."""

    kind: str
    words: Words
    made: CreatedEvent | None


async def close_poll(code: str, person: Person, *, make: EventDetails | None = None) -> ClosingResult:
    """Close a poll for good, and make the date that came of it (`P4`); doing either again changes nothing.

    A poll that is closed already, by hand or by its deadline, can still have its date made. Raises `InvalidForm`,
    `Invalid` (and then the poll is as it was), `Forbidden`, `NotFound`.
    """
    where = await find_poll(code)
    club = await authorize(person, where.account_id, Permission.MANAGE_POLLS)
    if make is not None:
        await authorize(person, where.account_id, Permission.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        closed = await db.execute(
            "UPDATE polls SET closed_at = $2, closed_by = $3 WHERE id = $1 AND closed_at IS NULL"
            " AND (closes_at IS NULL OR closes_at > $2)",
            where.id,
            at,
            person.id,
        )
        if closed:
            await record_audit(club.id, person.id, "close", f"poll {where.id}")
        before = await created_event(where.id)
        made = before
        if make is not None and before is None:
            made = await create_event(club, person, where.id, make, at)
        if closed or made is not before:
            await db.execute("UPDATE poll_tallies SET version = version + 1 WHERE poll_id = $1", where.id)
    return _closing_result(bool(closed), make is not None, before, made, club.zone)


def _closing_result(
    closed: bool, making: bool, before: CreatedEvent | None, made: CreatedEvent | None, zone: str
) -> ClosingResult:
    if made is not None and before is None:
        return ClosingResult("done", replies.event_created(made.starts_at, made.claim_until, zone), made)
    if made is not None and making:
        return ClosingResult("already", replies.event_already_created(made.starts_at, zone), made)
    if closed:
        return ClosingResult("done", replies.closed(), made)
    return ClosingResult("already", replies.already_closed(), made)


OVERDUE = """
SELECT t.poll_id FROM poll_tallies t JOIN polls p ON p.id = t.poll_id WHERE p.closed_at IS NULL AND p.closes_at <= $1
"""


async def close_due() -> int:
    """Write down that polls past their deadline are closed, so that their cards are redrawn; how many were.

    Nothing waits for it: whoever reads a poll takes a passed deadline as its end (`P2`).
    """
    at = clock.now()
    if not await db.value(f"SELECT EXISTS ({OVERDUE})", at):
        return 0
    async with db.transaction():
        due = await db.rows(f"{OVERDUE} ORDER BY t.poll_id FOR NO KEY UPDATE OF t", at)
        closed = await db.rows(
            "UPDATE polls SET closed_at = closes_at WHERE id = ANY($1::bigint[]) AND closed_at IS NULL RETURNING id",
            [row["poll_id"] for row in due],
        )
        await db.execute(
            "UPDATE poll_tallies SET version = version + 1 WHERE poll_id = ANY($1::bigint[])",
            [row["id"] for row in closed],
        )
    return len(closed)
