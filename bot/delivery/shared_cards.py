"""Keeping the cards that people share by inline mode true (`C9`); a part of the sender."""

from datetime import datetime, timedelta

import structlog
from aiogram import Bot

from backend import clock
from backend.cards.rules import NEVER
from backend.cards.shared import (
    SharedCardJob,
    forget_shared_card,
    postpone_shared_card,
    record_shared_shown,
    stale_shared_cards,
)
from backend.outbox.states import SendResult
from backend.retry import retry_until_saved
from bot.cards import RenderedCard, render_shared_card
from bot.delivery.cards import EDIT_INTERVAL, Work
from bot.delivery.client import edit_inline
from bot.delivery.rate_limit import RateLimiter

log = structlog.get_logger()

RETRY_PAUSE, RETRY_PAUSE_MAX = timedelta(seconds=3), timedelta(minutes=30)
_PASSING = (SendResult.UNSENT, SendResult.UNKNOWN, SendResult.MISCONFIGURED, SendResult.MUTED)


def chat_of(job: SharedCardJob) -> int:
    """In which chat it is, nobody knows: to the limits each is a group of its own, with an id that no chat has."""
    return -(2**62) - job.card_id


class SharedCardEditor:
    """Works through the shared cards that are behind; those of groups, which a club posted, come first."""

    def __init__(self, bot: Bot, limiter: RateLimiter) -> None:
        self.bot = bot
        self.limiter = limiter
        self._not_before: dict[int, datetime] = {}
        self._under_way: set[int] = set()

    async def work(self, room: int) -> list[Work]:
        """Up to `room` edits to be made now, each ready to be run."""
        if room <= 0:
            return []
        now = clock.now()
        self._not_before = {card: at for card, at in self._not_before.items() if at > now}
        resting = {*self._under_way, *self._not_before}
        work: list[Work] = []
        for job in await stale_shared_cards(limit=room * 2, except_ids=resting):
            if len(work) < room and self.limiter.has_room(chat_of(job)):
                self.limiter.reserve(chat_of(job))
                self._under_way.add(job.card_id)
                work.append(self._run(job))
        return work

    async def _run(self, job: SharedCardJob) -> None:
        try:
            await self._edit(job)
        except Exception:
            log.exception("shared card failed", card=job.card_id)
            await retry_until_saved(
                lambda: postpone_shared_card(job, self._retry_at(job), "could not be shown")
            )
        finally:
            self._under_way.discard(job.card_id)

    async def _edit(self, job: SharedCardJob) -> None:
        card = await retry_until_saved(
            lambda: render_shared_card(instance_id=job.instance_id, poll_id=job.poll_id)
        )
        if card is None:
            await retry_until_saved(lambda: forget_shared_card(job))
            return
        if card.message.digest != job.digest:
            self._not_before[job.card_id] = clock.now() + EDIT_INTERVAL
            call = await edit_inline(self.bot, job.inline_message_id, card.message)
            if call.result is SendResult.RATE_LIMITED:
                until = self.limiter.freeze(chat_of(job), call.retry_after)
                await retry_until_saved(lambda: postpone_shared_card(job, until, call.reason))
                return
            if call.result in _PASSING:
                await retry_until_saved(lambda: postpone_shared_card(job, self._retry_at(job), call.reason))
                return
            if call.result is not SendResult.DONE:
                log.info("shared card gone", card=job.card_id, reason=call.reason)
                await retry_until_saved(lambda: forget_shared_card(job))
                return
        await self._record(job, card)

    async def _record(self, job: SharedCardJob, card: RenderedCard) -> None:
        if card.check_at == NEVER:  # it shows its last state, and has no button that acts
            await retry_until_saved(lambda: forget_shared_card(job))
        else:
            await retry_until_saved(lambda: record_shared_shown(job, card.message.digest, card.check_at))

    def _retry_at(self, job: SharedCardJob) -> datetime:
        """After a pause that doubles from edit to edit."""
        return clock.now() + min(RETRY_PAUSE_MAX, RETRY_PAUSE * 2.0 ** min(job.attempts, 10))
