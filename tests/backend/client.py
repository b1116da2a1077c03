"""What a process does that reaches its database through a bad line."""

import asyncio
from typing import Any

from backend import batching, db
from backend.errors import Refusal, Unavailable
from backend.polls.actions import tap_option
from backend.seats.requests import Via
from tests.bookings.crowd import ACTS, known
from tests.processes import POOL


async def act(task: dict[str, Any]) -> list[str]:
    """Each of `asked` is a person's id, a verb and a number, all at once; how each was answered.

    A refusal is known by its outcome, a lost connection by its kind. `silence` shortens how long it is borne.
    """
    batching.RETRY_PAUSES = (0.01, 0.02, 0.04, 0.08)
    if "silence" in task:
        db.SILENCE = task["silence"]
        await db.close_pool()
        await db.open_pool(name="emerald-crew", size=POOL)

    async def one(who: int, verb: str, n: int) -> str:
        try:
            if verb == "tap":
                return (await tap_option(task["code"], known(who), n, via=Via.CARD)).kind
            return (await ACTS[verb](task["code"], known(who), n)).kind
        except Refusal as no:
            return no.outcome
        except Unavailable as error:
            return type(error).__name__

    return list(await asyncio.gather(*(one(*asked) for asked in task["asked"])))
