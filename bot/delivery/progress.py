"""Showing who sent an announcement how far it is, in the message that said it was on its way (`C5`); the sender's third hand."""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiogram import Bot

from backend import clock
from backend.announcements.actions import stop_watching
from backend.announcements.queries import WatchedAnnouncement, watched_announcements
from backend.i18n import Voice
from bot.announcements import progress_message
from bot.delivery.cards import retry_until_saved
from bot.delivery.client import SendResult, edit
from bot.delivery.rate_limit import RateLimiter

log = structlog.get_logger()

LOOK = timedelta(seconds=1)
BETWEEN_EDITS = timedelta(seconds=3)
Work = Coroutine[Any, Any, None]


class ProgressReporter:
    """Remembers what each watched message shows, and when it was last touched."""

    def __init__(self, bot: Bot, pace: RateLimiter) -> None:
        self.bot = bot
        self.pace = pace
        self._look_at = clock.now()
        self._shown: dict[int, str] = {}
        self._not_before: dict[int, datetime] = {}

    async def work(self, room: int) -> list[Work]:
        """Up to `room` edits to be made now, each ready to be run. An ending is shown as soon as it is one."""
        now = clock.now()
        if now < self._look_at:
            return []
        self._look_at = now + LOOK
        begun: list[Work] = []
        for seen in await watched_announcements():
            number = seen.progress.announcement.id
            digest = progress_message(seen.progress, Voice(seen.language)).digest
            due = self._not_before.get(number, now) <= now and self._shown.get(number) != digest
            if len(begun) < room and due and self.pace.may(seen.chat_id):
                self.pace.count(seen.chat_id)
                self._shown[number], self._not_before[number] = digest, now + BETWEEN_EDITS
                begun.append(self._show(seen))
        return begun

    async def _show(self, seen: WatchedAnnouncement) -> None:
        sheet = progress_message(seen.progress, Voice(seen.language))
        number = seen.progress.announcement.id
        answer = await edit(self.bot, seen.chat_id, seen.message_id, sheet)
        self.pace.answered(seen.chat_id)
        if answer.fate is SendResult.WAIT:
            self._not_before[number] = self.pace.wait(seen.chat_id, answer.seconds)
        if answer.fate in (SendResult.WAIT, SendResult.UNSENT, SendResult.UNKNOWN, SendResult.MISCONFIGURED):
            self._shown.pop(number, None)  # shown again, later
        elif answer.fate is not SendResult.DONE or seen.progress.is_over:
            self._shown.pop(number, None)
            self._not_before.pop(number, None)
            await retry_until_saved(lambda: stop_watching(number))
