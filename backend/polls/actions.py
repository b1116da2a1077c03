"""Making polls and voting (`P1`–`P3`).

A vote is a ballot that is submitted to the ballot processor; its outcome comes after the commit. Every
function raises `NotFound`, `Busy`, `Unavailable`, and the refusals of `replies`.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from backend import clock, codes, db, zone_data
from backend.accounts.memberships import join
from backend.accounts.queries import authorize
from backend.accounts.rules import JoinedThrough, Permission
from backend.addresses import Address, Addresses
from backend.audit.actions import record_audit
from backend.errors import NotFound
from backend.events.create import validate_group
from backend.groups.presence import is_present
from backend.people.queries import Person
from backend.people.rate_limits import RateLimit, spend
from backend.polls import ballot_processor
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.rules import Answer, Ballot, Choice, NotAVoter, PollKind, VoteOutcome
from backend.polls.tables import Poll
from backend.seats.requests import Via
from backend.zones import exact_wall_clock, resolve_local, wall_clock

addresses = Addresses("SELECT id, account_id FROM polls WHERE code = $1")

# The options of poll $2 in account $1, in the order of the JSON array $3, each with its empty tally.
INSERT_OPTIONS = """
WITH drafts AS (
    SELECT * FROM ROWS FROM (jsonb_to_recordset($3::jsonb)
        AS (text text, starts_at timestamptz, starts_local timestamp, zone text, zone_data text, votes_max int))
        WITH ORDINALITY AS t (text, starts_at, starts_local, zone, zone_data, votes_max, position)
), options AS (
    INSERT INTO poll_options (account_id, poll_id, position, text, starts_at, starts_local, zone, zone_data)
    SELECT $1, $2, position, text, starts_at, starts_local, zone, zone_data FROM drafts RETURNING id, position
)
INSERT INTO poll_option_tallies (option_id, account_id, votes_max)
SELECT o.id, $1, d.votes_max FROM options o JOIN drafts d ON d.position = o.position
"""


async def find_poll(code: str) -> Address:
    """The poll with this public code. Raises `NotFound`."""
    return await addresses.find(code)


async def create_poll(person: Person, account_id: int, draft: PollDraft) -> str:
    """Make a poll; its code. Raises `InvalidForm`, `TooOften`, `Forbidden`, `NotFound`."""
    account = await authorize(person, account_id, Permission.MANAGE_POLLS)
    draft.validate()
    await spend(person, RateLimit.POLLS)
    poll = Poll(
        account_id=account.id,
        code=codes.new_code(),
        question=draft.question,
        kind=draft.kind,
        choices_max=draft.answers_max,
        anonymous=draft.anonymous,
        results=draft.results,
        closes_at=draft.closes_at,
        group_id=draft.group_id,
        topic_id=draft.topic_id if draft.group_id is not None else None,
        created_by=person.id,
        created_at=clock.now(),
    )
    options = [
        {"text": option.text, "votes_max": option.votes_max, **_moment(option.starts_at, account.zone)}
        for option in _ordered_options(draft, account.zone)
    ]
    async with db.transaction():
        await validate_group(account.id, draft.group_id)
        await poll.save()
        await db.execute(INSERT_OPTIONS, account.id, poll.id, json.dumps(options))
        await db.execute(
            "INSERT INTO poll_tallies (poll_id, account_id) VALUES ($1, $2)", poll.id, account.id
        )
        await record_audit(account.id, person.id, "create", f"poll {poll.id}", question=draft.question)
    return poll.code


def _moment(starts_at: datetime | None, zone: str) -> dict[str, str]:
    """The columns of an option that is a date."""
    if starts_at is None:
        return {}
    return {
        "starts_at": starts_at.isoformat(),
        "starts_local": exact_wall_clock(starts_at, zone).isoformat(),
        "zone": zone,
        "zone_data": zone_data.current().version,
    }


def _ordered_options(draft: PollDraft, zone: str) -> list[OptionDraft]:
    """The options in the order they are shown: texts as entered; dates by time, at a wall-clock time of the
    zone that exists (`S3`), each once."""
    if draft.kind != PollKind.DATES:
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
    """Set the person's whole choice, as options or as an answer to each; an empty one withdraws the vote
    (`P2`).

    Every action of a door takes `via`; here it is not stored, because votes are not logged.
    """
    whole = choice if isinstance(choice, Mapping) else dict.fromkeys(choice, Answer.YES)
    return await _cast_ballot(code, person, whole, tap=False)


async def tap_option(code: str, person: Person, option_id: int, *, via: Via) -> VoteOutcome:
    """Tap an option of the card (`P3`): it is chosen or withdrawn; a date gets the next answer."""
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
    """Make the person a member of the poll's account if they are in its group (`A4`); nothing changes for a
    member.

    A door calls it before it shows a poll to somebody who may be new: the queries admit nobody. Raises
    `NotFound`.
    """
    await _admit(person, await find_poll(code))


async def _admit(person: Person, where: Address) -> None:
    row = await db.row(
        "SELECT p.group_id, EXISTS (SELECT 1 FROM memberships m WHERE m.account_id = p.account_id"
        " AND m.user_id = $2 AND m.left_at IS NULL AND m.visitor_since IS NULL) AS is_member FROM polls p WHERE p.id = $1",
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
