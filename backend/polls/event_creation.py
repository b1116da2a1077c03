"""Making the instance of a poll's winning date, and the first claim that its yes-voters have on the seats
(`P4`).

Everything here runs in the transaction that closes the poll, with its tally locked: both happen, or neither.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backend import db, failpoints
from backend.accounts.queries import AccountView
from backend.audit.actions import record_audit
from backend.errors import Invalid, InvalidForm
from backend.events.claims import set_claim_until
from backend.events.create import insert_series
from backend.events.drafts import DAY, TITLE_MAX, SeriesDraft
from backend.i18n import N_
from backend.outbox.enqueue import enqueue
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.polls import replies
from backend.polls.rules import Answer, PollKind, winning_date
from backend.polls.zone_changes import follow_zone_data
from backend.seats.claims import insert_claims
from backend.series_defaults.queries import blank_draft
from backend.typed_text import clean_line
from backend.zones import wall_clock

CLAIM_MAX = 30 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDetails:
    """The event to make, as an organiser enters it. `option_id` None is the winning date, `title` "" is the
    poll's question.

    Without a length or a number of guests they are as in every new event of the club (`S12`), like what is not here. Its
    texts are cleaned (`X10`). For `claim_minutes` only those who answered yes may take seats; without a
    capacity there is nothing to claim.
    """

    option_id: int | None = None
    title: str = ""
    emoji: str = ""
    place: str = ""
    duration_minutes: int | None = None
    capacity: int | None = None
    guests_max: int | None = None
    claim_minutes: int = DAY

    def __post_init__(self) -> None:
        for field in ("title", "emoji", "place"):
            object.__setattr__(self, field, clean_line(getattr(self, field)))


@dataclass(frozen=True, slots=True)
class CreatedEvent:
    """The instance that was made of a poll. Times are aware instants; `claim_until` is None when nobody has a
    first claim."""

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
    """The instance made of this poll, if there is one; there is never a second."""
    row = await db.row(
        "SELECT i.code, i.starts_at, i.claim_until FROM poll_options o JOIN event_instances i ON i.id = o.made_instance_id"
        " WHERE o.poll_id = $1",
        poll_id,
    )
    return CreatedEvent(row["code"], row["starts_at"], row["claim_until"]) if row is not None else None


async def create_event(
    account: AccountView, person: Person, poll_id: int, details: EventDetails, at: datetime
) -> CreatedEvent:
    """Make the instance. Raises `InvalidForm`, and `Invalid` when no date can be chosen."""
    poll = await db.row("SELECT * FROM polls WHERE id = $1", poll_id)
    assert poll is not None
    if poll["kind"] != PollKind.DATES:
        raise replies.not_about_dates()
    await follow_zone_data(poll_id, at)
    option = await _choose_option(poll_id, details.option_id, at)
    assert option.starts_at is not None
    blank = await blank_draft(account.id)
    draft = _series_draft(blank, poll, details, option.starts_at, account.zone, at)
    series = await insert_series(account.id, person.id, draft, at)
    await failpoints.reach("poll.event-created")
    claim_until = None
    if draft.capacity is not None and details.claim_minutes:
        claim_until = min(at + timedelta(minutes=details.claim_minutes), option.starts_at)
    instance_id = await set_claim_until(series.first_code, claim_until)
    await db.execute("UPDATE poll_options SET made_instance_id = $2 WHERE id = $1", option.id, instance_id)
    await _claim_and_notify(account, option.id, instance_id, claim_until, at)
    await record_audit(account.id, person.id, "make date", f"poll {poll_id}", date=series.first_code)
    return CreatedEvent(series.first_code, option.starts_at, claim_until)


async def _choose_option(poll_id: int, option_id: int | None, at: datetime) -> _DateOption:
    """The date with this option id, or the winning one. Raises `Invalid`."""
    rows = await db.rows(
        "SELECT o.id, c.votes, c.against, o.starts_at FROM poll_options o"
        " JOIN poll_option_tallies c ON c.option_id = o.id WHERE o.poll_id = $1",
        poll_id,
    )
    options = [_DateOption(row["id"], row["votes"], row["against"], row["starts_at"]) for row in rows]
    if option_id is None:
        winning = winning_date(options, at)
        if winning is None:
            raise replies.no_winning_date()
        return winning
    chosen = next((option for option in options if option.id == option_id), None)
    if chosen is None or chosen.starts_at is None:
        raise replies.unknown_option()
    if chosen.starts_at <= at:
        raise replies.past_date()
    return chosen


def _series_draft(
    blank: SeriesDraft, poll: db.Row, details: EventDetails, starts_at: datetime, zone: str, at: datetime
) -> SeriesDraft:
    """A series of one instance, which is announced to the poll's group at once; what the details leave open is as in
    `blank` (`S12`). Raises `InvalidForm`."""
    title = details.title or poll["question"]
    seats = details.capacity
    least = blank.min_to_run
    draft = replace(
        blank,
        title=title if details.title or len(title) <= TITLE_MAX else title[: TITLE_MAX - 1] + "…",
        emoji=details.emoji,
        place=details.place,
        zone=zone,
        starts_local=wall_clock(starts_at, zone),
        duration_minutes=_given(details.duration_minutes, blank.duration_minutes),
        capacity=seats,
        guests_max=_given(details.guests_max, blank.guests_max),
        # The minimum is no field of this form, so it gives way to fewer seats.
        min_to_run=least if least is None or seats is None or least <= seats else None,
        announce_before_minutes=min(366 * DAY, max(2 * DAY, (starts_at - at) // timedelta(minutes=1) + 1)),
        group_id=poll["group_id"],
        topic_id=poll["topic_id"],
    )
    draft.validate()
    if not 0 <= details.claim_minutes <= CLAIM_MAX:
        bounds = N_("Between %(least)s and %(most)s, please.")
        raise InvalidForm([Invalid(bounds, field="claim_minutes", least=0, most=CLAIM_MAX)])
    return draft


def _given(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


async def _claim_and_notify(
    account: AccountView, option_id: int, instance_id: int, claim_until: datetime | None, at: datetime
) -> None:
    """Give the members who answered yes their first claim, and notify them."""
    voters = await db.rows(
        "SELECT m.id, m.user_id FROM poll_votes v JOIN memberships m ON m.id = v.membership_id"
        " WHERE v.option_id = $1 AND v.answer = $2 AND m.left_at IS NULL AND m.user_id IS NOT NULL ORDER BY v.at, v.id",
        option_id,
        Answer.YES,
    )
    if claim_until is not None:
        await insert_claims(account.id, instance_id, [row["id"] for row in voters])
    detail = {"until": claim_until.isoformat()} if claim_until is not None else {}
    await enqueue(
        Kind.SEAT_CLAIM,
        [(row["user_id"], detail) for row in voters],
        account_id=account.id,
        instance_id=instance_id,
        at=at,
    )
