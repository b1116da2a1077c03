"""Which messages a person wants, and how long before an instance they are reminded (`M5`).

Messages about changes, cancellations and held seats always go.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from backend import clock, db
from backend.errors import Invalid
from backend.i18n import N_
from backend.known_zones import known_or_none
from backend.people.queries import Person


class Mutable(StrEnum):
    """What a person may turn off. The check constraint of `telegram_users.muted_kinds` lists the same
    values."""

    REMINDERS = "reminders"  # of what one has a seat in
    NUDGES = "nudges"  # being asked to answer for an instance
    POLLS = "polls"  # being asked to answer a poll
    ANNOUNCEMENTS = "announcements"


LEADS_MAX = 5
LEAD_MIN, LEAD_MAX = 5, 14 * 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class Preferences:
    """`leads` are minutes before the start, longest first; None follows each series, empty is no reminder."""

    language: str
    zone: str | None
    leads: tuple[int, ...] | None
    muted: frozenset[str]


async def preferences(person: Person) -> Preferences:
    """The person's preferences."""
    row = await db.row(
        "SELECT language, zone, reminder_leads, muted_kinds FROM telegram_users WHERE id = $1",
        person.id,
    )
    assert row is not None
    leads = row["reminder_leads"]
    return Preferences(
        row["language"],
        known_or_none(row["zone"]),
        None if leads is None else tuple(leads),
        frozenset(row["muted_kinds"]),
    )


async def choose_reminders(person: Person, leads: Collection[int] | None) -> None:
    """Set the reminders, in minutes before the start; None follows each series, empty is none. A reminder
    whose moment has passed is not sent later. Raises `Invalid`."""
    chosen = None if leads is None else sorted(set(leads), reverse=True)
    if chosen is not None and len(chosen) > LEADS_MAX:
        raise Invalid(N_("At most %(most)s reminders of one date, please."), field="leads", most=LEADS_MAX)
    if any(not LEAD_MIN <= lead <= LEAD_MAX for lead in chosen or ()):
        raise Invalid(N_("A reminder comes between five minutes and two weeks before."), field="leads")
    await db.execute_single(
        "UPDATE telegram_users SET reminder_leads = $2, leads_chosen_at = $3 WHERE id = $1",
        person.id,
        chosen,
        clock.now(),
    )


async def mute(person: Person, kind: str, on: bool) -> None:
    """Turn messages of this kind off (`on` mutes them) or on again, also those that wait to be sent. Raises
    `Invalid`."""
    if kind not in set(Mutable):
        raise Invalid(N_("There is no such kind of message."), field="kind")
    await db.execute_single(
        "UPDATE telegram_users SET muted_kinds = array_remove(muted_kinds, $2)"
        " || CASE WHEN $3 THEN ARRAY[$2::text] ELSE '{}' END WHERE id = $1",
        person.id,
        kind,
        on,
    )
