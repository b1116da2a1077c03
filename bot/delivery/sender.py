"""The sender: the one process that writes to people and groups of its own accord, by a lease (decision 0009).

A *step* claims what may be sent now and starts sending it; calls may last, and the next step works beside
them. Calls begin one after another, as `bot.delivery.rate_limit` allows.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiogram import Bot

from backend import clock, failpoints, leases
from backend.causes import caused_by
from backend.errors import Busy, Unavailable
from backend.messages.results import record_result
from backend.messages.waiting import is_anything_due
from backend.outbox.claim import claim, recover
from backend.outbox.deliveries import Delivery
from backend.outbox.recent import chats_with_live_cards, messages_to_groups
from backend.outbox.sending import park, put_off
from backend.outbox.states import SendResult
from backend.retry import retry_until_saved
from bot.delivery.cards import CardPoster
from bot.delivery.client import post
from bot.delivery.command_lists import CommandListSetter
from bot.delivery.compose import SubjectGone, render_message
from bot.delivery.progress import ProgressReporter
from bot.delivery.rate_limit import ALL, GROUP, RateLimiter
from bot.delivery.replies import ReplySender
from bot.delivery.shared_cards import SharedCardEditor

log = structlog.get_logger()

LEASE_TTL = timedelta(seconds=8)  # another process takes over after at most 10 s
LEASE_RENEWAL = timedelta(seconds=2)
CALLS_MAX = 30  # under way at a time


class Sender:
    """Sends messages, posts and edits cards, and shows progress, while it holds the lease of its bot."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.lease = f"sender {bot.id}"
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.epoch: int | None = None
        self.limiter = RateLimiter()
        self.cards = CardPoster(bot, self.limiter)
        self.shared_cards = SharedCardEditor(bot, self.limiter)
        self.progress = ProgressReporter(bot, self.limiter)
        self.replies = ReplySender(bot, self.limiter)
        self.command_lists = CommandListSetter(bot, self.limiter)
        self._renew_at = self._held_until = clock.now()
        self._busy_chats: set[int] = set()  # a message is under way to them
        self._under_way: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()  # those of them whose turn has not come
        self._turn = asyncio.Lock()  # asyncio gives a lock to those who wait in the order in which they came

    async def hold(self) -> bool:
        """Take or renew the lease when it is time; whether it is ours. A new holder recovers what the
        former one left."""
        if clock.now() < self._renew_at:
            return self.epoch is not None
        asked_at = clock.now()
        # Nobody can have taken it from whoever still holds it by the clock.
        before = None if self.holds_lease else await leases.held_until(self.lease)
        epoch = await leases.take(self.lease, self.holder, LEASE_TTL)
        self._renew_at, self._held_until = asked_at + LEASE_RENEWAL, asked_at + LEASE_TTL
        if epoch is not None and epoch != self.epoch:
            await self._take_over(epoch, before)
        self.epoch = epoch
        return epoch is not None

    async def _take_over(self, epoch: int, before: datetime | None) -> None:
        """Recover what the former sender was sending, and count what it wrote in its last minute as ours
        too (`M2`)."""
        again, lost = await recover(epoch), await self.cards.take_over()
        log.info("sending", epoch=epoch, again=again, lost_cards=lost)
        if before is None or before + GROUP[1] < clock.now():
            return
        self.limiter.freeze_all(before + ALL[1])
        for message in await messages_to_groups(clock.now() - GROUP[1]):
            self.limiter.count_past(message.chat_id, message.sent_at)
        for chat_id in await chats_with_live_cards():
            self.limiter.assume_busy(chat_id)

    @property
    def holds_lease(self) -> bool:
        """Whether the lease is ours at this moment, by the clock: a process that slept too long may not
        write."""
        return self.epoch is not None and clock.now() < self._held_until

    async def step(self) -> int:
        """Start sending what may be sent now; how many messages, cards and edits that was."""
        if not await self.hold() or self.epoch is None:
            return 0
        room = min(self.limiter.room - len(self._waiting), CALLS_MAX - len(self._under_way))
        if room <= 0 or not await is_anything_due():
            return 0
        # Cards take at most half: a busy evening in many groups does not hold up messages.
        started = await self._start_cards(max(1, room // 2))
        busy = {*self._busy_chats, *self.limiter.busy_chats()}
        for delivery in await claim(self.epoch, limit=room - started, busy=busy, lease=self.lease):
            self.limiter.reserve(delivery.chat_id)
            self._busy_chats.add(delivery.chat_id)
            self._start(self._send(delivery))
            started += 1
        return started

    @property
    def is_sending(self) -> bool:
        """Whether calls are under way."""
        return bool(self._under_way)

    async def settle(self) -> None:
        """Wait until all that was started is done."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def stop(self) -> None:
        """Finish what is under way and release the lease at once."""
        await self.settle()
        await leases.release(self.lease, self.holder)
        self.epoch = None

    async def _start_cards(self, room: int) -> int:
        work: list[Coroutine[Any, Any, None]] = []
        for part in (self.replies, self.command_lists, self.progress, self.cards, self.shared_cards):
            try:
                work += await part.work(room - len(work))
            except (Busy, Unavailable):
                raise
            except Exception:  # what is wrong with a card holds up no message (X9)
                log.exception("cannot be looked for", part=type(part).__name__)
        for each in work:
            self._start(self._run_in_turn(each))
        return len(work)

    async def _run_in_turn(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await self._wait_for_turn()
            await work
        except Exception:
            log.exception("could not be shown")

    async def _wait_for_turn(self) -> None:
        """Wait until the next call may begin, behind all that began to wait before, and begin it."""
        async with self._turn:
            while (pause := self.limiter.next_turn_in) > 0 and clock.runs():  # noqa: ASYNC110 - for time to pass
                await asyncio.sleep(pause)
            self.limiter.begin()
        task = asyncio.current_task()
        self._waiting = {other for other in self._waiting if other is not task}

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        self._waiting.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if task not in self._waiting:
            self.limiter.end()
        self._waiting.discard(task)

    async def _send(self, delivery: Delivery) -> None:
        with caused_by(delivery.cause):
            await self._send_or_park(delivery)

    async def _send_or_park(self, delivery: Delivery) -> None:
        try:
            await self._try_to_send(delivery)
            log.debug("message tried", message=delivery.id, kind=delivery.kind)
        except Exception as error:
            log.exception("message failed", message=delivery.id, kind=delivery.kind)
            reason = type(error).__name__
            await retry_until_saved(lambda: park(delivery, reason))
        finally:
            self._busy_chats.discard(delivery.chat_id)

    async def _try_to_send(self, delivery: Delivery) -> None:
        await failpoints.reach("sender.claimed")
        missing = ""
        try:
            rendered = await retry_until_saved(lambda: render_message(delivery))
        except SubjectGone as error:
            missing = str(error)
        await self._wait_for_turn()
        if missing:
            await retry_until_saved(lambda: park(delivery, missing))
            return
        not_before = self.limiter.frozen_until(delivery.chat_id) if self.holds_lease else clock.now()
        if not_before is not None:
            await retry_until_saved(lambda: put_off(delivery, not_before))
            return
        await failpoints.reach("sender.calling")
        group = delivery.group
        call = await post(self.bot, delivery.chat_id, rendered, group.topic_id if group else None)
        await failpoints.reach("sender.sent")
        ended_at = clock.now()
        self.limiter.record_answer(delivery.chat_id)
        if call.result is SendResult.RATE_LIMITED:
            self.limiter.freeze(delivery.chat_id, call.retry_after)
        await retry_until_saved(lambda: record_result(delivery, call, ended_at))
        await failpoints.reach("sender.recorded")
