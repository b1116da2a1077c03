"""How fast Telegram may be written to (`M2`, `C2`), kept in the memory of the one process that holds the sender's lease.

What people ask the bot for is answered on the spot by the door they asked, which is why a group's minute here is four
short of Telegram's twenty, and all chats' second five short of its thirty.
"""

from collections import deque
from datetime import UTC, datetime, timedelta

from backend import clock

ALL = (25, timedelta(seconds=1))
PRIVATE = (1, timedelta(seconds=1))
GROUP = (16, timedelta(minutes=1))
# A call arrives at some moment between its beginning and its end. However the way there bunches them up, no more than
# this arrive within a second; Telegram takes thirty.
ARRIVING = (29, timedelta(seconds=1))
# One call begins after another, evenly. A shade shorter than a twenty-fifth of a second: what a moment of being busy cost
# is made up for, as far as `ALL` lets it.
STEP = timedelta(milliseconds=39)
LATE = timedelta(milliseconds=100)
# So many wait for their turn to begin while time runs: enough to be never short of work, and little to be left half done.
AHEAD = 10
# What another sender may have written to a group in its last minute that nobody wrote down: all but Telegram's last four.
UNKNOWN = 12
# Refusals of two chats this close together are not about either chat.
TOGETHER = timedelta(seconds=2)


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

    def count(self, at: datetime | None = None) -> None:
        self._at.append(at or clock.now())

    def put_off(self) -> None:
        """The last one is only now."""
        if self._at:
            self._at[-1] = clock.now()

    def free_at(self, beside: int = 0) -> datetime:
        """From when there is room beside so many that are not counted yet; where they alone fill it, not before a span is over."""
        if self.room > beside:
            return clock.now()
        return (self._at[beside - self._most] if beside < self._most else clock.now()) + self._span

    @property
    def idle(self) -> bool:
        return self.room == self._most


class RateLimiter:
    """Windows over all chats and over each, and who asked us to wait until when.

    `count` gives a chat's room away; `begin` says that the call begins, which may be a little later, and `end` that it is over.
    """

    def __init__(self) -> None:
        self._all = Window(ALL)
        self._over = Window(ARRIVING)
        self._under_way = 0
        self._chats: dict[int, Window] = {}
        self._frozen: dict[int, datetime] = {}
        self._frozen_all = datetime.min.replace(tzinfo=UTC)
        self._refused: tuple[int, datetime] | None = None
        self._next_at = datetime.min.replace(tzinfo=UTC)

    @property
    def room(self) -> int:
        """How many may wait for their turn now, to whatever chats."""
        if clock.now() < self._frozen_all:
            return 0
        return AHEAD if clock.runs() else self._all.room

    def may(self, chat_id: int) -> bool:
        """Whether this chat may be written to now."""
        if self.room <= 0 or self.frozen(chat_id):
            return False
        window = self._chats.get(chat_id)
        return window is None or window.room > 0

    def busy(self) -> list[int]:
        """The chats that may not be written to now."""
        self._chats = {chat_id: w for chat_id, w in self._chats.items() if not w.idle}
        full = [chat_id for chat_id, window in self._chats.items() if window.room <= 0]
        now = clock.now()
        self._frozen = {chat: until for chat, until in self._frozen.items() if until > now}
        return [*self._frozen, *full]

    def count(self, chat_id: int) -> None:
        """Something is to be sent there, as soon as it is its turn."""
        self._window(chat_id).count()

    def begin(self) -> None:
        """One of those that were counted begins now."""
        self._all.count()
        self._under_way += 1
        self._next_at = max(self._next_at, clock.now() - LATE) + STEP

    def end(self) -> None:
        """One of those that began is over."""
        self._under_way -= 1
        self._over.count()

    @property
    def begins_in(self) -> float:
        """In how many seconds the next may begin, for all that is known now."""
        at = max(self._next_at, self._all.free_at(), self._over.free_at(self._under_way))
        return max(0.0, (at - clock.now()).total_seconds())

    def answered(self, chat_id: int) -> None:
        """The call is over. It arrived there at some moment since it began: a person's second counts from its end."""
        if chat_id > 0:
            self._window(chat_id).put_off()

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

    def frozen(self, chat_id: int) -> datetime | None:
        """Until when this chat must not be written to, since Telegram said so; None when it may."""
        until = max(self._frozen.get(chat_id, self._frozen_all), self._frozen_all)
        return until if until > clock.now() else None

    # --- taking over from another sender, whose last minute counts too ---

    def rest(self, until: datetime) -> None:
        """Write nowhere before."""
        self._frozen_all = max(self._frozen_all, until)

    def recall(self, chat_id: int, at: datetime) -> None:
        """Another sender wrote there then."""
        self._window(chat_id).count(at)

    def suppose(self, chat_id: int) -> None:
        """Another sender may have written there lately; nobody wrote down how often."""
        window = self._window(chat_id)
        for _ in range(min(UNKNOWN, window.room)):
            window.count()

    def _window(self, chat_id: int) -> Window:
        if chat_id not in self._chats:
            self._chats[chat_id] = Window(PRIVATE if chat_id > 0 else GROUP)
        return self._chats[chat_id]
