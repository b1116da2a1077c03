"""Showing the author of an announcement how far it is, in the message that said it was on its way (`C5`)."""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from aiogram import Bot

from backend import clock
from backend.announcements.actions import stop_watching
from backend.announcements.queries import WatchedAnnouncement, watched_announcements
from backend.i18n import Voice
from backend.outbox.states import SendResult
from backend.retry import retry_until_saved
from bot.announcements import render_progress
from bot.delivery.client import edit
from bot.delivery.rate_limit import RateLimiter

CHECK_INTERVAL = timedelta(seconds=1)
EDIT_INTERVAL = timedelta(seconds=3)
SHOW_AGAIN = (
    SendResult.RATE_LIMITED,
    SendResult.UNSENT,
    SendResult.UNKNOWN,
    SendResult.MISCONFIGURED,
)
Work = Coroutine[Any, Any, None]


class ProgressReporter:
    """Remembers what each watched message shows, and when it was last edited."""

    def __init__(self, bot: Bot, limiter: RateLimiter) -> None:
        self.bot = bot
        self.limiter = limiter
        self._check_at = clock.now()
        self._shown: dict[int, str] = {}
        self._not_before: dict[int, datetime] = {}

    async def work(self, room: int) -> list[Work]:
        """Up to `room` edits to be made now, each ready to be run. An ending is shown at once."""
        now = clock.now()
        if now < self._check_at:
            return []
        self._check_at = now + CHECK_INTERVAL
        work: list[Work] = []
        for watched in await watched_announcements():
            announcement_id = watched.progress.announcement.id
            digest = render_progress(watched.progress, Voice(watched.language)).digest
            due = (
                self._not_before.get(announcement_id, now) <= now
                and self._shown.get(announcement_id) != digest
            )
            if len(work) < room and due and self.limiter.has_room(watched.chat_id):
                self.limiter.reserve(watched.chat_id)
                self._shown[announcement_id], self._not_before[announcement_id] = digest, now + EDIT_INTERVAL
                work.append(self._show(watched))
        return work

    async def _show(self, watched: WatchedAnnouncement) -> None:
        rendered = render_progress(watched.progress, Voice(watched.language))
        announcement_id = watched.progress.announcement.id
        call = await edit(self.bot, watched.chat_id, watched.message_id, rendered)
        self.limiter.record_answer(watched.chat_id)
        if call.result is SendResult.RATE_LIMITED:
            until = self.limiter.freeze(watched.chat_id, call.retry_after)
            self._not_before[announcement_id] = until
        if call.result in SHOW_AGAIN:
            self._shown.pop(announcement_id, None)
        elif call.result is not SendResult.DONE or watched.progress.is_over:
            self._shown.pop(announcement_id, None)
            self._not_before.pop(announcement_id, None)
            await retry_until_saved(lambda: stop_watching(announcement_id))
