"""Making and editing accounts (`A2`, `A3`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.accounts.keys import insert_key
from backend.accounts.memberships import add_membership
from backend.accounts.queries import authorize
from backend.accounts.rules import NAME_MAX, JoinedThrough, Permission, Role
from backend.accounts.tables import Account
from backend.audit.actions import record_audit
from backend.editing import require_version, version_of
from backend.errors import Invalid
from backend.i18n import N_, languages
from backend.people.queries import Person
from backend.people.rate_limits import RateLimit, spend
from backend.typed_text import clean_line
from backend.zones import zone_names


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that was just made. `key` makes its first OWNER, and is shown this once (`A3`)."""

    account_id: int
    name: str
    key: str


async def create_account(name: str, *, zone: str = "UTC", language: str = "en") -> NewAccount:
    """Make an account and a key that makes one person its OWNER. Raises `Invalid`."""
    name = _check_name(name)
    _check_zone(zone)
    async with db.transaction():
        account_id = await _insert(name, zone, language, clock.now())
        key = await insert_key(
            account_id, created_by=None, label="First owner", role=Role.OWNER, uses=1, expires_at=None
        )
        await record_audit(account_id, None, "create", "account", name=name)
    return NewAccount(account_id, name, key)


async def create_own_account(person: Person, name: str, *, zone: str = "UTC", language: str = "en") -> int:
    """Make an account whose OWNER is this person; its id. Raises `Invalid`, `TooOften`."""
    name = await allow_own_account(person, name, zone=zone)
    async with db.transaction():
        return await insert_own_account(person, name, zone=zone, language=language)


async def allow_own_account(person: Person, name: str, *, zone: str) -> str:
    """Check what an account is to be made of, and only then count that the person makes one (`X7`); the cleaned name.
    Raises `Invalid`, `TooOften`."""
    name = _check_name(name)
    _check_zone(zone)
    await spend(person, RateLimit.ACCOUNTS)
    return name


async def insert_own_account(person: Person, name: str, *, zone: str, language: str) -> int:
    """Make an account that was allowed (`allow_own_account`), inside the caller's transaction; its id."""
    at = clock.now()
    account_id = await _insert(name, zone, language, at)
    await add_membership(account_id, person.id, Role.OWNER, JoinedThrough.FOUNDED, at)
    await record_audit(account_id, person.id, "create", "account", name=name)
    return account_id


async def _insert(name: str, zone: str, language: str, at: datetime) -> int:
    row = Account(name=name, zone=zone, language=language, created_at=at)
    await row.save()
    return int(row.id)


def _check_name(name: str) -> str:
    """The name, cleaned (`X10`). Raises `Invalid`."""
    name = clean_line(name)
    if not name:
        raise Invalid(N_("Give the club a name."), field="name")
    if len(name) > NAME_MAX:
        raise Invalid(N_("At most %(most)s characters, please."), field="name", most=NAME_MAX)
    return name


def _check_zone(zone: str) -> None:
    """Raises `Invalid` for what is no IANA time zone."""
    if zone not in zone_names():
        raise Invalid(N_("Unknown time zone."), field="zone")


async def edit_account(
    person: Person, account_id: int, *, name: str, zone: str, language: str, seen: str = ""
) -> None:
    """Rename the account, or change the zone and language of its new series; `seen` is the version that was edited
    (`backend.editing`). Raises `Invalid`, `ChangedMeanwhile`, `Forbidden`, `NotFound`."""
    account = await authorize(person, account_id, Permission.MANAGE_OWNERS)
    name = _check_name(name)
    _check_zone(zone)
    if language not in languages():
        raise Invalid(N_("We do not speak that language yet."), field="language")
    async with db.transaction():
        row = await db.row(
            "SELECT name, zone, language FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account.id
        )
        assert row is not None
        require_version(seen, version_of(*row.values()))
        await db.execute(
            "UPDATE accounts SET name = $2, zone = $3, language = $4 WHERE id = $1",
            account.id,
            name,
            zone,
            language,
        )
        await record_audit(account.id, person.id, "edit", "account", name=name, zone=zone, language=language)
