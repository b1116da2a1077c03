"""What one person may send: a few updates at a time, and so many a minute (`X7`, `X8`). Whoever sends more waits for
themselves, and nobody else does."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiogram.types import Chat, TelegramObject, Update, User

from backend import clock, failpoints
from backend.errors import Refusal, TooOften
from backend.i18n import N_
from backend.people.queries import Person
from backend.people.rate_limits import RateLimit, spend
from backend.people.telegram_updates import limit_updates
from bot.middleware import Data, Handler
from bot.updates import addressed_by, is_addressed, is_tap, speaks_as_chat

QUEUE_MAX = 5  # updates of one person that wait or are handled
PAUSE = 0.1  # seconds before an update that had to wait for another of the same person
SILENT_MAX = 1000  # people remembered, before those are forgotten who may write again


class TooManyAtOnce(Refusal):
    """Somebody sends faster than they can be answered."""

    outcome = "busy"
    message = N_("That was too many at once. Please wait until I’ve answered the earlier ones.")


@dataclass(slots=True)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    size: int = 0
    notified: bool = False  # that there are too many


class InOrder:
    """Handles the updates of one person, or of one chat, one at a time in the order of arrival.

    To join and then leave must not become to leave and then join. What somebody sends while `QUEUE_MAX` of theirs
    are not done yet is dropped, so that nobody's taps take what others wait for; they are notified once, until all
    of theirs are done. Only what people send is dropped: who left a group is always recorded. What they send while
    another of theirs is handled waits for `PAUSE` more, in which others are answered.
    """

    def __init__(self) -> None:
        self._queues: dict[int, _Queue] = {}

    async def __call__(self, handler: Handler, event: TelegramObject, data: Data) -> Any:
        user: User | None = None if speaks_as_chat(event) else data.get("event_from_user")
        chat: Chat | None = data.get("event_chat")
        key = user.id if user else chat.id if chat else 0
        queue = self._queues.setdefault(key, _Queue())
        if queue.size >= QUEUE_MAX and is_addressed(event) and not failpoints.on("bot.no-queue-limit"):
            if queue.notified:
                return None
            queue.notified = True
            raise TooManyAtOnce()
        queue.size += 1
        has_to_wait = queue.size > 1
        try:
            async with queue.lock:  # asyncio grants a lock in the order of the requests
                if has_to_wait and is_addressed(event) and not failpoints.on("bot.no-pause"):
                    await asyncio.sleep(PAUSE)
                return await handler(event, data)
        finally:
            queue.size -= 1
            if not queue.size:
                del self._queues[key]

    def drops(self, sender: int) -> bool:
        """Whether what this person sends now is dropped without an answer."""
        queue = self._queues.get(sender)
        return queue is not None and queue.notified and queue.size >= QUEUE_MAX


class UpdateLimiter:
    """Let a person send only so much in a minute (`X7`). Every tap beyond that is answered, and the first message.

    Two middlewares: `limit` counts in the database, for all processes; `drop` stands before the work that an update
    is, and leaves out what `limit` would not answer, so that a flood costs next to nothing.
    """

    def __init__(self) -> None:
        self._silent_until: dict[int, datetime] = {}  # by Telegram's ids

    async def drop(self, handler: Handler, event: TelegramObject, data: Data) -> Any:
        assert isinstance(event, Update)
        user: User | None = data.get("event_from_user")
        if user is not None and is_addressed(event) and event.callback_query is None and self.drops(user.id):
            return None
        return await handler(event, data)

    def drops(self, sender: int) -> bool:
        """Whether what this person sends now is dropped without an answer, unless it is a tap."""
        until = self._silent_until.get(sender)
        return until is not None and clock.now() < until

    async def limit(self, handler: Handler, event: TelegramObject, data: Data) -> Any:
        assert isinstance(event, Update)
        person: Person | None = data["person"]
        if person is not None and is_addressed(event):
            is_query = event.inline_query is not None
            try:
                if is_query:
                    await spend(person, RateLimit.INLINE_QUERIES)
                else:
                    await limit_updates(data["claim"], person)
            except TooOften as refusal:
                if event.callback_query is None and not is_query and not refusal.is_first:
                    self._be_silent(person, timedelta(seconds=refusal.retry_after))
                    return None
                raise
        return await handler(event, data)

    def _be_silent(self, person: Person, time: timedelta) -> None:
        now = clock.now()
        if len(self._silent_until) >= SILENT_MAX:
            self._silent_until = {key: until for key, until in self._silent_until.items() if now < until}
        # A moment less: the seconds were rounded up.
        self._silent_until[person.telegram_id] = now + time - timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Dropping:
    """Which updates the middlewares would drop unanswered: asked before anything else is done for one."""

    order: InOrder
    rate: UpdateLimiter

    def drops(self, raw: Mapping[str, Any]) -> bool:
        """Whether an update as it came is dropped. To read all of it would be most of the work for it."""
        sender = addressed_by(raw)
        if sender is None or failpoints.on("bot.reads-everything"):
            return False
        return self.order.drops(sender) or (not is_tap(raw) and self.rate.drops(sender))
