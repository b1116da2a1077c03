"""The clubs as their members see them: organisers and instances to come (`A8`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.accounts.queries import ACCOUNT, AccountView, account_from
from backend.accounts.rules import Role
from backend.alphabets import order_sql
from backend.errors import NotFound
from backend.people.names import tell_apart
from backend.people.queries import Person


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
