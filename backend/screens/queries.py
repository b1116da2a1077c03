"""What the list of dates to come and the screen of one date are made of, each found by one statement. Hundreds open them
within seconds, and one more statement costs as much as all that it finds (decision 0060)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend import clock, db
from backend.accounts.queries import ACCOUNT_COLUMNS, JOINED, AccountView, account_from
from backend.bookings.etags import ACCOUNTS, EVENT, OWN, OWN_BOOKINGS, VERSION, VISIBLE
from backend.bookings.queries import event as event_queries
from backend.bookings.queries.lists import AHEAD, GROUPS_AHEAD, MAY_NEED_ANSWER, search_values
from backend.bookings.queries.people import (
    ATTENDEE_COLUMNS,
    SEATED,
    SEATED_MAX,
    People,
    attendees_for,
    attendees_of,
)
from backend.bookings.view_queries import VIEW, views_of
from backend.bookings.views import InstanceView
from backend.people.queries import Person
from backend.polls.queries import RELATED, related_polls
from backend.polls.views import RelatedPoll


@dataclass(frozen=True, slots=True)
class RowVersion:
    """The versions of all that a row of a list is made of: what everybody sees, and what is the reader's own; the latter is
    the same for all who have nothing of their own there."""

    id: int
    everybody: str
    reader: str


@dataclass(frozen=True, slots=True)
class GroupAhead:
    """A chat of one of the reader's clubs with dates to come."""

    id: int
    title: str
    account_id: int


@dataclass(frozen=True, slots=True)
class Home:
    """The reader's clubs and their chats, by name, the dates to come, soonest first, and whether anything may need the
    reader's answer, whichever club is shown; `version` changes whenever any of it does."""

    version: str
    accounts: list[AccountView]
    groups: list[GroupAhead]
    rows: list[RowVersion]
    may_need_answer: bool


# While only those with a claim may book, who asks matters too (P4). Each date's other rows are looked up.
_ROWS = f"""
WITH own AS MATERIALIZED (
    SELECT b.id, b.instance_id, b.membership_id, b.xmin FROM {OWN_BOOKINGS} WHERE m.user_id = $1 AND m.left_at IS NULL)
SELECT i.id, ROW(i.i, i.r, i.a, s.xmin)::text AS everybody,
    ROW(b.id, b.xmin, x.xmin, CASE WHEN i.claim_until > $2 THEN i.membership_id END)::text AS reader
FROM {AHEAD} i
CROSS JOIN LATERAL (SELECT xmin FROM instance_seats WHERE instance_id = i.id OFFSET 0) s
LEFT JOIN own b ON b.instance_id = i.id AND b.membership_id = i.membership_id
LEFT JOIN LATERAL (SELECT xmin FROM absences
    WHERE instance_id = i.id AND membership_id = i.membership_id AND pardoned_at IS NULL OFFSET 0) x ON true
ORDER BY i.starts_at, i.id"""
_HOME = f"""
(SELECT sum(hashtextextended(ROW(g.id, g.title)::text, 0)) AS version,
    array_agg(ROW(g.id, g.title, g.account_id) ORDER BY g.title, g.id) AS found {GROUPS_AHEAD}) groups,
(SELECT sum({VERSION}) AS version, bool_or({MAY_NEED_ANSWER}) AS asked
    {OWN} AND i.ends_at > $2) mine,
(SELECT sum(hashtextextended(ROW(one.id, one.everybody, one.reader)::text, 0)) AS version, array_agg(one.id) AS ids,
    array_agg(one.everybody) AS everybody, array_agg(one.reader) AS reader FROM ({_ROWS}) one) shown"""
_HOME_VERSION = f"ROW({ACCOUNTS}, groups.version, mine.version, shown.version)::text"


async def home(
    person: Person,
    *,
    account_id: int | None = None,
    group_id: int | None = None,
    words: str = "",
    limit: int = 60,
    after: datetime | None = None,
) -> Home:
    """What the list shows: of a club or a group, of what has these words, `after` an instance's start."""
    values = search_values(
        person, account_id=account_id, group_id=group_id, words=words, limit=limit, after=after
    )
    row = await db.row(
        f"SELECT {_HOME_VERSION} AS version, ARRAY(SELECT one FROM ({JOINED}) one) AS accounts,"
        f" groups.found, mine.asked, shown.ids, shown.everybody, shown.reader FROM {_HOME}",
        *values,
    )
    assert row is not None
    rows = zip(row["ids"] or (), row["everybody"] or (), row["reader"] or (), strict=True)
    return Home(
        version=row["version"],
        accounts=[account_from(one) for one in _named(ACCOUNT_COLUMNS, row["accounts"])],
        groups=[GroupAhead(*one) for one in row["found"] or ()],
        rows=[RowVersion(*one) for one in rows],
        may_need_answer=bool(row["asked"]),
    )


async def home_version(
    person: Person,
    *,
    account_id: int | None = None,
    group_id: int | None = None,
    words: str = "",
    limit: int = 60,
    after: datetime | None = None,
) -> str:
    """The version of the same, alone."""
    values = search_values(
        person, account_id=account_id, group_id=group_id, words=words, limit=limit, after=after
    )
    return str(await db.value(f"SELECT {_HOME_VERSION} FROM {_HOME}", *values))


@dataclass(frozen=True, slots=True)
class Event:
    """One instance for one reader: who comes, and the polls about it. `version` changes with everything of it that a reader
    sees, `everybody` with what is the same for all of them; both are "" for one from the archive."""

    version: str
    everybody: str
    view: InstanceView
    people: People
    polls: list[RelatedPoll]


# A stranger, who has only the link, reads no names (A10). The limit is not a constant for the planner, which then takes
# the first by the index; by its guess of a few parties at each date it would sort all, and a rush has thousands.
_COMERS = f"""CASE WHEN m.id IS NOT NULL THEN ARRAY(
    SELECT one FROM ({SEATED.replace("$1", "i.id")} (SELECT {SEATED_MAX})) one) END"""
_POLLS = RELATED.replace("$3", "i.account_id").replace("$4", "i.id")
_POLLS = _POLLS.replace("$5", "r.group_id").replace("$6", "r.topic_id")
_EVENT = VIEW.replace(
    "SELECT ",
    f"""SELECT {EVENT} AS etag, ROW(i.xmin, r.xmin, a.xmin, s.xmin)::text AS everybody, {_COMERS} AS comers,
    ARRAY(SELECT one FROM ({_POLLS}) one) AS polls, """,
    1,
)


async def event(code: str, person: Person) -> Event:
    """One instance, for whoever may see it. Raises `NotFound` (`A1`)."""
    now = clock.now()
    rows = await db.rows(f"{_EVENT} WHERE {VISIBLE}", person.id, now, code)
    for row, view in zip(rows, await views_of(rows, now), strict=True):
        comers = attendees_of(_named(ATTENDEE_COLUMNS, row["comers"] or ()))
        polls = [poll for poll in (RelatedPoll(*one) for one in row["polls"]) if _is_shown(poll, view)]
        return Event(row["etag"], row["everybody"], view, People(comers, view.booked), polls)
    view = await event_queries.event(code, person)
    polls = await related_polls(view.account_id, view.id, person, group_id=None, topic_id=view.topic_id)
    return Event("", "", view, await attendees_for(view), polls)


def _is_shown(poll: RelatedPoll, view: InstanceView) -> bool:
    """Whether a poll stands beside an instance: once that is over or cancelled, only the one it was made from."""
    return poll.made or view.phase in ("not-open", "open", "closed")


def _named(columns: Sequence[str], records: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Records within a row, which have no names, as rows."""
    return [dict(zip(columns, record, strict=True)) for record in records]
