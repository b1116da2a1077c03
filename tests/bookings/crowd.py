"""What one process of a crew does at a date: many people tap at once, and an organiser changes the seats
meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from backend.bookings.actions import (
    add_guest,
    answer,
    book,
    decline_offer,
    find_replacement,
    keep_seat,
    leave,
    rejoin,
    set_capacity,
    set_guests,
    stop_waiting,
    take,
    take_free,
)
from backend.errors import Refusal
from backend.people.queries import Person
from backend.seats.requests import Outcome, Via
from tests.processes import meet


def known(user_id: int) -> Person:
    return Person(id=user_id, telegram_id=user_id, first_name="")


Act = Callable[[str, Person, int], Awaitable[Outcome]]
ACTS: dict[str, Act] = {
    "book": lambda code, person, n: book(code, person, guests=n, via=Via.MINIAPP),
    "+1": lambda code, person, n: add_guest(code, person, via=Via.CARD),
    "guests": lambda code, person, n: set_guests(code, person, guests=n, via=Via.MINIAPP),
    "leave": lambda code, person, n: leave(code, person, via=Via.COMMAND),
    "stop": lambda code, person, n: stop_waiting(code, person, via=Via.MINIAPP),
    "return": lambda code, person, n: rejoin(code, person, guests=n, via=Via.MINIAPP),
    "maybe": lambda code, person, n: answer(code, person, maybe=True, via=Via.MINIAPP),
    "take": lambda code, person, n: take_free(code, person, via=Via.MINIAPP),
    "take it": lambda code, person, n: take(code, person, via=Via.CARD),
    "decline offer": lambda code, person, n: decline_offer(code, person, via=Via.CARD),
    "replace": lambda code, person, n: find_replacement(code, person, via=Via.MINIAPP),
    "keep": lambda code, person, n: keep_seat(code, person, via=Via.MINIAPP),
    "capacity": lambda code, person, n: set_capacity(code, person, n or None),
}


async def rush(task: dict[str, Any]) -> dict[str, int]:
    """Each of `acts` is a person's id and what they do, one thing after another, at each of the dates
    `codes`; all people and dates at once. With `meet`, the first batch of each process waits until those
    of the others have loaded their states too.

    Gives how often which answer came; what nobody expected is counted as `error` and its kind.
    """
    answers: Counter[str] = Counter()

    async def one(code: str, user_id: int, verbs: list[tuple[str, int]]) -> None:
        for verb, n in verbs:
            try:
                outcome = await ACTS[verb](code, known(user_id), n)
                answers[f"{verb}: {outcome.kind}"] += 1
            except Refusal as no:
                answers[f"{verb}: {no.outcome}"] += 1
            except Exception as error:
                answers[f"error {type(error).__name__}"] += 1

    if "meet" in task:
        await meet("allocator.loaded", "looked", task["meet"])
    codes = task["codes"]
    await asyncio.gather(*(one(code, who, verbs) for who, verbs in task["acts"] for code in codes))
    return dict(answers)
