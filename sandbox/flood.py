"""Telegram's limits on sending, when they are switched on (off by default).

One message a second to a private chat, 20 a minute to a group, 30 a second over all chats. Sending
and editing share the limits; answers to pressed buttons are not limited.
"""

import collections
import math

from sandbox.clock import Clock
from sandbox.errors import BotApiError

_ALL_CHATS = 0
_LIMITED_METHODS = frozenset({"sendMessage", "sendDocument", "editMessageText", "editMessageReplyMarkup"})


class FloodLimiter:
    """Sliding windows on the sandbox's clock; `refusal_count` counts the calls answered with 429."""

    def __init__(self, clock: Clock, *, on: bool) -> None:
        self.on = on
        self.refusal_count = 0
        self._clock = clock
        self._sent: dict[int, collections.deque[float]] = {}

    def check(self, method: str, chat_id: int | None) -> None:
        """Count the call. Raises 429 with `retry_after` (seconds) when it is one too many."""
        if not self.on or chat_id is None or method not in _LIMITED_METHODS:
            return
        now = self._clock.now()
        windows = [(_ALL_CHATS, 30, 1.0), (chat_id, 20, 60.0) if chat_id < 0 else (chat_id, 1, 1.0)]
        wait = 0.0
        for key, limit, seconds in windows:
            sent = self._sent.setdefault(key, collections.deque())
            while sent and sent[0] <= now - seconds:
                sent.popleft()
            if len(sent) >= limit:
                wait = max(wait, sent[0] + seconds - now)
        if wait > 0:
            self.refusal_count += 1
            seconds_to_wait = max(1, math.ceil(wait))
            raise BotApiError(
                429, f"Too Many Requests: retry after {seconds_to_wait}", retry_after=seconds_to_wait
            )
        for key, _, _ in windows:
            self._sent[key].append(now)
