"""`/_control/…`: faults, limits, the clock, what the bot called, and waiting for things."""

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from sandbox.errors import ControlError
from sandbox.faults import Fault
from sandbox.http import serializers
from sandbox.http.people import MAX_WAIT_SECONDS
from sandbox.http.waits import MessageFilter, finished_calls
from sandbox.telegram import Telegram
from sandbox.world import Json, Message


class FloodSwitch(msgspec.Struct, forbid_unknown_fields=True):
    """Whether Telegram's sending limits are enforced."""

    on: bool


class ClockAdvance(msgspec.Struct, forbid_unknown_fields=True):
    """Seconds to let pass at once."""

    advance: float


@post("/reset", status_code=200)
async def reset(telegram: NamedDependency[Telegram]) -> Json:
    """A new first day: cast, chats, clock, faults, calls. The token and address stay."""
    telegram.begin()
    return read_counters(telegram)


@get("/faults")
async def faults(telegram: NamedDependency[Telegram]) -> list[Fault]:
    return telegram.faults.waiting


@post("/faults")
async def add_fault(telegram: NamedDependency[Telegram], data: JSONBody[Fault]) -> Fault:
    try:
        telegram.faults.add(data)
    except ValueError as wrong:
        raise ControlError(str(wrong), 400) from wrong
    telegram.changes.bump()
    return data


@delete("/faults", status_code=200)
async def clear_faults(telegram: NamedDependency[Telegram]) -> Json:
    telegram.faults.waiting.clear()
    telegram.changes.bump()
    return read_counters(telegram)


@post("/flood", status_code=200)
async def flood(telegram: NamedDependency[Telegram], data: JSONBody[FloodSwitch]) -> Json:
    telegram.flood.on = data.on
    return read_counters(telegram)


@get("/clock")
async def clock(telegram: NamedDependency[Telegram]) -> Json:
    return {"now": telegram.clock.now()}


@post("/clock", status_code=200)
async def advance(telegram: NamedDependency[Telegram], data: JSONBody[ClockAdvance]) -> Json:
    try:
        telegram.clock.advance(data.advance)
    except ValueError as wrong:
        raise ControlError(str(wrong), 400) from wrong
    return {"now": telegram.clock.now()}


@get("/counters")
async def counters(telegram: NamedDependency[Telegram]) -> Json:
    return read_counters(telegram)


def read_counters(telegram: Telegram) -> Json:
    """How much happened so far; `calls` by method, `refused` those answered with an error."""
    by_method: dict[str, int] = {}
    for call in telegram.calls:
        by_method[call.method] = by_method.get(call.method, 0) + 1
    return {
        "version": telegram.changes.version,
        "last_call": telegram.call_count,
        "calls": by_method,
        "refused": sum(call.error is not None for call in telegram.calls),
        "faults_struck": telegram.faults.struck,
        "flood_refused": telegram.flood.refused,
        "pending_updates": len(telegram.world.pending),
        "webhook": telegram.world.webhook.url,
    }


@get("/calls")
async def calls(
    telegram: NamedDependency[Telegram],
    method: FromQuery[str | None] = None,
    chat_id: FromQuery[int | None] = None,
    after: FromQuery[int] = 0,
    count: FromQuery[int] = 0,
    within: FromQuery[float] = 0.0,
) -> list[Json]:
    """Finished calls; with `count`, waits `within` seconds for that many (else 408)."""

    def found() -> bool:
        return len(finished_calls(telegram, method, chat_id, after)) >= count

    if not await telegram.changes.wait_for(found, min(within, MAX_WAIT_SECONDS)):
        raise ControlError(f"The bot did not make {count} such calls in time.", 408)
    return [serializers.call_json(call) for call in finished_calls(telegram, method, chat_id, after)]


@post("/wait", status_code=200)
async def wait(
    telegram: NamedDependency[Telegram], data: JSONBody[MessageFilter], within: FromQuery[float] = 10.0
) -> Json:
    """The newest message that is as wanted, once there is one; else 408 with what is there."""
    found: list[Message] = []

    def there() -> bool:
        message = data.find(telegram)
        if message is not None:
            found.append(message)
        return message is not None

    if not await telegram.changes.wait_for(there, min(within, MAX_WAIT_SECONDS)):
        last = [
            f"#{m.id}{' (deleted)' if m.deleted else ''} {m.text or m.service!r} {serializers.button_texts(m.keyboard)}"
            for m in telegram.world.messages.get(data.chat_id, [])[-5:]
        ]
        raise ControlError("No such message in time. The last ones: " + " | ".join(last), 408)
    return serializers.message_json(telegram, found[-1])


@get("/changes")
async def changes(
    telegram: NamedDependency[Telegram],
    after: FromQuery[int] = 0,
    run: FromQuery[str] = "",
    within: FromQuery[float] = 25.0,
) -> Json:
    """The version of everything visible, as soon as it is beyond `after` (of `run`, if named)."""
    seen = telegram.changes
    if run in {"", seen.run}:
        await seen.wait_for(lambda: seen.version > after, min(within, MAX_WAIT_SECONDS))
    return {"version": seen.version, "run": seen.run}


router = Router(
    "/_control",
    route_handlers=[
        reset,
        faults,
        add_fault,
        clear_faults,
        flood,
        clock,
        advance,
        counters,
        calls,
        wait,
        changes,
    ],
)
