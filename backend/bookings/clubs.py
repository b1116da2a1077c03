"""The clubs as their members see them: who to ask, what is ahead, what is theirs; and going (`A2`, `A8`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.accounts.memberships import LastOwner, end_membership
from backend.accounts.queries import CLUB, Club, authorize, club_from, solely_owned_clubs
from backend.accounts.rules import Permission, Role
from backend.bookings.queries.lists import my_bookings
from backend.errors import NotFound
from backend.people.queries import Person
from backend.seats import allocator
from backend.seats.regulars import remove_regulars_and_claims
from backend.seats.replies import Cancelled, TooLate
from backend.seats.requests import Request, Verb, Via
from backend.seats.state import InstanceState

SEATS_MOST = 500  # dates ahead that somebody can be in


@dataclass(frozen=True, slots=True)
class ClubView:
    """A club with its chats and its dates ahead; `next_start` is the soonest of them, in the `next_zone` of its event."""

    club: Club
    groups: tuple[str, ...]
    coming: int
    next_title: str
    next_start: datetime | None
    next_zone: str


@dataclass(frozen=True, slots=True)
class Organiser:
    """Somebody who can be asked: a first name, "" for who was erased, never more."""

    membership_id: int
    first_name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Commitments:
    """What a member would give back: dates with a seat, of them those that can no longer be left freely (`B6`), and
    lines they wait in."""

    seats: int
    late: int
    lines: int


VIEWS = f"""
SELECT c.*, array(SELECT g.title FROM groups g WHERE g.account_id = c.id ORDER BY g.title, g.id) AS groups, d.coming, n.title,
    n.starts_at, n.next_zone
FROM ({CLUB}) c
CROSS JOIN LATERAL (SELECT count(*) AS coming FROM event_instances i WHERE i.account_id = c.id AND i.starts_at > $2
    AND i.state = 'SCHEDULED') d
LEFT JOIN LATERAL (SELECT coalesce(i.title, r.title) AS title, i.starts_at, r.zone AS next_zone FROM event_instances i
    JOIN event_series r ON r.id = i.series_id WHERE i.account_id = c.id AND i.starts_at > $2 AND i.state = 'SCHEDULED'
    ORDER BY i.starts_at, i.id LIMIT 1) n ON true
"""


async def club_views(person: Person) -> list[ClubView]:
    """All the person's clubs, by name (`A8`)."""
    rows = await db.rows(f"{VIEWS} ORDER BY lower(c.name), c.id", person.id, clock.now())
    return [_view(row) for row in rows]


async def club_view(person: Person, account_id: int) -> ClubView:
    """One of them. Raises `NotFound` (`A1`)."""
    row = await db.row(f"{VIEWS} WHERE c.id = $3", person.id, clock.now(), account_id)
    if row is None:
        raise NotFound()
    return _view(row)


def _view(row: db.Row) -> ClubView:
    return ClubView(
        club_from(row),
        tuple(row["groups"]),
        row["coming"],
        row["title"] or "",
        row["starts_at"],
        row["next_zone"] or "UTC",
    )


async def organisers(club: Club) -> list[Organiser]:
    """Whom to ask, owners first."""
    rows = await db.rows(
        "SELECT m.id, u.first_name, m.role FROM memberships m JOIN telegram_users u ON u.id = m.user_id"
        " WHERE m.account_id = $1 AND m.left_at IS NULL AND m.role IN ('OWNER', 'ADMIN')"
        " ORDER BY m.role DESC, lower(u.first_name), m.id",
        club.id,
    )
    return [Organiser(row["id"], row["first_name"], Role(row["role"])) for row in rows]


async def commitments(person: Person, account_id: int | None = None) -> Commitments:
    """What the person would give back by leaving this club, or all of them."""
    views = [
        view
        for view in await my_bookings(person, limit=SEATS_MOST)
        if account_id in (None, view.account_id)
        and view.state == InstanceState.SCHEDULED
        and view.starts_at > clock.now()
    ]
    seated = [view for view in views if view.mine and view.mine.seats]
    late = [
        view
        for view in seated
        if not view.can_leave_freely and not (view.mine and view.mine.needs_move_answer)
    ]
    return Commitments(len(seated), len(late), len(views) - len(seated))


async def leave_club(person: Person, account_id: int, *, via: Via) -> None:
    """Leave the club. Seats and places in line ahead are given back first, each by the ordinary rules, so that the line moves;
    what can no longer be left freely stays theirs until somebody takes it (`B6`). Doing it again is `NotFound`.

    Raises `LastOwner` (`A2`), `NotFound`, `Busy`.
    """
    club = await authorize(person, account_id, Permission.BOOK)
    if any(own.id == club.id for own in await solely_owned_clubs(person)):
        raise LastOwner()
    await end_standing_seats([club.membership_id])
    await release_seats(person.id, [club.membership_id], late=Verb.REPLACE, via=via)
    await end_membership(person, club.id, club.membership_id)
    # What another device of theirs has booked in between.
    await release_seats(person.id, [club.membership_id], late=Verb.REPLACE, via=via)


async def end_standing_seats(membership_ids: list[int]) -> None:
    """These members have no standing seats and no first claims any more (`B11`, `P4`)."""
    async with db.transaction():
        await remove_regulars_and_claims(membership_ids)


PARTIES = """
SELECT b.instance_id, b.membership_id FROM bookings b JOIN event_instances i ON i.id = b.instance_id
WHERE b.membership_id = ANY($1::bigint[]) AND b.seats + b.waiting + b.offered > 0 AND i.starts_at > $2
ORDER BY i.starts_at, i.id
"""


async def release_seats(by: int, membership_ids: list[int], *, late: Verb, via: Via = Via.MINIAPP) -> int:
    """Ask the desk of every date ahead to take these members off: by leaving, after the deadline by `late`, and on what is
    cancelled at once, so that undoing that does not bring them back. `by` is the acting person's id. Of how many dates."""
    rows = await db.rows(PARTIES, membership_ids, clock.now())
    for row in rows:
        instance_id, member = row["instance_id"], row["membership_id"]
        try:
            await _off(instance_id, member, Verb.LEAVE, by, via)
        except TooLate:
            await _off(instance_id, member, late, by, via)
        except Cancelled:
            await _off(instance_id, member, Verb.REMOVE, by, via)
    return len(rows)


async def _off(instance_id: int, member: int, verb: Verb, by: int, via: Via) -> None:
    await allocator.submit((instance_id, Request(verb, via, by=by, membership_id=member, notify=False)))
