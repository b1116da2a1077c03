"""The state of a running sandbox: the world, and what is only true while it runs."""

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
from sandbox.seed_data import initial_world
from sandbox.state_file import StateFile
from sandbox.world import Chat, Json, Message, PendingUpdate, Person, World

# What Telegram does not send unless it is asked for by name.
_ONLY_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclasses.dataclass(slots=True)
class RecordedCall:
    """One call by the bot, for tests to look at. `result` or `error` is filled once it is over."""

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
    answered: bool = False


class Changes:
    """Counts every change of what can be seen and wakes whoever waits for one."""

    def __init__(self) -> None:
        self.version = 1
        # Tells this run from the one before a restart, whose versions mean nothing now.
        self.run = secrets.token_hex(4)
        self.closing = False
        self._next = asyncio.Event()

    def bump(self) -> None:
        self.version += 1
        turned, self._next = self._next, asyncio.Event()
        turned.set()

    def close(self) -> None:
        """Let every waiter go: the sandbox is stopping."""
        self.closing = True
        self.bump()

    async def next(self) -> None:
        """Return at the next change."""
        await self._next.wait()

    async def wait_for(self, holds: Callable[[], bool], within: float) -> bool:
        """True as soon as `holds()`; False after `within` real seconds or when stopping."""
        try:
            async with asyncio.timeout(within):
                while not holds():
                    if self.closing:
                        return False
                    await self._next.wait()
        except TimeoutError:
            return holds()
        return True


class Telegram:
    """One sandbox. All changes are made by plain functions on the event loop, so each is whole."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.changes = Changes()
        self.clock = Clock()
        self.storage = StateFile(config.state)
        self.begin(self.storage.read())

    def begin(self, world: World | None = None) -> None:
        """Start from `world`, or from the first day; what only lives in memory is new."""
        self.clock.stop()
        self.clock = Clock()
        self.world = world or initial_world(self.clock.now())
        self.faults = Faults()
        self.flood = FloodLimiter(self.clock, on=self.config.flood)
        self.calls: collections.deque[RecordedCall] = collections.deque(maxlen=20_000)
        self.call_count = 0
        self.presses: dict[str, ButtonPress] = {}
        self.poller: object | None = None
        self.touch()

    def touch(self) -> None:
        """Say that something changed: waiters look again, the file is written soon."""
        self.changes.bump()
        self.storage.mark(self.world)

    # -- who and where ---------------------------------------------------------------------

    def person(self, person_id: int) -> Person:
        """Raises Impossible (404) when there is no such person."""
        if person_id not in self.world.people:
            raise ControlError("There is no such person.", 404)
        return self.world.people[person_id]

    def room(self, chat_id: int) -> Chat:
        """The chat, following an upgrade; raises Impossible (404) when there is none."""
        if chat_id in self.world.people:
            return self.private(chat_id)
        if chat_id not in self.world.chats:
            raise ControlError("There is no such chat.", 404)
        return self.world.chats[chat_id]

    def private(self, person_id: int) -> Chat:
        """The private chat of that person with the bot; made when first needed."""
        if person_id not in self.world.chats:
            number = str(secrets.randbits(62))
            self.world.chats[person_id] = Chat(person_id, "private", instance=number)
        return self.world.chats[person_id]

    def said_in(self, chat_id: int) -> list[Message]:
        """All messages of a chat, deleted ones included, oldest first."""
        return self.world.messages.setdefault(chat_id, [])

    # -- messages --------------------------------------------------------------------------

    def post(
        self,
        room: Chat,
        sender_id: int,
        text: str = "",
        entities: list[Json] | None = None,
        **more: Any,
    ) -> Message:
        """Put a message into a chat and give it its number."""
        if room.type == "supergroup":
            number = room.next_message_id
            room.next_message_id += 1
        else:
            number = self.world.next_message_id
            self.world.next_message_id += 1
        now = self.clock.now()
        said = Message(number, room.id, sender_id, now, text, entities or [], **more)
        said.record(now)
        self.said_in(room.id).append(said)
        self.touch()
        return said

    def tell_service(self, room: Chat, sender_id: int, what: Json, **more: Any) -> Message:
        """Post a service message and tell the bot of it, unless it was the bot that caused it."""
        said = self.post(room, sender_id, service=what, **more)
        if sender_id != self.config.bot_id:
            self.tell_bot("message", self.wire(said), f"chat:{room.id}")
        return said

    def wire(self, said: Message) -> Json:
        """The message in the Bot API's words."""
        return bot_api_types.to_message(self.world, self.config, said)

    # -- updates ---------------------------------------------------------------------------

    def tell_bot(self, kind: str, body: Json, queue: str) -> None:
        """Put an update in line, if the bot wants that kind. One `queue` keeps its order."""
        wanted = self.world.allowed_updates
        if kind not in wanted if wanted else kind in _ONLY_ON_REQUEST:
            return
        number = self.world.next_update_id
        self.world.next_update_id += 1
        self.world.pending.append(PendingUpdate(number, kind, body, queue, self.clock.now()))
        self.touch()

    # -- calls -----------------------------------------------------------------------------

    def note_call(self, method: str, params: Json) -> RecordedCall:
        """Write a call by the bot down before it is judged."""
        self.call_count += 1
        call = RecordedCall(self.call_count, self.clock.now(), method, params)
        self.calls.append(call)
        return call

    def end_call(self, call: RecordedCall, result: Any = None, error: Json | None = None) -> None:
        """Write down how a call ended."""
        call.result, call.error, call.done = result, error, True
        self.changes.bump()
