"""How fast Telegram may be written to (`M2`, `C2`), kept in the memory of the one process that holds the
sender's lease.

Commands and taps are answered at once by the process that receives them. That is why the limit of a group's
minute here is four below Telegram's twenty, and that of all chats' second five below its thirty.
"""

from collections import deque
from datetime import UTC, datetime, timedelta

from backend import clock

ALL = (25, timedelta(seconds=1))
PRIVATE = (1, timedelta(seconds=1))
GROUP = (16, timedelta(minutes=1))
# A call arrives at some moment between its beginning and its end. However the network bunches calls up, no
# more than this arrive within a second; Telegram takes thirty.
ARRIVING = (29, timedelta(seconds=1))
# Calls begin one after another, evenly. The step is a little shorter than a twenty-fifth of a second, so that
# what a busy moment cost is made up for, as far as `ALL` allows.
STEP = timedelta(milliseconds=39)
LATE = timedelta(milliseconds=100)
# How many may wait for their turn: enough never to be short of work, and few to be interrupted by a shutdown.
WAITING_MAX = 10
# What another sender may have written to a group in its last minute without recording it: all but Telegram's
# last four.
UNRECORDED = 12
# When two chats are refused within this time, Telegram means all chats.
TOGETHER = timedelta(seconds=2)


class Window:
    """A limit on the calls in any span of a given length."""

    def __init__(self, limit: tuple[int, timedelta]) -> None:
        self._limit, self._span = limit
        self._at: deque[datetime] = deque()

    @property
    def room(self) -> int:
        while self._at and self._at[0] <= clock.now() - self._span:
            self._at.popleft()
        return self._limit - len(self._at)

    @property
    def is_idle(self) -> bool:
        return self.room == self._limit

    def count(self, at: datetime | None = None) -> None:
        self._at.append(at or clock.now())

    def move_last_to_now(self) -> None:
        """The last call counts from now on, also when it took so long that it is counted no more."""
        if self._at:
            self._at[-1] = clock.now()
        else:
            self.count()

    def free_at(self, uncounted: int = 0) -> datetime:
        """From when there is room for one more call besides the `uncounted` ones; a span from now, when
        those alone fill it."""
        if self.room > uncounted:
            return clock.now()
        first = self._at[uncounted - self._limit] if uncounted < self._limit else clock.now()
        return first + self._span


class RateLimiter:
    """Windows over all chats and over each chat; and until when Telegram has refused which chats.

    `reserve` takes room in a chat; the call to it may begin a little later (`begin`) and is over at `end`.
    """

    def __init__(self) -> None:
        self._all = Window(ALL)
        self._arrived = Window(ARRIVING)
        self._under_way = 0
        self._chats: dict[int, Window] = {}
        self._frozen: dict[int, datetime] = {}
        self._frozen_all = datetime.min.replace(tzinfo=UTC)
        self._refused: tuple[int, datetime] | None = None
        self._next_at = datetime.min.replace(tzinfo=UTC)

    @property
    def room(self) -> int:
        """How many calls may wait for their turn now, to whatever chats."""
        if clock.now() < self._frozen_all:
            return 0
        return WAITING_MAX if clock.runs() else self._all.room

    def has_room(self, chat_id: int) -> bool:
        """Whether this chat may be written to now."""
        if self.room <= 0 or self.frozen_until(chat_id):
            return False
        window = self._chats.get(chat_id)
        return window is None or window.room > 0

    def busy_chats(self) -> list[int]:
        """The chats that may not be written to now."""
        self._chats = {chat_id: w for chat_id, w in self._chats.items() if not w.is_idle}
        full = [chat_id for chat_id, window in self._chats.items() if window.room <= 0]
        now = clock.now()
        self._frozen = {chat: until for chat, until in self._frozen.items() if until > now}
        return [*self._frozen, *full]

    def reserve(self, chat_id: int) -> None:
        """Take room for a call to this chat, which begins as soon as it is its turn."""
        self._window(chat_id).count()

    def begin(self) -> None:
        """One of the reserved calls begins now."""
        self._all.count()
        self._under_way += 1
        self._next_at = max(self._next_at, clock.now() - LATE) + STEP

    def end(self) -> None:
        """One of the calls that began is over."""
        self._under_way -= 1
        self._arrived.count()

    @property
    def next_turn_in(self) -> float:
        """In how many seconds the next call may begin, as far as is known now."""
        at = max(self._next_at, self._all.free_at(), self._arrived.free_at(self._under_way))
        return max(0.0, (at - clock.now()).total_seconds())

    def record_answer(self, chat_id: int) -> None:
        """A call is answered. It arrived at some moment since it began: a private chat's second counts
        from its end."""
        if chat_id > 0:
            self._window(chat_id).move_last_to_now()

    def freeze(self, chat_id: int, seconds: float) -> datetime:
        """Leave a chat alone for this many seconds, as Telegram asked; until when.

        Telegram does not say whether it means this chat or all of them; when a second chat is refused at the
        same time, all.
        """
        now = clock.now()
        until = now + timedelta(seconds=seconds)
        if self._refused and self._refused[0] != chat_id and now - self._refused[1] < TOGETHER:
            self._frozen_all = max(self._frozen_all, until)
        self._refused = (chat_id, now)
        self._frozen[chat_id] = until
        return until

    def frozen_until(self, chat_id: int) -> datetime | None:
        """Until when Telegram said to leave this chat alone; None when it may be written to."""
        until = max(self._frozen.get(chat_id, self._frozen_all), self._frozen_all)
        return until if until > clock.now() else None

    # --- taking over from another sender, whose last minute counts too ---

    def freeze_all(self, until: datetime) -> None:
        """Write nowhere before."""
        self._frozen_all = max(self._frozen_all, until)

    def count_past(self, chat_id: int, at: datetime) -> None:
        """Another sender wrote there then."""
        self._window(chat_id).count(at)

    def assume_busy(self, chat_id: int) -> None:
        """Another sender may have written there lately; how often is not recorded."""
        window = self._window(chat_id)
        for _ in range(min(UNRECORDED, window.room)):
            window.count()

    def _window(self, chat_id: int) -> Window:
        if chat_id not in self._chats:
            self._chats[chat_id] = Window(PRIVATE if chat_id > 0 else GROUP)
        return self._chats[chat_id]
