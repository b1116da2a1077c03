"""The people of an instance: who has a seat, who waits, who answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from backend import db
from backend.alphabets import fold, fold_sql, order_sql
from backend.archive import of_archive
from backend.bookings.views import InstanceView
from backend.i18n import DEFAULT
from backend.people.names import tell_apart
from backend.people.queries import Person
from backend.people.sql import REACHABLE, SHORT_NAME
from backend.search import word_pattern
from backend.seats.store import PLACE_IN_LINE
from backend.typed_text import clean_line


@dataclass(frozen=True, slots=True)
class Attendee:
    """Someone who comes, waits, or answered: a row of an instance's people. `place` is theirs in line. What
    their guests are called is known only to where organisers and helpers look (`attendance`): to other
    members guests are a number."""

    membership_id: int
    user_id: int | None
    first_name: str
    last_name: str
    answer: str
    seats: int
    waiting: int
    place: int | None
    answered_at: datetime
    queued_at: datetime | None
    offered: int = 0
    offer_until: datetime | None = None
    reachable: bool = False
    guest_names: tuple[str, ...] = ()
    told_apart: str = ""  # in a list with somebody of the same first name: with an initial

    @property
    def short_name(self) -> str:
        """What other members read."""
        return self.told_apart or self.first_name

    @property
    def wanted(self) -> int:
        """Seats they wait for or are offered, besides those they have."""
        return self.waiting + self.offered

    @property
    def guests(self) -> int:
        return max(0, self.seats + self.wanted - 1)

    @property
    def named_guests(self) -> tuple[str, ...]:
        """Those of the guests whose name is known."""
        return tuple(name for name in self.guest_names if name)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class People:
    """Who comes to an instance: at most as many parties as were asked for, and how many seats are taken in
    all."""

    comers: list[Attendee]
    seats: int

    @property
    def more(self) -> int:
        """How many people come besides those listed and their guests."""
        return max(0, self.seats - sum(comer.seats for comer in self.comers))


ATTENDEE = f"""
SELECT m.id AS membership_id, m.user_id, {SHORT_NAME} AS shown, u.last_name, {REACHABLE} AS reachable,
    b.answer, b.seats, b.waiting, b.offered, b.offer_until, b.answered_at, b.queued_at,
    {PLACE_IN_LINE} AS place_in_line
FROM bookings b JOIN memberships m ON m.id = b.membership_id LEFT JOIN telegram_users u ON u.id = m.user_id
WHERE b.instance_id = $1
"""


# The names of what `ATTENDEE` selects, for whoever has its rows as records within another.
ATTENDEE_COLUMNS = (
    *("membership_id", "user_id", "shown", "last_name", "reachable", "answer", "seats", "waiting", "offered"),
    *("offer_until", "answered_at", "queued_at", "place_in_line"),
)
SEATED = f"{ATTENDEE} AND b.seats > 0 ORDER BY b.seated_at, b.id LIMIT"
SEATED_MAX = 8  # parties on the screen of an instance
WITH_NAMES = ATTENDEE.replace("SELECT m.id", "SELECT b.guest_names, m.id", 1)


def _attendee(row: db.Row | Mapping[str, Any], told_apart: str = "") -> Attendee:
    return Attendee(
        membership_id=row["membership_id"],
        user_id=row["user_id"],
        first_name=row["shown"],
        last_name=row["last_name"] or "",
        answer=row["answer"],
        seats=row["seats"],
        waiting=row["waiting"],
        place=row["place_in_line"],
        answered_at=row["answered_at"],
        queued_at=row["queued_at"],
        offered=row["offered"],
        offer_until=row["offer_until"],
        reachable=row["reachable"],
        guest_names=tuple(row.get("guest_names", ())),
        told_apart=told_apart,
    )


def attendees_of(rows: Sequence[db.Row | Mapping[str, Any]]) -> list[Attendee]:
    """The attendees of one list, told apart."""
    names = tell_apart({row["membership_id"]: (row["shown"], row["last_name"] or "") for row in rows})
    return [_attendee(row, names[row["membership_id"]]) for row in rows]


async def attendees(instance_id: int, *, limit: int = SEATED_MAX, archived: bool = False) -> list[Attendee]:
    """Who has a seat, in the order in which they were seated."""
    sql = f"{SEATED} $2"
    return attendees_of(await db.rows(of_archive(sql) if archived else sql, instance_id, limit))


async def attendees_for(view: InstanceView, *, limit: int = SEATED_MAX) -> People:
    """Who has a seat, for the reader of a view: a stranger, who has only the link, reads no names (`A10`)."""
    if not view.role:
        return People([], 0)
    return People(await attendees(view.id, limit=limit, archived=view.is_archived), view.booked)


@dataclass(frozen=True, slots=True)
class AttendeeList:
    """The attendees that were asked for, by the letter their first names begin with, `#` for signs and
    digits; where they are few, all in the order in which they were seated, under no letter."""

    groups: list[tuple[str, list[Attendee]]]
    parties: int  # in all
    more: int = 0  # of those asked for, besides
    letters: tuple[str, ...] = ()  # of all who come


FEW = 30  # parties that are read at a glance

CROWD = f"""
WITH crowd AS (
    SELECT *, CASE WHEN upper(left(shown, 1)) ~ '[[:alpha:]]' THEN upper(left(shown, 1)) ELSE '#' END
        AS letter
    FROM ({ATTENDEE} AND b.seats > 0) attendee)
"""


def _letters(language: str) -> str:
    order = order_sql("letter", language)
    return f"{CROWD} SELECT letter, count(*) AS n FROM crowd GROUP BY letter ORDER BY letter = '#', {order}, letter"


def _found(language: str) -> str:
    letter, name = order_sql("letter", language), order_sql("shown", language)
    return f"""{CROWD} SELECT *, count(*) OVER () AS found FROM crowd
WHERE ($2 = '' OR {fold_sql("shown")} ~ $2) AND ($3 = '' OR letter = $3)
ORDER BY letter = '#', {letter}, letter, {name}, membership_id LIMIT $4
"""


async def search_attendees(
    view: InstanceView, *, words: str = "", letter: str = "", limit: int = 200, language: str = DEFAULT
) -> AttendeeList:
    """Who has a seat, by first name in the order of the language: everybody, or whose first name begins with this
    letter or has these words in it, accents or not, a typing error forgiven. They are found by what is shown of
    them, and by nothing else."""
    by_letter, by_name = _letters(language), _found(language)
    if view.is_archived:
        by_letter, by_name = of_archive(by_letter), of_archive(by_name)
    letters = await db.rows(by_letter, view.id)
    parties = sum(row["n"] for row in letters)
    if parties <= FEW:
        few = await attendees(view.id, limit=FEW, archived=view.is_archived)
        return AttendeeList([("", few)] if few else [], parties)
    rows = await db.rows(by_name, view.id, word_pattern(fold(clean_line(words))), letter, limit)
    letter_of = {row["membership_id"]: row["letter"] for row in rows}
    groups = [
        (head, list(of_head))
        for head, of_head in groupby(attendees_of(rows), lambda one: letter_of[one.membership_id])
    ]
    more = rows[0]["found"] - len(rows) if rows else 0
    return AttendeeList(groups, parties, more, tuple(row["letter"] for row in letters))


async def waitlist(instance_id: int, *, limit: int = 20) -> list[Attendee]:
    """Who is in line, in order (`W1`): those who wait, and those for whom seats are held."""
    rows = await db.rows(
        f"{ATTENDEE} AND (b.waiting > 0 OR b.offered > 0) ORDER BY b.priority DESC, b.queued_at, b.id LIMIT $2",
        instance_id,
        limit,
    )
    return attendees_of(rows)


def _first_in_line(limit: int, condition: str = "") -> str:
    """The ids of the first parties in line of the instance $1: of those who wait, and of those who only have an offer, each
    found by an index."""
    of_each = (
        f"(SELECT id, priority, queued_at FROM bookings WHERE instance_id = $1 AND {kind} {condition}"
        f" ORDER BY priority DESC, queued_at, id LIMIT {limit})"
        for kind in ("waiting > 0", "offered > 0 AND waiting = 0")
    )
    return f"(SELECT id FROM ({' UNION ALL '.join(of_each)}) line ORDER BY priority DESC, queued_at, id LIMIT {limit})"


_NOT_BEFORE_OWN = """AND (-priority, queued_at, id) >= (SELECT -b.priority, b.queued_at, b.id
    FROM bookings b JOIN memberships m ON m.id = b.membership_id WHERE b.instance_id = $1 AND m.user_id = $2)"""
EXCERPT = f"""
{ATTENDEE} AND b.id = ANY (ARRAY({_first_in_line(5)} UNION {_first_in_line(2, _NOT_BEFORE_OWN)}))
ORDER BY b.priority DESC, b.queued_at, b.id
"""


async def waitlist_around(instance_id: int, person: Person) -> list[Attendee]:
    """Of who is in line, in order (`W1`): the first five, the person, and the next one."""
    return attendees_of(await db.rows(EXCERPT, instance_id, person.id))


async def attendance(instance_id: int) -> list[Attendee]:
    """Everybody who ever answered: seated first, then the line, those with an offer at its head, then maybe,
    can't, left; for organisers and helpers."""
    sql = (
        f"{WITH_NAMES} ORDER BY b.seats > 0 DESC, b.waiting + b.offered > 0 DESC, b.seats = 0"
        " AND b.offered > 0 DESC,"
        " array_position(ARRAY['in','maybe','declined','left'], b.answer), b.priority DESC,"
        " coalesce(b.queued_at, b.seated_at, b.answered_at), b.id"
    )
    rows = await db.rows(sql, instance_id) or await db.rows(of_archive(sql), instance_id)
    return [_attendee(row) for row in rows]


async def next_in_line(view: InstanceView) -> Attendee | None:
    """The member who gets the seats that are held for the reader if they decline them; None when nobody is
    sure to."""
    if not view.mine or not view.mine.held:
        return None
    row = await db.row(
        f"{ATTENDEE} AND b.waiting > 0 AND b.lapsed_at IS NULL"
        " ORDER BY b.priority DESC, b.queued_at, b.id LIMIT 1",
        view.id,
    )
    return _attendee(row) if row and row["waiting"] <= view.mine.held else None
