"""The date that comes of a poll about dates, and who has first claim on its seats (`P4`).

All of it is called inside the transaction that closes the poll, whose tally is locked: so both are there, or neither.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import db, failpoints
from backend.accounts.queries import Club
from backend.audit.actions import record_audit
from backend.errors import Invalid, InvalidForm
from backend.events.create import insert_series
from backend.events.drafts import DAY, TITLE_MAX, SeriesDraft
from backend.i18n import N_
from backend.outbox.enqueue import enqueue
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.polls import replies
from backend.polls.rules import Answer, best_date
from backend.zones import wall_clock

CLAIM_MAX = 30 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDetails:
    """The date to be made, as an organiser enters it. `option_id` None is the best date, `title` "" the question.

    For `claim_minutes` only who said yes may take its seats; with no limit to them nobody has to come first.
    """

    option_id: int | None = None
    title: str = ""
    emoji: str = ""
    place: str = ""
    duration_minutes: int = 60
    capacity: int | None = None
    guests_max: int = 0
    claim_minutes: int = DAY


@dataclass(frozen=True, slots=True)
class CreatedEvent:
    """The date that was made of a poll. `claim_until` None: nobody comes first."""

    code: str
    starts_at: datetime
    claim_until: datetime | None


@dataclass(frozen=True, slots=True)
class _DateOption:
    id: int
    votes: int
    against: int
    starts_at: datetime | None


async def created_event(poll_id: int) -> CreatedEvent | None:
    """The date made of this poll, if there is one: there is never a second."""
    row = await db.row(
        "SELECT i.code, i.starts_at, i.claim_until FROM poll_options o JOIN event_instances i ON i.id = o.made_instance_id"
        " WHERE o.poll_id = $1",
        poll_id,
    )
    return CreatedEvent(row["code"], row["starts_at"], row["claim_until"]) if row is not None else None


async def create_event(
    club: Club, person: Person, poll_id: int, making: EventDetails, at: datetime
) -> CreatedEvent:
    """Make it. Raises `InvalidForm`, `Invalid` when no date can be it."""
    poll = await db.row("SELECT * FROM polls WHERE id = $1", poll_id)
    assert poll is not None
    if poll["kind"] != "dates":
        raise replies.not_about_dates()
    date = await _choose_option(poll_id, making.option_id, at)
    assert date.starts_at is not None
    draft = _series_draft(poll, making, date.starts_at, club.zone, at)
    series = await insert_series(club.id, person.id, draft, at)
    await failpoints.reach("poll.made")
    claim_until = None
    if making.capacity is not None and making.claim_minutes:
        claim_until = min(at + timedelta(minutes=making.claim_minutes), date.starts_at)
    instance_id = await db.value(
        "UPDATE event_instances SET claim_until = $2 WHERE code = $1 RETURNING id",
        series.first_code,
        claim_until,
    )
    await db.execute("UPDATE poll_options SET made_instance_id = $2 WHERE id = $1", date.id, instance_id)
    await _claim_and_notify(club, date.id, instance_id, claim_until, at)
    await record_audit(club.id, person.id, "make date", f"poll {poll_id}", date=series.first_code)
    return CreatedEvent(series.first_code, date.starts_at, claim_until)


async def _choose_option(poll_id: int, option_id: int | None, at: datetime) -> _DateOption:
    """The option that was named, or the best."""
    rows = await db.rows(
        "SELECT o.id, c.votes, c.against, o.starts_at FROM poll_options o"
        " JOIN poll_option_tallies c ON c.option_id = o.id WHERE o.poll_id = $1",
        poll_id,
    )
    dates = [_DateOption(row["id"], row["votes"], row["against"], row["starts_at"]) for row in rows]
    if option_id is None:
        best = best_date(dates, at)
        if best is None:
            raise replies.no_winning_date()
        return best
    named = next((date for date in dates if date.id == option_id), None)
    if named is None or named.starts_at is None:
        raise replies.unknown_option()
    if named.starts_at <= at:
        raise replies.past_date()
    return named


def _series_draft(
    poll: db.Row, making: EventDetails, starts_at: datetime, zone: str, at: datetime
) -> SeriesDraft:
    """One date, announced to the poll's group at once. Raises `InvalidForm`."""
    title = making.title.strip() or poll["question"]
    draft = SeriesDraft(
        title=title if making.title or len(title) <= TITLE_MAX else title[: TITLE_MAX - 1] + "…",
        emoji=making.emoji,
        place=making.place,
        zone=zone,
        starts_local=wall_clock(starts_at, zone),
        duration_minutes=making.duration_minutes,
        capacity=making.capacity,
        guests_max=making.guests_max,
        announce_before_minutes=min(366 * DAY, max(2 * DAY, (starts_at - at) // timedelta(minutes=1) + 1)),
        group_id=poll["group_id"],
        topic_id=poll["topic_id"],
    )
    draft.validate()
    if not 0 <= making.claim_minutes <= CLAIM_MAX:
        bounds = N_("Between %(least)s and %(most)s, please.")
        raise InvalidForm([Invalid(bounds, field="claim_minutes", least=0, most=CLAIM_MAX)])
    return draft


async def _claim_and_notify(
    club: Club, option_id: int, instance_id: int, claim_until: datetime | None, at: datetime
) -> None:
    """Who said yes and is still a member gets their claim, and is told."""
    wanting = await db.rows(
        "SELECT m.id, m.user_id FROM poll_votes v JOIN memberships m ON m.id = v.membership_id"
        " WHERE v.option_id = $1 AND v.answer = $2 AND m.left_at IS NULL AND m.user_id IS NOT NULL ORDER BY v.at, v.id",
        option_id,
        Answer.YES,
    )
    if claim_until is not None:
        await db.execute(
            "INSERT INTO seat_claims (account_id, instance_id, membership_id) SELECT $1, $2, unnest($3::bigint[])",
            club.id,
            instance_id,
            [row["id"] for row in wanting],
        )
    detail = {"until": claim_until.isoformat()} if claim_until is not None else {}
    await enqueue(
        Kind.CLAIM,
        [(row["user_id"], detail) for row in wanting],
        account_id=club.id,
        instance_id=instance_id,
        at=at,
    )
