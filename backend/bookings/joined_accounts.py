"""The clubs as their members see them: organisers, instances to come, their own seats; and leaving (`A2`,
`A8`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.accounts.memberships import LastOwner, end_membership
from backend.accounts.queries import ACCOUNT, AccountView, account_from, authorize, solely_owned_accounts
from backend.accounts.rules import Permission, Role
from backend.alphabets import order_sql
from backend.bookings.queries.lists import my_bookings
from backend.errors import NotFound
from backend.people.names import tell_apart
from backend.people.queries import Person
from backend.seats import allocator
from backend.seats.refusals import Cancelled, TooLate
from backend.seats.regulars import remove_regulars_and_claims
from backend.seats.requests import Request, Verb, Via
from backend.seats.state import InstanceState

BOOKINGS_MAX = 500  # of one member, to come


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """A club with its chats and the number of its instances to come; the next of them starts at `next_start`,
    in the zone `next_zone`."""

    account: AccountView
    groups: tuple[str, ...]
    upcoming: int
    next_title: str
    next_start: datetime | None
    next_zone: str


@dataclass(frozen=True, slots=True)
class Organiser:
    """Somebody members can ask, by first name; with an initial beside another of that name; "" when they were erased."""

    membership_id: int
    first_name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Commitments:
    """What a member would give back: on how many instances they have `seats`, on how many of those it is too
    `late` to leave freely (`B6`), and on how many waitlists they are."""

    seats: int
    late: int
    waitlists: int


VIEWS = f"""
SELECT c.*, array(SELECT g.title FROM groups g WHERE g.account_id = c.id ORDER BY g.title, g.id) AS groups,
    d.upcoming, n.title, n.starts_at, n.next_zone
FROM ({ACCOUNT}) c
CROSS JOIN LATERAL (
    SELECT count(*) AS upcoming FROM event_instances i
    WHERE i.account_id = c.id AND i.starts_at > $2 AND i.state = 'SCHEDULED'
) d
LEFT JOIN LATERAL (SELECT coalesce(i.title, r.title) AS title, i.starts_at, r.zone AS next_zone
    FROM event_instances i
    JOIN event_series r ON r.id = i.series_id
        WHERE i.account_id = c.id AND i.starts_at > $2 AND i.state = 'SCHEDULED'
    ORDER BY i.starts_at, i.id LIMIT 1) n ON true
"""


async def account_summaries(person: Person) -> list[AccountSummary]:
    """All the person's clubs, by name (`A8`)."""
    rows = await db.rows(f"{VIEWS} ORDER BY lower(c.name), c.id", person.id, clock.now())
    return [_view(row) for row in rows]


async def account_summary(person: Person, account_id: int) -> AccountSummary:
    """One of them. Raises `NotFound` (`A1`)."""
    row = await db.row(f"{VIEWS} WHERE c.id = $3", person.id, clock.now(), account_id)
    if row is None:
        raise NotFound()
    return _view(row)


def _view(row: db.Row) -> AccountSummary:
    return AccountSummary(
        account_from(row),
        tuple(row["groups"]),
        row["upcoming"],
        row["title"] or "",
        row["starts_at"],
        row["next_zone"] or "UTC",
    )


async def organisers(account: AccountView, language: str) -> list[Organiser]:
    """The organisers members can ask, owners first, by name in the order of the language."""
    rows = await db.rows(
        "SELECT m.id, u.first_name, u.last_name, m.role FROM memberships m JOIN telegram_users u ON u.id = m.user_id"
        " WHERE m.account_id = $1 AND m.left_at IS NULL AND m.role IN ('OWNER', 'ADMIN')"
        f" ORDER BY m.role DESC, {order_sql('u.first_name', language)}, m.id",
        account.id,
    )
    names = tell_apart({row["id"]: (row["first_name"], row["last_name"]) for row in rows})
    return [Organiser(row["id"], names[row["id"]], Role(row["role"])) for row in rows]


async def commitments(person: Person, account_id: int | None = None) -> Commitments:
    """What the person would give back by leaving this club, or all of them."""
    views = [
        view
        for view in await my_bookings(person, limit=BOOKINGS_MAX)
        if account_id in (None, view.account_id)
        and view.state == InstanceState.SCHEDULED
        and view.starts_at > clock.now()
    ]
    seated = [view for view in views if view.mine and view.mine.seats]
    late = [view for view in seated if not view.can_leave_freely]
    return Commitments(len(seated), len(late), len(views) - len(seated))


async def leave_account(person: Person, account_id: int, *, via: Via) -> None:
    """Leave the club. Seats and places on waitlists are given back first, each by the ordinary rules, so that
    waiting parties move up; a seat that can no longer be left freely stays theirs until somebody takes it
    (`B6`).

    Raises `LastOwner` (`A2`), `NotFound`, `Busy`.
    """
    account = await authorize(person, account_id, Permission.BOOK)
    if any(own.id == account.id for own in await solely_owned_accounts(person)):
        raise LastOwner()
    await end_standing_seats([account.membership_id])
    await release_seats(person.id, [account.membership_id], late=Verb.REPLACE, via=via)
    await end_membership(person, account.id, account.membership_id)
    # Another device of theirs may have booked in between.
    await release_seats(person.id, [account.membership_id], late=Verb.REPLACE, via=via)


async def end_standing_seats(membership_ids: list[int]) -> None:
    """Take the standing seats and the first claims of these members back (`B11`, `P4`)."""
    async with db.transaction():
        await remove_regulars_and_claims(membership_ids)


PARTIES = """
SELECT b.instance_id, b.membership_id FROM bookings b JOIN event_instances i ON i.id = b.instance_id
WHERE b.membership_id = ANY($1::bigint[]) AND b.seats + b.waiting + b.offered > 0 AND i.starts_at > $2
ORDER BY i.starts_at, i.id
"""


async def release_seats(by: int, membership_ids: list[int], *, late: Verb, via: Via = Via.MINIAPP) -> int:
    """Have these members leave every instance to come: by `late` where the deadline has passed, and by
    removal where the instance is cancelled, so that restoring it does not bring them back. `by` is the acting
    person's id. Returns how many parties left."""
    rows = await db.rows(PARTIES, membership_ids, clock.now())
    for row in rows:
        instance_id, membership_id = row["instance_id"], row["membership_id"]
        try:
            await _submit(instance_id, membership_id, Verb.LEAVE, by, via)
        except TooLate:
            await _submit(instance_id, membership_id, late, by, via)
        except Cancelled:
            await _submit(instance_id, membership_id, Verb.REMOVE, by, via)
    return len(rows)


async def _submit(instance_id: int, membership_id: int, verb: Verb, by: int, via: Via) -> None:
    await allocator.submit(
        (instance_id, Request(verb, via, by=by, membership_id=membership_id, notify=False))
    )
