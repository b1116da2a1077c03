"""A process that reaches its database through the fault proxy."""

import asyncio
from typing import Any

from backend import batching, db
from backend.errors import Refusal, Unavailable
from backend.polls.actions import tap_option
from backend.seats.requests import Via
from tests.bookings.crowd import ACTS, known
from tests.processes import POOL


async def act(task: dict[str, Any]) -> list[str]:
    """Run all `requests` at once, each a person's id, a verb and a number. Returns how each was answered: the
    kind of its outcome, the outcome of a refusal, or the class of another error. `command_timeout` is in
    seconds."""
    batching.RETRY_PAUSES = (0.01, 0.02, 0.04, 0.08)
    if "command_timeout" in task:
        db.COMMAND_TIMEOUT = task["command_timeout"]
        await db.close_pool()
        await db.open_pool(name="emerald-crew", size=POOL)

    async def one(user_id: int, verb: str, n: int) -> str:
        try:
            if verb == "tap":
                return (await tap_option(task["code"], known(user_id), n, via=Via.CARD)).kind
            return (await ACTS[verb](task["code"], known(user_id), n)).kind
        except Refusal as refusal:
            return refusal.outcome
        except Unavailable as error:
            return type(error).__name__

    return list(await asyncio.gather(*(one(*request) for request in task["requests"])))
