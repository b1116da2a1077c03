"""A process with its own club, whose database server is killed."""

import asyncio
from datetime import timedelta
from typing import Any

from backend import clock, db
from backend.accounts.actions import create_own_account
from backend.accounts.memberships import join
from backend.accounts.rules import JoinedThrough
from backend.bookings.actions import book
from backend.errors import Unavailable
from backend.events.create import create_series
from backend.events.drafts import SeriesDraft
from backend.people.actions import TelegramIdentity, register_person
from backend.people.queries import Person
from backend.seats.requests import Via
from emerald.doctor import check_invariants
from emerald.migrate import migrate

PEOPLE: list[Person] = []
CODES: list[str] = []


async def live(task: dict[str, Any]) -> Any:
    """Run one step, by name."""
    return await {"create": create, "rush": rush, "recount": recount}[task["step"]](task)


async def create(task: dict[str, Any]) -> list[int]:
    """Create the tables, the club, its members, and an instance with two seats for every three. Returns the
    members' ids."""
    await migrate()
    numbers = range(1, task["people"] + 1)
    PEOPLE.extend([await register_person(TelegramIdentity(n, f"Member {n}")) for n in numbers])
    account_id = await create_own_account(PEOPLE[0], "Kallio Yoga")
    for person in PEOPLE[1:]:
        await join(person, account_id, through=JoinedThrough.HAND)
    draft = SeriesDraft(
        title="Yoga",
        zone="Europe/Helsinki",
        starts_local=(clock.now() + timedelta(days=3)).replace(tzinfo=None),
        capacity=task["people"] * 2 // 3,
    )
    CODES.append(str((await create_series(PEOPLE[0], account_id, draft)).first_code))
    return [person.id for person in PEOPLE]


async def rush(task: dict[str, Any]) -> dict[int, str]:
    """Every member books, five at a time, whatever happens to the server. Returns each answer, by the
    member's id."""
    answers: dict[int, str] = {}

    async def one(person: Person) -> None:
        try:
            answers[person.id] = (await book(CODES[0], person, via=Via.MINIAPP)).kind
        except Unavailable as error:
            answers[person.id] = type(error).__name__

    for first in range(0, len(PEOPLE), 5):
        await asyncio.gather(*(one(person) for person in PEOPLE[first : first + 5]))
    return answers


async def recount(task: dict[str, Any]) -> dict[str, Any]:
    """The members with seats, those who wait, and the violated invariants."""
    rows = await db.rows(
        "SELECT m.user_id, b.seats, b.waiting FROM bookings b JOIN memberships m ON m.id = b.membership_id"
    )
    return {
        "booked": [row["user_id"] for row in rows if row["seats"]],
        "waiting": [row["user_id"] for row in rows if row["waiting"]],
        "violations": await check_invariants(),
    }
