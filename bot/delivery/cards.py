"""Posting cards, and editing them as what they show changes (`C1`, `C2`, `C6`); a part of the sender."""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiogram import Bot

from backend import clock, failpoints
from backend.cards.posting import (
    claim_due,
    lose_interrupted_cards,
    record_lost,
    record_shown,
    record_without_buttons,
)
from backend.cards.queries import CardJob, stale_cards, unlinked_cards
from backend.cards.rules import CardTrouble
from backend.messages.card_results import ShownCard, record_edit, record_post, record_unlinked_edit
from backend.outbox.states import SendResult
from backend.retry import retry_until_saved
from bot.cards import RenderedCard, render_card
from bot.delivery.client import edit, post
from bot.delivery.rate_limit import RateLimiter
from bot.rendering import RenderedMessage

log = structlog.get_logger()

EDIT_INTERVAL = timedelta(seconds=3)  # at least, between two edits of a card
Work = Coroutine[Any, Any, None]


class CardPoster:
    """Works through due and stale cards; remembers when each was last edited, so that changes are shown
    together."""

    def __init__(self, bot: Bot, limiter: RateLimiter) -> None:
        self.bot = bot
        self.limiter = limiter
        self._not_before: dict[int, datetime] = {}
        self._under_way: set[int] = set()

    async def take_over(self) -> int:
        """Lose what a former sender was posting: it may be in the chat, so it is not posted again (`C1`);
        how many."""
        return await lose_interrupted_cards()

    async def work(self, room: int) -> list[Work]:
        """Up to `room` posts and edits to be made now, each ready to be run: posts first."""
        work: list[Work] = []
        while len(work) < room:
            await failpoints.reach("cards.looking")
            job = await claim_due(self.limiter.busy_chats())
            if job is None:
                break
            work.append(self._prepare(job, self._post(job)))
        if len(work) < room:
            work += await self._edits(room - len(work))
        return work

    async def _edits(self, room: int) -> list[Work]:
        now = clock.now()
        self._not_before = {card: at for card, at in self._not_before.items() if at > now}
        work: list[Work] = []
        # More are read than there is room for: the first cards of a group may use up the group's limit.
        resting = {*self._under_way, *self._not_before}
        busy = self.limiter.busy_chats()
        stale = await stale_cards(limit=room * 4, except_ids=resting, busy=busy)
        unlinked = await unlinked_cards(limit=room * 4, except_ids=resting, busy=busy)
        for job in (*stale, *unlinked):
            if len(work) < room and self.limiter.has_room(job.chat_id):
                act = self._take_buttons_away(job) if job.is_unlinked else self._edit(job)
                work.append(self._prepare(job, act))
        return work

    def _prepare(self, job: CardJob, work: Work) -> Work:
        self.limiter.reserve(job.chat_id)
        self._under_way.add(job.card_id)
        return self._run(job, work)

    async def _run(self, job: CardJob, work: Work) -> None:
        try:
            await work
        except Exception as error:
            log.exception("card failed", card=job.card_id)
            await self._lose(job, f"could not be shown: {error!r}")
        finally:
            self._under_way.discard(job.card_id)

    async def _post(self, job: CardJob) -> None:
        await failpoints.reach("cards.claimed")
        card = await self._render(job)
        if card is None:
            return
        await failpoints.reach("cards.posting")
        call = await post(self.bot, job.chat_id, card.message, job.topic_id)
        await failpoints.reach("cards.posted")
        ended_at = clock.now()
        self._not_before[job.card_id] = ended_at + EDIT_INTERVAL
        if call.result is SendResult.RATE_LIMITED:
            self.limiter.freeze(job.chat_id, call.retry_after)
        shown = ShownCard(card.message.digest, card.check_at)
        await retry_until_saved(lambda: record_post(job, shown, call, ended_at))
        await failpoints.reach("cards.recorded")

    async def _edit(self, job: CardJob) -> None:
        assert job.message_id is not None
        card = await self._render(job)
        if card is None:
            return
        shown = ShownCard(card.message.digest, card.check_at)
        if shown.digest == job.digest:  # no edit when nothing has changed (C2)
            await retry_until_saved(lambda: record_shown(job, shown.digest, shown.check_at))
            return
        await failpoints.reach("cards.editing")
        self._not_before[job.card_id] = clock.now() + EDIT_INTERVAL
        call = await edit(self.bot, job.chat_id, job.message_id, card.message)
        ended_at = clock.now()
        if call.result is SendResult.RATE_LIMITED:
            self.limiter.freeze(job.chat_id, call.retry_after)
        retry_at = await retry_until_saved(lambda: record_edit(job, shown, call, ended_at))
        if retry_at is not None:
            self._not_before[job.card_id] = retry_at

    async def _take_buttons_away(self, job: CardJob) -> None:
        assert job.message_id is not None
        card = await self._render(job)
        if card is None:
            return
        message = RenderedMessage(card.message.text, [])
        if message.digest == job.digest:
            await retry_until_saved(lambda: record_without_buttons(job, job.digest))
            return
        call = await edit(self.bot, job.chat_id, job.message_id, message)
        ended_at = clock.now()
        self._not_before[job.card_id] = ended_at + EDIT_INTERVAL
        if call.result is SendResult.RATE_LIMITED:
            self.limiter.freeze(job.chat_id, call.retry_after)
        await retry_until_saved(lambda: record_unlinked_edit(job, message.digest, call, ended_at))

    async def _render(self, job: CardJob) -> RenderedCard | None:
        """The card as it is to be shown; None, and the card is lost, when what it shows is gone."""
        card = await retry_until_saved(lambda: render_card(instance_id=job.instance_id, poll_id=job.poll_id))
        if card is None:
            await self._lose(job, "what it shows is gone")
        return card

    async def _lose(self, job: CardJob, reason: str) -> None:
        if job.is_unlinked:
            await retry_until_saved(lambda: record_without_buttons(job, job.digest))
        else:
            await retry_until_saved(lambda: record_lost(job, CardTrouble.REFUSED, reason))
