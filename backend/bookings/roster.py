"""The roster of an instance: its people a page at a time, found by name, for organisers and helpers (`B10`,
`B12`)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend import db
from backend.accounts.member_pages import MemberList, member_page
from backend.alphabets import order_sql
from backend.archive import of_archive
from backend.i18n import DEFAULT
from backend.people.pages import PERSON, PeoplePage, page_of
from backend.people.sql import DISPLAY_NAME, REACHABLE
from backend.seats.store import PLACE_IN_LINE
from backend.typed_text import isolate


class RosterKind(StrEnum):
    """The lists of a roster."""

    SEATED = "in"
    WAITLIST = "line"
    WITHOUT_SEAT = "line without a seat"  # the waitlist without parties of which a part is seated
    OTHERS = "others"  # who said maybe or can't, or left
    CHECK_IN = "door"  # the seated by name, so that nobody moves when they are checked in
    NOT_CHECKED_IN = "missing"
    NO_SHOWS = "no-shows"
    UNREACHABLE = "unreachable"  # the bot cannot write to them about a change of the instance


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """A party on the roster, or a member who is not on it. `place` is theirs on the waitlist, from 1; `came`
    is how many of the party are checked in."""

    membership_id: int
    user_id: int | None
    name: str
    username: str
    reachable: bool
    answer: str = ""
    seats: int = 0
    waiting: int = 0
    offered: int = 0
    offer_until: datetime | None = None
    place: int | None = None
    came: int = 0
    checked_in: bool = False
    guest_names: tuple[str, ...] = ()
    answered_at: datetime | None = None
    queued_at: datetime | None = None
    note: str = ""

    @property
    def named_guests(self) -> str:
        """The guests whose names are known."""
        return ", ".join(isolate(name) for name in self.guest_names if name)

    @property
    def wanted(self) -> int:
        """Seats they wait for or are offered, besides those they have."""
        return self.waiting + self.offered

    @property
    def size(self) -> int:
        return self.seats + self.wanted

    @property
    def guests(self) -> int:
        return max(0, self.size - 1)


RosterPage = PeoplePage[RosterEntry]


@dataclass(frozen=True, slots=True)
class RosterCounts:
    """How many parties and people are seated, wait, answered otherwise, and are checked in."""

    parties: int
    people: int
    waiting: int
    seats_wanted: int  # offered ones too
    seats_waited_for: int
    maybe: int
    declined: int
    left: int
    checked_in_parties: int
    checked_in: int
    no_shows: int  # parties that are, or would be if the list were closed now

    @property
    def others(self) -> int:
        return self.maybe + self.declined + self.left

    @property
    def concerns_anybody(self) -> bool:
        """Whether somebody is told when it is cancelled, restored or moved (`S5`)."""
        return bool(self.parties or self.waiting or self.maybe)


BY_NAME = "by name"  # of the members, in the order of the reader's language
SEATED = "b.seats > 0"
NOT_CHECKED_IN = f"{SEATED} AND b.checked_in_at IS NULL"
NO_SHOWS = f"{NOT_CHECKED_IN} AND b.replace_since IS NULL"
UNREACHABLE = f"b.answer IN ('in', 'maybe') AND NOT {REACHABLE}"
WAITLIST = ("b.waiting + b.offered > 0", "b.offered = 0, b.priority DESC, b.queued_at, b.id")
# The condition and the order of each list.
LISTS: dict[RosterKind, tuple[str, str]] = {
    RosterKind.SEATED: (SEATED, "b.seated_at, b.id"),
    RosterKind.WAITLIST: WAITLIST,
    RosterKind.WITHOUT_SEAT: WAITLIST,
    RosterKind.OTHERS: (
        "b.seats + b.waiting + b.offered = 0",
        "array_position(ARRAY['maybe','declined','left'], b.answer), b.answered_at, b.id",
    ),
    RosterKind.CHECK_IN: (SEATED, BY_NAME),
    RosterKind.NOT_CHECKED_IN: (NOT_CHECKED_IN, BY_NAME),
    RosterKind.NO_SHOWS: (NO_SHOWS, BY_NAME),
    RosterKind.UNREACHABLE: (UNREACHABLE, BY_NAME),
}
COLUMNS = f"""m.id AS membership_id, m.user_id, {DISPLAY_NAME} AS name, coalesce(u.username, '') AS username,
    {REACHABLE} AS reachable,
    b.answer, b.seats, b.waiting, b.offered, b.offer_until, b.came, b.checked_in_at IS NOT NULL AS checked_in,
    b.guest_names, b.answered_at, b.queued_at, b.note"""


def _by_name(language: str) -> str:
    return f"{order_sql(DISPLAY_NAME, language)}, m.id"


def _entry(row: db.Row) -> RosterEntry:
    return RosterEntry(
        membership_id=row["membership_id"],
        user_id=row["user_id"],
        name=row["name"],
        username=row["username"],
        reachable=row["reachable"],
        answer=row["answer"] or "",
        seats=row["seats"] or 0,
        waiting=row["waiting"] or 0,
        offered=row["offered"] or 0,
        offer_until=row["offer_until"],
        place=row["place"] if row["waiting"] or row["offered"] else None,
        came=row["came"] or 0,
        checked_in=bool(row["checked_in"] and row["seats"]),
        guest_names=tuple(row["guest_names"] or ()),
        answered_at=row["answered_at"],
        queued_at=row["queued_at"],
        note=row["note"] or "",
    )


async def roster(
    instance_id: int,
    kind: RosterKind,
    *,
    words: str = "",
    after: int | None = None,
    limit: int = 50,
    language: str = DEFAULT,
    archived: bool = False,
) -> RosterPage:
    """One list of an instance, in its order, names in that of the language; `after` is the membership that the
    page before ended with."""
    condition, order = LISTS[kind]
    if order == BY_NAME:
        order = _by_name(language)
    numbered = f"""SELECT {COLUMNS}, row_number() OVER (ORDER BY {order}) AS n,
            count(*) FILTER (WHERE b.waiting + b.offered > 0)
                OVER (ORDER BY b.priority DESC, b.queued_at, b.id) AS place
        FROM bookings b JOIN memberships m ON m.id = b.membership_id {PERSON}
        WHERE b.instance_id = $1 AND {condition}"""
    if archived:
        numbered = of_archive(numbered)
    listed = "seats = 0" if kind == RosterKind.WITHOUT_SEAT else "true"
    return await page_of(_entry, numbered, instance_id, words=words, after=after, limit=limit, listed=listed)


COUNTS = f"""
SELECT count(*) FILTER (WHERE {SEATED}) AS parties, coalesce(sum(b.seats), 0)::int AS people,
    count(*) FILTER (WHERE b.waiting + b.offered > 0) AS waiting,
    coalesce(sum(b.waiting + b.offered), 0)::int AS seats_wanted,
    coalesce(sum(b.waiting), 0)::int AS seats_waited_for,
    count(*) FILTER (WHERE b.answer = 'maybe') AS maybe,
    count(*) FILTER (WHERE b.answer = 'declined') AS declined,
    count(*) FILTER (WHERE b.answer = 'left') AS left,
    count(*) FILTER (WHERE {SEATED} AND b.checked_in_at IS NOT NULL) AS checked_in_parties,
    coalesce(sum(b.came) FILTER (WHERE {SEATED} AND b.checked_in_at IS NOT NULL), 0)::int AS checked_in,
    count(*) FILTER (WHERE {NO_SHOWS}) AS no_shows
FROM bookings b WHERE b.instance_id = $1
"""


async def roster_counts(instance_id: int, *, archived: bool = False) -> RosterCounts:
    """The numbers of an instance."""
    row = await db.row(of_archive(COUNTS) if archived else COUNTS, instance_id)
    assert row is not None
    return RosterCounts(**dict(row))


async def roster_entry(instance_id: int, account_id: int, membership_id: int) -> RosterEntry | None:
    """A member's entry; None for somebody who is no member and has never answered."""
    row = await db.row(
        f"""SELECT {COLUMNS}, {PLACE_IN_LINE} AS place
        FROM memberships m LEFT JOIN telegram_users u ON u.id = m.user_id
        LEFT JOIN bookings b ON b.instance_id = $1 AND b.membership_id = m.id
        WHERE m.account_id = $2 AND m.id = $3 AND (m.left_at IS NULL OR b.id IS NOT NULL)""",
        instance_id,
        account_id,
        membership_id,
    )
    return _entry(row) if row else None


async def unlisted_members(
    instance_id: int,
    account_id: int,
    *,
    words: str = "",
    after: int | None = None,
    limit: int = 50,
    language: str = DEFAULT,
) -> RosterPage:
    """Members of the club who are neither seated nor waiting, by name in the order of the language."""
    booking = "SELECT * FROM bookings WHERE instance_id = $3 AND membership_id = m.id"
    found = MemberList(
        f"{COLUMNS}, NULL AS place",
        f"NOT EXISTS ({booking} AND seats + waiting + offered > 0 OFFSET 0)",
        f"LEFT JOIN LATERAL ({booking} LIMIT 1) b ON true",
        (instance_id,),
        all_counted=False,
    )
    return await member_page(
        _entry, found, account_id, words=words, after=after, limit=limit, language=language
    )
