"""The sender: the one process that writes to people and groups on its own accord, by a lease (decision 0009).

A *step* takes what may be sent now and starts sending it; what is under way may last, and the next step works beside it.
Calls begin one after another, at the pace of `bot.delivery.rate_limit`.
"""

import asyncio
import os
import random
import secrets
import socket
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiogram import Bot

from backend import clock, failpoints, leases
from backend.groups.rules import GroupHealth
from backend.linking.actions import move_group, record_topic, set_health
from backend.messages import actions as messages
from backend.messages.queries import Delivery, GroupChat, chats_with_cards, written_to_groups
from backend.outbox.kinds import AT_MOST_ONCE
from bot.delivery.cards import CardPoster, retry_until_saved
from bot.delivery.client import CallResult, SendResult, post
from bot.delivery.compose import render_message
from bot.delivery.progress import ProgressReporter
from bot.delivery.rate_limit import ALL, GROUP, RateLimiter

log = structlog.get_logger()

LIFE = timedelta(seconds=8)  # of the lease: who takes over waits no longer (at most 10 s)
RENEW = timedelta(seconds=2)
AT_ONCE = 30  # calls under way
LONGEST_PAUSE = 300.0  # seconds between attempts
MISCONFIGURED_PAUSE = timedelta(minutes=1)


class Sender:
    """Sends letters and keeps cards, while it holds the lease of its bot."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.lease = f"sender {bot.id}"
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.epoch: int | None = None
        self.pace = RateLimiter()
        self.poster = CardPoster(bot, self.pace)
        self.herald = ProgressReporter(bot, self.pace)
        self._renew_at = self._held_until = clock.now()
        self._writing_to: set[int] = set()  # chats a letter is under way to
        self._under_way: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()  # of them, those whose turn has not come
        self._turn = asyncio.Lock()  # asyncio hands it on in the order of asking

    async def hold(self) -> bool:
        """Take or renew the lease when it is time; whether it is ours. Who takes it over tidies up after who had it."""
        if clock.now() < self._renew_at:
            return self.epoch is not None
        asked_at = clock.now()
        before = await leases.held_until(self.lease)
        epoch = await leases.take(self.lease, self.holder, LIFE)
        self._renew_at, self._held_until = asked_at + RENEW, asked_at + LIFE
        if epoch is not None and epoch != self.epoch:
            await self._take_over(epoch, before)
        self.epoch = epoch
        return epoch is not None

    async def _take_over(self, epoch: int, before: datetime | None) -> None:
        """What the one before was writing is seen to, and what it wrote in its last minute counts for us too (`M2`)."""
        again, lost = await messages.recover(epoch), await self.poster.take_over()
        log.info("sending", epoch=epoch, again=again, lost_cards=lost)
        if before is None or before + GROUP[1] < clock.now():
            return
        self.pace.rest(before + ALL[1])
        for written in await written_to_groups(clock.now() - GROUP[1]):
            self.pace.recall(written.chat_id, written.at)
        for chat_id in await chats_with_cards():
            self.pace.suppose(chat_id)

    @property
    def holds(self) -> bool:
        """Whether the lease is ours at this moment, as far as the clock can tell: who slept too long may not write."""
        return self.epoch is not None and clock.now() < self._held_until

    async def step(self) -> int:
        """Start sending what may be sent now; how many things that was."""
        if not await self.hold() or self.epoch is None:
            return 0
        room = min(self.pace.room - len(self._waiting), AT_ONCE - len(self._under_way))
        if room <= 0:
            return 0
        # Cards take at most half: a busy evening in many groups does not hold up what people are told.
        started = await self._start_cards(max(1, room // 2))
        busy = {*self._writing_to, *self.pace.busy()}
        room -= started
        for letter in await messages.claim(self.epoch, limit=room, busy=busy, lease=self.lease):
            self.pace.count(letter.chat_id)
            self._writing_to.add(letter.chat_id)
            self._begin(self._send(letter))
            started += 1
        return started

    async def settle(self) -> None:
        """Wait until all that was started is done."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def stop(self) -> None:
        """Finish what is under way and hand the lease on at once."""
        await self.settle()
        await leases.release(self.lease, self.holder)
        self.epoch = None

    async def _start_cards(self, room: int) -> int:
        started = 0
        told = await self.herald.work(room)
        for work in [*told, *await self.poster.work(room - len(told))]:
            self._begin(self._in_turn(work))
            started += 1
        return started

    async def _in_turn(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await self._wait_for_turn()
            await work
        except Exception:
            log.exception("could not be shown")

    async def _wait_for_turn(self) -> None:
        """Wait until the next call may begin, behind all who waited before, and begin it."""
        async with self._turn:
            while (pause := self.pace.begins_in) > 0 and clock.runs():  # noqa: ASYNC110 - it is time that is waited for
                await asyncio.sleep(pause)
            self.pace.begin()
        task = asyncio.current_task()
        self._waiting = {other for other in self._waiting if other is not task}

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        self._waiting.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if task not in self._waiting:
            self.pace.end()
        self._waiting.discard(task)

    async def _send(self, letter: Delivery) -> None:
        try:
            await self._try_to_send(letter)
        except Exception as error:
            log.exception("message failed", kind=letter.kind)
            why = type(error).__name__
            await retry_until_saved(lambda: messages.park(letter, why))
        finally:
            self._writing_to.discard(letter.chat_id)

    async def _try_to_send(self, letter: Delivery) -> None:
        await failpoints.reach("sender.claimed")
        unknown = ""
        try:
            sheet = await retry_until_saved(lambda: render_message(letter))
        except LookupError as error:
            unknown = str(error)
        await self._wait_for_turn()
        if unknown:
            await retry_until_saved(lambda: messages.park(letter, unknown))
            return
        wait = clock.now() if not self.holds else self.pace.frozen(letter.chat_id)
        if wait is not None:
            await retry_until_saved(lambda: messages.put_off(letter, wait, "", blameless=True))
            return
        place = letter.place
        await failpoints.reach("sender.calling")
        answer = await post(self.bot, letter.chat_id, sheet, place.topic_id if place else None)
        await failpoints.reach("sender.sent")
        self.pace.answered(letter.chat_id)
        until = clock.now() + pause_after(letter.attempts)
        if answer.fate is SendResult.WAIT:
            until = self.pace.wait(letter.chat_id, answer.seconds)
        await retry_until_saved(lambda: self._note(letter, answer, until))
        await failpoints.reach("sender.noted")

    async def _note(self, letter: Delivery, answer: CallResult, until: datetime) -> None:
        match answer.fate:
            case SendResult.DONE:
                await messages.sent(letter)
                if letter.place is not None and letter.place.health is not GroupHealth.WELL:
                    await set_health(letter.chat_id, GroupHealth.WELL)
            case SendResult.GONE if letter.place is None:
                await messages.blocked(letter)
            case SendResult.WAIT:
                await messages.put_off(letter, until, answer.why, blameless=True)
            case SendResult.MISCONFIGURED:
                log.error("telegram refuses the bot", why=answer.why)
                later = clock.now() + MISCONFIGURED_PAUSE
                await messages.put_off(letter, later, answer.why, blameless=True)
            case SendResult.MOVED:
                await move_group(letter.chat_id, answer.chat_id)
                await messages.put_off(letter, clock.now(), "", blameless=True)
            case SendResult.UNKNOWN if letter.kind in AT_MOST_ONCE:
                await messages.perhaps(letter, answer.why)
            case (
                SendResult.UNSENT | SendResult.UNKNOWN
            ):  # at least once: a repeated confirmation harms nobody
                await messages.put_off(letter, until, answer.why)
            case _:
                log.error("message refused", kind=letter.kind, why=answer.why)
                if letter.place is not None:
                    await _note_place(letter.place, answer.fate)
                await messages.park(letter, answer.why)


async def _note_place(place: GroupChat, fate: SendResult) -> None:
    """What a refusal says of a group, for its organisers to see (`A6`)."""
    if fate in (SendResult.GONE, SendResult.MUTED):
        await set_health(place.chat_id, GroupHealth.REMOVED if fate is SendResult.GONE else GroupHealth.MUTED)
    elif fate in (SendResult.CLOSED, SendResult.MISSING) and place.topic_id is not None:
        await record_topic(place.chat_id, place.topic_id, None, closed=True)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubling to five minutes, with jitter so that not all come back at once."""
    longest = min(LONGEST_PAUSE, 2.0**attempts)
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
