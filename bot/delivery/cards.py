"""Posting cards and keeping them true (`C1`, `C2`, `C6`); the sender's other half."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from aiogram import Bot

from backend import clock, failpoints
from backend.cards import posting
from backend.cards.queries import CardJob, stale_cards
from backend.cards.rules import CardTrouble
from backend.errors import Busy, Unavailable
from backend.groups.rules import GroupHealth
from backend.linking.actions import move_group, record_topic, set_health
from bot.cards import RenderedCard, render_card
from bot.delivery.client import CallResult, SendResult, edit, post
from bot.delivery.rate_limit import RateLimiter

log = structlog.get_logger()

BETWEEN_EDITS = timedelta(seconds=3)
LONGEST_PAUSE = timedelta(minutes=5)
AGAIN = 0.5  # seconds until the database is asked again
Work = Coroutine[Any, Any, None]
Result = TypeVar("Result")


async def retry_until_saved(ask: Callable[[], Awaitable[Result]]) -> Result:
    """Ask the database until it answers: what Telegram has done already must not be forgotten by an outage."""
    while True:
        try:
            return await ask()
        except (Busy, Unavailable) as error:
            log.warning("asking the database again", error=str(error))
            await asyncio.sleep(AGAIN)


class CardPoster:
    """Works through due and stale cards; remembers when it touched which, so that edits are coalesced."""

    def __init__(self, bot: Bot, pace: RateLimiter) -> None:
        self.bot = bot
        self.pace = pace
        self._not_before: dict[int, datetime] = {}
        self._under_way: set[int] = set()

    async def take_over(self) -> int:
        """Begin after another poster went: what it was posting may be there, so it is not posted again (`C1`)."""
        return await posting.lose_interrupted_cards()

    async def work(self, room: int) -> list[Work]:
        """Up to `room` things to be done now, each ready to be run: posting first, then edits."""
        begun: list[Work] = []
        while len(begun) < room:
            await failpoints.reach("poster.looking")
            job = await posting.claim_due(self.pace.busy())
            if job is None:
                break
            begun.append(self._begin(job, self._post(job)))
        if len(begun) < room:
            begun += await self._edits(room - len(begun))
        return begun

    async def _edits(self, room: int) -> list[Work]:
        now = clock.now()
        self._not_before = {c: at for c, at in self._not_before.items() if at > now}
        begun: list[Work] = []
        # More are read than can be done: a group may come to its limit by the first of its cards.
        but = {*self._under_way, *self._not_before}
        for job in await stale_cards(limit=room * 4, except_ids=but, busy=self.pace.busy()):
            if len(begun) < room and self.pace.may(job.chat_id):
                begun.append(self._begin(job, self._edit(job)))
        return begun

    def _begin(self, job: CardJob, work: Work) -> Work:
        self.pace.count(job.chat_id)
        self._under_way.add(job.card_id)
        return self._run(job, work)

    async def _run(self, job: CardJob, work: Work) -> None:
        try:
            await work
        except Exception:
            log.exception("card failed", card=job.card_id)
            await retry_until_saved(
                lambda: posting.record_lost(job, CardTrouble.REFUSED, "could not be shown")
            )
        finally:
            self._under_way.discard(job.card_id)

    async def _post(self, job: CardJob) -> None:
        await failpoints.reach("poster.taken")
        drawing = await retry_until_saved(
            lambda: render_card(instance_id=job.instance_id, poll_id=job.poll_id)
        )
        if drawing is None:
            await retry_until_saved(
                lambda: posting.record_lost(job, CardTrouble.REFUSED, "what it shows is gone")
            )
            return
        await failpoints.reach("poster.posting")
        answer = await post(self.bot, job.chat_id, drawing.sheet, job.topic_id)
        await failpoints.reach("poster.posted")
        self._not_before[job.card_id] = clock.now() + BETWEEN_EDITS
        until = self.pace.wait(job.chat_id, answer.seconds) if answer.fate is SendResult.WAIT else None
        await retry_until_saved(lambda: self._note_post(job, drawing, answer, until))
        await failpoints.reach("poster.noted")

    async def _note_post(
        self, job: CardJob, drawing: RenderedCard, answer: CallResult, until: datetime | None
    ) -> None:
        match answer.fate:
            case SendResult.DONE:
                await posting.record_posted(job, answer.message_id, drawing.sheet.digest, drawing.look_at)
                await set_health(job.chat_id, GroupHealth.WELL)  # whatever was believed of it
            case SendResult.WAIT:
                await posting.record_not_posted(job, until or clock.now(), answer.why)
            case SendResult.UNSENT | SendResult.MISCONFIGURED:
                await posting.record_not_posted(job, clock.now() + _pause(job), answer.why)
            case SendResult.MOVED:
                await move_group(job.chat_id, answer.chat_id)
                await posting.record_not_posted(job, clock.now(), "")
            case SendResult.UNKNOWN:
                await posting.record_lost(job, CardTrouble.UNKNOWN, f"may have been posted: {answer.why}")
            case SendResult.CLOSED:
                if job.topic_id is not None:
                    await record_topic(job.chat_id, job.topic_id, None, closed=True)
                await self._lose(job, CardTrouble.TOPIC_CLOSED, answer)
            case SendResult.MISSING:
                await self._lose(job, CardTrouble.TOPIC_GONE, answer)
            case _:
                await self._lose(job, _trouble(answer.fate), answer)

    async def _edit(self, job: CardJob) -> None:
        assert job.message_id is not None
        drawing = await retry_until_saved(
            lambda: render_card(instance_id=job.instance_id, poll_id=job.poll_id)
        )
        if drawing is None:
            await retry_until_saved(
                lambda: posting.record_lost(job, CardTrouble.REFUSED, "what it shows is gone")
            )
            return
        if drawing.sheet.digest == job.digest:  # none when nothing changed (C2)
            await retry_until_saved(lambda: posting.record_shown(job, job.digest, drawing.look_at))
            return
        await failpoints.reach("poster.editing")
        self._not_before[job.card_id] = clock.now() + BETWEEN_EDITS
        answer = await edit(self.bot, job.chat_id, job.message_id, drawing.sheet)
        if answer.fate is SendResult.WAIT:
            self._not_before[job.card_id] = self.pace.wait(job.chat_id, answer.seconds)
            return
        await retry_until_saved(lambda: self._note_edit(job, drawing, answer))

    async def _note_edit(self, job: CardJob, drawing: RenderedCard, answer: CallResult) -> None:
        match answer.fate:
            case SendResult.DONE:
                await posting.record_shown(job, drawing.sheet.digest, drawing.look_at)
            # An edit can be made twice; a closed topic is opened again.
            case SendResult.UNSENT | SendResult.UNKNOWN | SendResult.MISCONFIGURED | SendResult.CLOSED:
                self._not_before[job.card_id] = clock.now() + _pause(job)
                await posting.record_edit_failure(job, answer.why)
            case SendResult.MOVED:  # the old chat's messages cannot be edited any more
                await move_group(job.chat_id, answer.chat_id)
            case SendResult.MISSING:
                await self._lose(job, CardTrouble.DELETED, answer)
            case _:
                await self._lose(job, _trouble(answer.fate), answer)

    async def _lose(self, job: CardJob, trouble: CardTrouble, answer: CallResult) -> None:
        log.warning("card lost", card=job.card_id, trouble=trouble, why=answer.why)
        await posting.record_lost(job, trouble, answer.why)


def _trouble(fate: SendResult) -> CardTrouble:
    return {SendResult.GONE: CardTrouble.REMOVED, SendResult.MUTED: CardTrouble.MUTED}.get(
        fate, CardTrouble.REFUSED
    )


def _pause(job: CardJob) -> timedelta:
    return min(LONGEST_PAUSE, BETWEEN_EDITS * 2.0 ** min(job.attempts, 10))
