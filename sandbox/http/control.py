"""`/_control/…`: faults, limits, the clock, the bot's calls, and waiting for messages and changes."""

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
    """Seconds that pass at once."""

    advance: float


@post("/reset", status_code=200)
async def reset(telegram: NamedDependency[Telegram]) -> Json:
    """Begin anew with the initial people and chats, clock, faults and calls. Token and address stay."""
    telegram.reset()
    return read_counters(telegram)


@get("/faults")
async def faults(telegram: NamedDependency[Telegram]) -> list[Fault]:
    return telegram.faults.pending


@post("/faults")
async def add_fault(telegram: NamedDependency[Telegram], data: JSONBody[Fault]) -> Fault:
    try:
        telegram.faults.add(data)
    except ValueError as error:
        raise ControlError(str(error), 400) from error
    telegram.changes.publish()
    return data


@delete("/faults", status_code=200)
async def clear_faults(telegram: NamedDependency[Telegram]) -> Json:
    telegram.faults.pending.clear()
    telegram.changes.publish()
    return read_counters(telegram)


@post("/flood", status_code=200)
async def flood(telegram: NamedDependency[Telegram], data: JSONBody[FloodSwitch]) -> Json:
    telegram.flood.on = data.on
    return read_counters(telegram)


class InlineSwitch(msgspec.Struct, forbid_unknown_fields=True):
    """What @BotFather sets: whether inline mode is on, and whether the bot is told what was chosen."""

    on: bool = True
    feedback: bool = True


@post("/inline-mode", status_code=200)
async def inline_mode(telegram: NamedDependency[Telegram], data: JSONBody[InlineSwitch]) -> Json:
    telegram.world.inline_mode, telegram.world.inline_feedback = data.on, data.feedback
    telegram.mark_changed()
    return {"on": data.on, "feedback": data.feedback}


class Ephemeral(msgspec.Struct, forbid_unknown_fields=True):
    """Whether the Bot API server knows ephemeral messages, or is older."""

    known: bool = True


@post("/ephemeral", status_code=200)
async def ephemeral(telegram: NamedDependency[Telegram], data: JSONBody[Ephemeral]) -> Json:
    telegram.world.knows_ephemeral = data.known
    telegram.mark_changed()
    return {"known": data.known}


@get("/clock")
async def clock(telegram: NamedDependency[Telegram]) -> Json:
    return {"now": telegram.clock.now()}


@post("/clock", status_code=200)
async def advance(telegram: NamedDependency[Telegram], data: JSONBody[ClockAdvance]) -> Json:
    try:
        telegram.clock.advance(data.advance)
    except ValueError as error:
        raise ControlError(str(error), 400) from error
    return {"now": telegram.clock.now()}


@get("/counters")
async def counters(telegram: NamedDependency[Telegram]) -> Json:
    return read_counters(telegram)


def read_counters(telegram: Telegram) -> Json:
    """Counts since the start: `calls` by method, `refused` the calls answered with an error."""
    by_method: dict[str, int] = {}
    for call in telegram.calls:
        by_method[call.method] = by_method.get(call.method, 0) + 1
    return {
        "version": telegram.changes.version,
        "last_call": telegram.call_count,
        "calls": by_method,
        "refused": sum(call.error is not None for call in telegram.calls),
        "faults_struck": telegram.faults.triggered,
        "flood_refused": telegram.flood.refusal_count,
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
    """Finished calls; with `count`, waits `within` seconds for that many (408 when fewer come)."""

    def are_enough() -> bool:
        return len(finished_calls(telegram, method, chat_id, after)) >= count

    if not await telegram.changes.wait_until(are_enough, min(within, MAX_WAIT_SECONDS)):
        raise ControlError(f"The bot did not make {count} such calls in time.", 408)
    return [serializers.call_json(call) for call in finished_calls(telegram, method, chat_id, after)]


@post("/wait", status_code=200)
async def wait(
    telegram: NamedDependency[Telegram], data: JSONBody[MessageFilter], within: FromQuery[float] = 10.0
) -> Json:
    """The newest message that matches, once there is one; 408 with the last messages when none comes."""
    matches: list[Message] = []

    def is_there() -> bool:
        message = data.find(telegram)
        if message is not None:
            matches.append(message)
        return message is not None

    if not await telegram.changes.wait_until(is_there, min(within, MAX_WAIT_SECONDS)):
        last = [_summary(message) for message in telegram.world.messages.get(data.chat_id, [])[-5:]]
        raise ControlError("No such message in time. The last ones: " + " | ".join(last), 408)
    return serializers.message_json(telegram, matches[-1])


def _summary(message: Message) -> str:
    deleted = " (deleted)" if message.deleted else ""
    buttons = serializers.button_texts(message.keyboard)
    return f"#{message.id}{deleted} {message.text or message.service!r} {buttons}"


@get("/changes")
async def changes(
    telegram: NamedDependency[Telegram],
    after: FromQuery[int] = 0,
    run: FromQuery[str] = "",
    within: FromQuery[float] = 25.0,
) -> Json:
    """The version of everything visible, as soon as it exceeds `after` or within `within` seconds.

    Answers at once when `run` names another run of the sandbox than this one.
    """
    tracker = telegram.changes
    if run in {"", tracker.run}:
        await tracker.wait_until(lambda: tracker.version > after, min(within, MAX_WAIT_SECONDS))
    return {"version": tracker.version, "run": tracker.run}


router = Router(
    "/_control",
    route_handlers=[
        reset,
        faults,
        add_fault,
        clear_faults,
        flood,
        inline_mode,
        ephemeral,
        clock,
        advance,
        counters,
        calls,
        wait,
        changes,
    ],
)
