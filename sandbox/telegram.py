"""The state of a running sandbox: the world, and what lives only in memory."""

import asyncio
import collections
import dataclasses
import secrets
from collections.abc import Callable
from typing import Any

from sandbox import bot_api_types
from sandbox.clock import Clock
from sandbox.config import Config
from sandbox.errors import ControlError
from sandbox.faults import Faults
from sandbox.flood import FloodLimiter
from sandbox.grants import Grant
from sandbox.seed_data import initial_world
from sandbox.state_file import StateFile
from sandbox.world import Chat, Json, Message, PendingUpdate, Person, World

# Updates that Telegram sends only to bots that name them in `allowed_updates`.
_ONLY_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclasses.dataclass(slots=True)
class RecordedCall:
    """One call by the bot, for tests to examine. `result` or `error` is set once it is done."""

    number: int
    at: float
    method: str
    params: Json
    result: Any = None
    error: Json | None = None
    done: bool = False


@dataclasses.dataclass(slots=True)
class ButtonPress:
    """A button pressed by a person, waiting for the bot's answer."""

    id: str
    user_id: int
    at: float
    answer: Json | None = None
    is_answered: bool = False


@dataclasses.dataclass(slots=True)
class InlineAsk:
    """What a person typed behind the bot's name, waiting for the bot's answer."""

    id: str
    user_id: int
    query: str
    offset: str
    at: float
    answer: Json | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer to an inline query that Telegram gives again by itself, until then."""

    until: float
    answer: Json


class Changes:
    """Counts the changes of everything visible and wakes those who wait for one."""

    def __init__(self) -> None:
        self.version = 1
        # Distinguishes this run from the one before a restart: versions of that one mean nothing now.
        self.run = secrets.token_hex(4)
        self.is_closing = False
        self._next = asyncio.Event()

    def publish(self) -> None:
        """Count a change and wake all waiters."""
        self.version += 1
        changed, self._next = self._next, asyncio.Event()
        changed.set()

    def close(self) -> None:
        """End every wait: the sandbox is stopping."""
        self.is_closing = True
        self.publish()

    async def wait_for_next(self) -> None:
        """Return at the next change."""
        await self._next.wait()

    async def wait_until(self, condition: Callable[[], bool], within: float) -> bool:
        """True as soon as `condition()` is; False after `within` real seconds or when stopping."""
        try:
            async with asyncio.timeout(within):
                while not condition():
                    if self.is_closing:
                        return False
                    await self._next.wait()
        except TimeoutError:
            return condition()
        return True


class Telegram:
    """One sandbox. Plain functions on the event loop make all changes, so each change is atomic."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.changes = Changes()
        self.clock = Clock()
        self.state_file = StateFile(config.state)
        self.reset(self.state_file.read())

    def reset(self, world: World | None = None) -> None:
        """Start from `world`, or from the initial one, with an empty memory."""
        self.clock.stop()
        self.clock = Clock()
        self.world = world or initial_world(self.clock.now())
        self.faults = Faults()
        self.flood = FloodLimiter(self.clock, on=self.config.flood)
        self.calls: collections.deque[RecordedCall] = collections.deque(maxlen=20_000)
        self.call_count = 0
        self.presses: dict[str, ButtonPress] = {}
        self.inline_asks: dict[str, InlineAsk] = {}
        # By person (0: everybody), query and offset.
        self.inline_cache: dict[tuple[int, str, str], CachedAnswer] = {}
        self.grants: dict[str, Grant] = {}
        self.poller: object | None = None
        self.mark_changed()

    def mark_changed(self) -> None:
        """Publish a change: waiters check their condition, and the state file is written soon."""
        self.changes.publish()
        self.state_file.schedule_write(self.world)

    # -- people and chats ------------------------------------------------------------------

    def person(self, person_id: int) -> Person:
        """The person. Raises ControlError (404) when there is no such person."""
        if person_id not in self.world.people:
            raise ControlError("There is no such person.", 404)
        return self.world.people[person_id]

    def chat(self, chat_id: int) -> Chat:
        """The chat, a person's id meaning their private chat. Raises ControlError (404) for none."""
        if chat_id in self.world.people:
            return self.private_chat(chat_id)
        if chat_id not in self.world.chats:
            raise ControlError("There is no such chat.", 404)
        return self.world.chats[chat_id]

    def private_chat(self, person_id: int) -> Chat:
        """The private chat of that person with the bot; created when first needed."""
        if person_id not in self.world.chats:
            instance = str(secrets.randbits(62))
            self.world.chats[person_id] = Chat(person_id, "private", instance=instance)
        return self.world.chats[person_id]

    def messages_in(self, chat_id: int) -> list[Message]:
        """All messages of a chat, deleted ones included, oldest first."""
        return self.world.messages.setdefault(chat_id, [])

    # -- messages --------------------------------------------------------------------------

    def post(
        self,
        chat: Chat,
        sender_id: int,
        text: str = "",
        entities: list[Json] | None = None,
        **more: Any,
    ) -> Message:
        """Add a message to a chat; `more` are further fields of Message. Sends the bot no update."""
        if chat.type == "supergroup":
            message_id = chat.next_message_id
            chat.next_message_id += 1
        else:
            message_id = self.world.next_message_id
            self.world.next_message_id += 1
        now = self.clock.now()
        message = Message(message_id, chat.id, sender_id, now, text, entities or [], **more)
        message.record(now)
        self.messages_in(chat.id).append(message)
        self.mark_changed()
        return message

    def post_service_message(self, chat: Chat, sender_id: int, event: Json, **more: Any) -> Message:
        """Post a service message and queue the update for the bot, unless the bot caused it itself."""
        message = self.post(chat, sender_id, service=event, **more)
        if sender_id != self.config.bot_id:
            self.queue_update("message", self.to_message(message), f"chat:{chat.id}")
        return message

    def to_message(self, message: Message) -> Json:
        """The message as a `Message` of the Bot API."""
        return bot_api_types.to_message(self.world, self.config, message)

    # -- updates ---------------------------------------------------------------------------

    def queue_update(self, kind: str, body: Json, queue: str) -> None:
        """Queue an update, if the bot wants that kind. Updates of one `queue` keep their order."""
        allowed = self.world.allowed_updates
        if kind not in allowed if allowed else kind in _ONLY_ON_REQUEST:
            return
        update_id = self.world.next_update_id
        self.world.next_update_id += 1
        self.world.pending.append(PendingUpdate(update_id, kind, body, queue, self.clock.now()))
        self.mark_changed()

    # -- calls -----------------------------------------------------------------------------

    def record_call(self, method: str, params: Json) -> RecordedCall:
        """Record a call by the bot before it is executed."""
        self.call_count += 1
        call = RecordedCall(self.call_count, self.clock.now(), method, params)
        self.calls.append(call)
        return call

    def finish_call(self, call: RecordedCall, result: Any = None, error: Json | None = None) -> None:
        """Record the outcome of a call."""
        call.result, call.error, call.done = result, error, True
        self.changes.publish()
