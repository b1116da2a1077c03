"""Sending the replies that Telegram did not take when they were made (decision 0037)."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import structlog
from aiogram import Bot

from backend import clock
from backend.messages.results import record_group_result
from backend.outbox.replies import Reply, claim_replies, end_reply, put_off_reply
from backend.outbox.states import SendResult
from backend.people.actions import mark_blocked
from backend.retry import retry_until_saved
from bot.delivery.client import send_held
from bot.delivery.rate_limit import RateLimiter

log = structlog.get_logger()

AGAIN_AFTER = timedelta(seconds=5)
Work = Coroutine[Any, Any, None]


class ReplySender:
    """The part of the sender that sends them, by the same limits as everything else."""

    def __init__(self, bot: Bot, limiter: RateLimiter) -> None:
        self.bot = bot
        self.limiter = limiter

    async def work(self, room: int) -> list[Work]:
        """Up to `room` replies to be sent now, each ready to be run."""
        replies = await claim_replies(room, self.limiter.busy_chats())
        for reply in replies:
            self.limiter.reserve(reply.chat_id)
        return [self._send(reply) for reply in replies]

    async def _send(self, reply: Reply) -> None:
        call = await send_held(self.bot, reply)
        self.limiter.record_answer(reply.chat_id)
        match call.result:
            case SendResult.RATE_LIMITED:
                until = self.limiter.freeze(reply.chat_id, call.retry_after)
                await retry_until_saved(lambda: put_off_reply(reply, until))
                return
            case SendResult.UNSENT | SendResult.UNKNOWN | SendResult.MISCONFIGURED:
                until = clock.now() + AGAIN_AFTER
                await retry_until_saved(lambda: put_off_reply(reply, until))
                return
            case SendResult.GONE if reply.chat_id > 0:
                await mark_blocked(reply.chat_id)
            case SendResult.GONE | SendResult.MUTED:
                await record_group_result(reply.chat_id, None, call)
            case SendResult.DONE:
                pass
            case _:
                log.warning("reply refused", method=reply.method, reason=call.reason)
        await retry_until_saved(lambda: end_reply(reply))
