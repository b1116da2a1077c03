"""How fast Telegram may be written to (`M2`, `C2`), kept in the memory of the one process that holds the sender's lease.

What people ask the bot for is answered on the spot by the door they asked, which is why a group's minute here is four
short of Telegram's twenty, and all chats' second five short of its thirty.
"""

from collections import deque
from datetime import datetime, timedelta

from backend import clock

ALL = (25, timedelta(seconds=1))
PRIVATE = (1, timedelta(seconds=1))
GROUP = (16, timedelta(minutes=1))
# Refusals of two chats this close together are not about either chat.
TOGETHER = timedelta(seconds=2)
FORGET_BEYOND = 5_000  # chats


class Window:
    """At most so many in any span of this length."""

    def __init__(self, limit: tuple[int, timedelta]) -> None:
        self._most, self._span = limit
        self._at: deque[datetime] = deque()

    @property
    def room(self) -> int:
        while self._at and self._at[0] <= clock.now() - self._span:
            self._at.popleft()
        return self._most - len(self._at)

    def count(self) -> None:
        self._at.append(clock.now())

    @property
    def idle(self) -> bool:
        return self.room == self._most


class Pace:
    """Windows over all chats and over each, and who asked us to wait until when."""

    def __init__(self) -> None:
        self._all = Window(ALL)
        self._chats: dict[int, Window] = {}
        self._frozen: dict[int, datetime] = {}
        self._frozen_all = datetime.min.replace(tzinfo=clock.now().tzinfo)
        self._refused: tuple[int, datetime] | None = None

    @property
    def room(self) -> int:
        """How many may be sent now, to whatever chats."""
        return 0 if clock.now() < self._frozen_all else self._all.room

    def may(self, chat_id: int) -> bool:
        """Whether this chat may be written to now."""
        if self.room <= 0 or chat_id in self._waiting():
            return False
        window = self._chats.get(chat_id)
        return window is None or window.room > 0

    def busy(self) -> list[int]:
        """The chats that may not be written to now."""
        full = [chat_id for chat_id, window in self._chats.items() if window.room <= 0]
        return [*self._waiting(), *full]

    def count(self, chat_id: int) -> None:
        """Something is being sent there now."""
        self._all.count()
        if len(self._chats) > FORGET_BEYOND:
            self._chats = {c: w for c, w in self._chats.items() if not w.idle}
        if chat_id not in self._chats:
            self._chats[chat_id] = Window(PRIVATE if chat_id > 0 else GROUP)
        self._chats[chat_id].count()

    def wait(self, chat_id: int, seconds: float) -> datetime:
        """Telegram said to wait so long before writing there again: when that is over.

        It does not say whether it means this chat or all of them; when a second chat is refused at the same time, all.
        """
        now = clock.now()
        until = now + timedelta(seconds=seconds)
        if self._refused and self._refused[0] != chat_id and now - self._refused[1] < TOGETHER:
            self._frozen_all = max(self._frozen_all, until)
        self._refused = (chat_id, now)
        self._frozen[chat_id] = until
        return until

    def _waiting(self) -> set[int]:
        now = clock.now()
        self._frozen = {chat: until for chat, until in self._frozen.items() if until > now}
        return set(self._frozen)
