"""The sender: the one process that writes to people and groups on its own accord, by a lease (HOUSE 4c).

A *step* takes what may be sent now and starts sending it; what is under way may last, and the next step works beside it.
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

from backend import clock, failpoints
from backend.messages import actions as messages
from backend.messages import leases
from backend.messages.queries import Letter
from bot.deliver import Answer, Fate, post
from bot.letters import compose
from bot.pace import Pace
from emerald.poster import Poster, insist

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
        self.pace = Pace()
        self.poster = Poster(bot, self.pace)
        self._renew_at = clock.now()
        self._writing_to: set[int] = set()  # Telegram ids of people a letter is under way to
        self._under_way: set[asyncio.Task[None]] = set()

    async def hold(self) -> bool:
        """Take or renew the lease when it is time; whether it is ours. Who takes it over tidies up after who had it."""
        if clock.now() < self._renew_at:
            return self.epoch is not None
        epoch = await leases.take(self.lease, self.holder, LIFE)
        self._renew_at = clock.now() + RENEW
        if epoch is not None and epoch != self.epoch:
            again, lost = await messages.recover(epoch), await self.poster.take_over()
            log.info("sending", epoch=epoch, again=again, lost_cards=lost)
        self.epoch = epoch
        return epoch is not None

    async def step(self) -> int:
        """Start sending what may be sent now; how many things that was."""
        if not await self.hold() or self.epoch is None:
            return 0
        room = min(self.pace.room, AT_ONCE - len(self._under_way))
        if room <= 0:
            return 0
        # Cards take at most half: a busy evening in many groups does not hold up what people are told.
        started = await self._start_cards(max(1, room // 2))
        busy = {*self._writing_to, *self.pace.busy()}
        for letter in await messages.claim(self.epoch, limit=max(0, room - started), busy=busy):
            self.pace.count(letter.person.telegram_id)
            self._writing_to.add(letter.person.telegram_id)
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
        await leases.let_go(self.lease, self.holder)
        self.epoch = None

    async def _start_cards(self, room: int) -> int:
        started = 0
        for work in await self.poster.work(room):
            self._begin(work)
            started += 1
        return started

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _send(self, letter: Letter) -> None:
        try:
            await self._try_to_send(letter)
        except Exception as error:
            log.exception("message failed", kind=letter.kind)
            why = type(error).__name__
            await insist(lambda: messages.park(letter, why))
        finally:
            self._writing_to.discard(letter.person.telegram_id)

    async def _try_to_send(self, letter: Letter) -> None:
        await failpoints.reach("sender.claimed")
        try:
            sheet = await insist(lambda: compose(letter))
        except LookupError as error:
            why = str(error)
            await insist(lambda: messages.park(letter, why))
            return
        answer = await post(self.bot, letter.person.telegram_id, sheet)
        await failpoints.reach("sender.sent")
        until = clock.now() + pause_after(letter.attempts)
        if answer.fate is Fate.WAIT:
            until = self.pace.wait(letter.person.telegram_id, answer.seconds)
        await insist(lambda: self._note(letter, answer, until))

    async def _note(self, letter: Letter, answer: Answer, until: datetime) -> None:
        match answer.fate:
            case Fate.DONE:
                await messages.sent(letter)
            case Fate.GONE:
                await messages.blocked(letter)
            case Fate.WAIT:
                await messages.put_off(letter, until, answer.why, blameless=True)
            case Fate.MISCONFIGURED:
                log.error("telegram refuses the bot", why=answer.why)
                later = clock.now() + MISCONFIGURED_PAUSE
                await messages.put_off(letter, later, answer.why, blameless=True)
            case Fate.UNSENT | Fate.UNKNOWN:  # at least once: a repeated confirmation harms nobody
                await messages.put_off(letter, until, answer.why)
            case _:
                log.error("message refused", kind=letter.kind, why=answer.why)
                await messages.park(letter, answer.why)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubling to five minutes, with jitter so that not all come back at once."""
    longest = min(LONGEST_PAUSE, 2.0**attempts)
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
