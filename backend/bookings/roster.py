"""The roll of a date: its people a page at a time, found by name, for who organises it or stands at its door (`B10`, `B12`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from backend import db
from backend.bookings.queries.lists import search_words
from backend.people.sql import DISPLAY_NAME, REACHABLE

Kind = Literal["in", "line", "others", "door", "missing", "no-shows", "unreachable"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A party on the roll, or a member who is not on it. `place` is theirs in line, `came` how many of them are here."""

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
    here: bool = False
    guest_names: tuple[str, ...] = ()

    @property
    def named_guests(self) -> str:
        """Those of the guests whose name is known."""
        return ", ".join(name for name in self.guest_names if name)

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


@dataclass(frozen=True, slots=True)
class Page:
    """Some of them: `many` there are in all that were looked for, `after` is where the next page begins, if there is one."""

    entries: list[Entry]
    many: int
    after: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many parties and people are in, wait, answered otherwise, and are here."""

    parties: int
    people: int
    waiting: int
    seats_wanted: int
    maybe: int
    declined: int
    left: int
    here_parties: int
    here: int
    unseen: int  # parties that would be no-shows if the list were closed now

    @property
    def others(self) -> int:
        return self.maybe + self.declined + self.left


BY_NAME = f"lower({DISPLAY_NAME}), m.id"
SEATED = "b.seats > 0"
UNSEEN = f"{SEATED} AND b.checked_in_at IS NULL"
NO_SHOWS = f"{UNSEEN} AND b.replace_since IS NULL"
# Whom a change of the date concerns, and the bot cannot tell.
UNREACHABLE = f"b.answer IN ('in', 'maybe') AND NOT {REACHABLE}"
# Who is on which list, and in which order. At the door people are looked for by name, and none moves when they come.
KINDS: dict[Kind, tuple[str, str]] = {
    "in": (SEATED, "b.seated_at, b.id"),
    "line": (
        "b.waiting + b.offered > 0",
        "b.offered = 0, b.priority DESC, b.queued_at, b.id",
    ),
    "others": (
        "b.seats + b.waiting + b.offered = 0",
        "array_position(ARRAY['maybe','declined','left'], b.answer), b.answered_at, b.id",
    ),
    "door": (SEATED, BY_NAME),
    "missing": (UNSEEN, BY_NAME),
    "no-shows": (NO_SHOWS, BY_NAME),
    "unreachable": (UNREACHABLE, BY_NAME),
}
COLUMNS = f"""m.id AS membership_id, m.user_id, {DISPLAY_NAME} AS name, coalesce(u.username, '') AS username,
    {REACHABLE} AS reachable,
    b.answer, b.seats, b.waiting, b.offered, b.offer_until, b.came, b.checked_in_at IS NOT NULL AS here,
    b.guest_names"""
# Every word of the search is somewhere in their names.
SOUGHT = """(SELECT bool_and(strpos(lower(concat_ws(' ', {who}, {handle})), word) > 0)
    FROM unnest($2::text[]) AS word) IS NOT FALSE"""


def _words(sought: str) -> list[str]:
    return [word.removeprefix("@") for word in search_words(sought)]


def _entry(row: db.Row) -> Entry:
    return Entry(
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
        place=row["place"] if row["waiting"] else None,
        came=row["came"] or 0,
        here=bool(row["here"] and row["seats"]),
        guest_names=tuple(row["guest_names"] or ()),
    )


def _page(rows: list[db.Row], limit: int) -> Page:
    entries = [_entry(row) for row in rows[:limit]]
    more = entries[-1].membership_id if len(rows) > limit else None
    return Page(entries, rows[0]["many"] if rows else 0, more)


async def roster(
    instance_id: int, kind: Kind, *, words: str = "", after: int | None = None, limit: int = 50
) -> Page:
    """One of the lists of a date, in its order; `after` is the membership that the page before ended with."""
    who, order = KINDS[kind]
    rows = await db.rows(
        f"""WITH all_of_them AS (
            SELECT {COLUMNS}, row_number() OVER (ORDER BY {order}) AS n,
                count(*) FILTER (WHERE b.waiting > 0) OVER (ORDER BY b.priority DESC, b.queued_at, b.id) AS place
            FROM bookings b JOIN memberships m ON m.id = b.membership_id LEFT JOIN telegram_users u ON u.id = m.user_id
            WHERE b.instance_id = $1 AND {who}
        ), found AS (SELECT * FROM all_of_them WHERE {SOUGHT.format(who="name", handle="username")})
        SELECT *, (SELECT count(*) FROM found) AS many FROM found
        WHERE n > coalesce((SELECT n FROM all_of_them WHERE membership_id = $3), 0) ORDER BY n LIMIT $4""",
        instance_id,
        _words(words),
        after,
        limit + 1,
    )
    return _page(rows, limit)


async def counts(instance_id: int) -> Counts:
    """All of them at once."""
    row = await db.row(
        f"""SELECT count(*) FILTER (WHERE {SEATED}) AS parties, coalesce(sum(b.seats), 0)::int AS people,
            count(*) FILTER (WHERE b.waiting + b.offered > 0) AS waiting,
            coalesce(sum(b.waiting + b.offered), 0)::int AS seats_wanted,
            count(*) FILTER (WHERE b.answer = 'maybe') AS maybe,
            count(*) FILTER (WHERE b.answer = 'declined') AS declined,
            count(*) FILTER (WHERE b.answer = 'left') AS left,
            count(*) FILTER (WHERE {SEATED} AND b.checked_in_at IS NOT NULL) AS here_parties,
            coalesce(sum(b.came) FILTER (WHERE {SEATED} AND b.checked_in_at IS NOT NULL), 0)::int AS here,
            count(*) FILTER (WHERE {NO_SHOWS}) AS unseen
        FROM bookings b WHERE b.instance_id = $1""",
        instance_id,
    )
    assert row is not None
    return Counts(**dict(row))


async def entry(instance_id: int, account_id: int, membership_id: int) -> Entry | None:
    """A member of the club as they stand with the date; None for who is no member, and has not been on its roll."""
    row = await db.row(
        f"""SELECT {COLUMNS}, (SELECT 1 + count(*) FROM bookings q WHERE q.instance_id = $1 AND q.waiting > 0
            AND (q.priority > b.priority OR q.priority = b.priority AND (q.queued_at, q.id) < (b.queued_at, b.id))) AS place
        FROM memberships m LEFT JOIN telegram_users u ON u.id = m.user_id
        LEFT JOIN bookings b ON b.instance_id = $1 AND b.membership_id = m.id
        WHERE m.account_id = $2 AND m.id = $3 AND (m.left_at IS NULL OR b.id IS NOT NULL)""",
        instance_id,
        account_id,
        membership_id,
    )
    return _entry(row) if row else None


async def not_on_it(
    instance_id: int, account_id: int, *, words: str = "", after: int | None = None, limit: int = 50
) -> Page:
    """Members of the club who are neither in nor in line, by name."""
    rows = await db.rows(
        f"""WITH all_of_them AS (
            SELECT {COLUMNS}, NULL AS place, row_number() OVER (ORDER BY {BY_NAME}) AS n
            FROM memberships m LEFT JOIN telegram_users u ON u.id = m.user_id
            LEFT JOIN bookings b ON b.instance_id = $1 AND b.membership_id = m.id
            WHERE m.account_id = $5 AND m.left_at IS NULL
        ), found AS (
            SELECT * FROM all_of_them WHERE coalesce(seats + waiting + offered, 0) = 0
            AND {SOUGHT.format(who="name", handle="username")}
        )
        SELECT *, (SELECT count(*) FROM found) AS many FROM found
        WHERE n > coalesce((SELECT n FROM all_of_them WHERE membership_id = $3), 0) ORDER BY n LIMIT $4""",
        instance_id,
        _words(words),
        after,
        limit + 1,
        account_id,
    )
    return _page(rows, limit)
